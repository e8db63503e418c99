//! Where a text is cut: blocks packed up to a target size, long ones cut at lines, sentences, words or characters.

use std::ops::Range;

use pulsedb::limits::CONTENT_BYTES_MAX;

/// A chunk of a document: one passage that can be found and read by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The text, with the heading path as its first line where there is one.
    pub(crate) content: String,
    /// The 1-based line of the source at which the text starts; zero if that has no lines of its own.
    pub(crate) line: usize,
    /// The 1-based cell of a notebook.
    pub(crate) cell: Option<usize>,
    /// The headings above it, outermost first, joined by " > ".
    pub(crate) heading: Option<String>,
}

impl Chunk {
    /// The chunk with the headings above it as its first line.
    pub(crate) fn below(self, heading: Option<String>) -> Self {
        let content = match &heading {
            Some(heading) => format!("{heading}\n\n{}", self.content),
            None => self.content,
        };
        Self { content, heading, ..self }
    }
}

/// Blocks are joined while the chunk stays within so many bytes: a passage of some 150 words, which one vector
/// can stand for.
pub(crate) const TARGET_BYTES: usize = 1000;
/// A single block is left whole up to so many bytes, so that a paragraph or a function is not cut for little.
pub(crate) const BLOCK_BYTES_MAX: usize = 1400;
/// Bytes kept free below the content limit for the heading line.
const HEADING_ROOM: usize = 1024;
/// The longest piece of a text that asks for whole pieces, as a turn of a conversation does.
pub(crate) const WHOLE_BYTES_MAX: usize = CONTENT_BYTES_MAX - HEADING_ROOM;

/// The start of every line of a text.
pub(crate) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// The 1-based line of a byte offset.
    pub(crate) fn at(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }
}

/// Joins neighbouring blocks up to [`TARGET_BYTES`] and cuts those above [`BLOCK_BYTES_MAX`]. The blocks are in
/// order and do not overlap; what lies between two that are joined comes along.
pub(crate) fn pack(text: &str, blocks: impl IntoIterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut packed = Vec::new();
    let mut open: Option<Range<usize>> = None;
    for block in blocks {
        open = match open {
            Some(current) if block.end - current.start <= TARGET_BYTES => Some(current.start..block.end),
            Some(current) => {
                packed.push(current);
                Some(block)
            }
            None => Some(block),
        };
    }
    packed.extend(open);
    packed.into_iter().flat_map(|range| cut(text, range, TARGET_BYTES, BLOCK_BYTES_MAX)).collect()
}

/// Cuts a range longer than `whole_max` into pieces of at most `piece_max` bytes and drops empty ones.
pub(crate) fn cut(text: &str, range: Range<usize>, piece_max: usize, whole_max: usize) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut rest = trim(text, range);
    while rest.len() > whole_max {
        let end = rest.start + boundary(&text[rest.clone()], piece_max);
        pieces.extend(Some(trim(text, rest.start..end)).filter(|piece| !piece.is_empty()));
        rest = trim(text, end..rest.end);
    }
    pieces.extend(Some(rest).filter(|piece| !piece.is_empty()));
    pieces
}

/// Where to cut a text that is longer than `max` bytes: after the last line, sentence or word that ends in the
/// second half of the first `max` bytes, else between two characters. Above zero if `max` is at least 4.
fn boundary(text: &str, max: usize) -> usize {
    let end = text.floor_char_boundary(max);
    let half = text.floor_char_boundary(max / 2);
    let window = &text[half..end];
    let after = |pattern: &[char]| {
        window.rfind(pattern).map(|at| half + at + window[at..].chars().next().map_or(0, char::len_utf8))
    };
    let sentence = || {
        let ends = window.rmatch_indices(['.', '!', '?', '\u{3002}']);
        let mut followed = ends.filter(|(at, mark)| {
            *mark == "\u{3002}" || window[at + mark.len()..].starts_with(char::is_whitespace)
        });
        followed.next().map(|(at, mark)| half + at + mark.len())
    };
    after(&['\n']).or_else(sentence).or_else(|| after(&[' ', '\t'])).unwrap_or(end)
}

/// Without blank lines before and white space behind; the indentation of the first line stays.
fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let slice = &text[range.clone()];
    let kept = slice.trim_end().len();
    let blank = slice[..kept].len() - slice[..kept].trim_start().len();
    let indent = slice[..blank].rfind('\n').map_or(0, |at| at + 1);
    // A text that begins in the middle of a line has no indentation to keep.
    let start = if indent == 0 && !starts_a_line(text, range.start) { blank } else { indent };
    range.start + start..range.start + kept
}

fn starts_a_line(text: &str, offset: usize) -> bool {
    offset == 0 || text[..offset].ends_with('\n')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_counted_from_one() {
        let lines = Lines::of("a\nbc\n\nd");
        assert_eq!([0, 1, 2, 4, 5, 6].map(|offset| lines.at(offset)), [1, 1, 2, 2, 3, 4]);
    }

    #[test]
    fn small_blocks_are_joined_up_to_the_target() {
        let text = "x".repeat(400) + "\n\n" + &"y".repeat(400) + "\n\n" + &"z".repeat(400);
        assert_eq!(pack(&text, [0..400, 402..802, 804..1204]), [0..802, 804..1204]);
    }

    #[test]
    fn long_paragraph_is_cut_behind_a_sentence() {
        let text = "A sentence of some words that ends here. ".repeat(60);
        let pieces = pack(&text, std::iter::once(0..text.len()));
        assert!(pieces.len() > 2);
        for piece in &pieces {
            assert!(text[piece.clone()].starts_with("A sentence") && text[piece.clone()].ends_with("here."));
        }
    }

    #[test]
    fn text_without_any_gap_is_cut_between_characters() {
        let text = "\u{1f980}".repeat(1000);
        let pieces = pack(&text, std::iter::once(0..text.len()));
        assert_eq!(pieces.iter().map(ExactSizeIterator::len).sum::<usize>(), text.len());
        assert!(pieces.iter().all(|piece| piece.len() <= TARGET_BYTES));
    }

    #[test]
    fn indentation_of_the_first_line_stays() {
        assert_eq!(trim("\n\n  a\n", 0..6), 2..5);
        assert_eq!(trim("a. b", 2..4), 3..4);
    }

    proptest! {
        #[test]
        fn nothing_but_white_space_is_lost(text in "[a-c.!\u{e9}\u{3002} \t\n]{0,6000}", max in 4_usize..2000) {
            let pieces = cut(&text, 0..text.len(), max, max);
            let solid = |text: &str| text.split_whitespace().collect::<String>();
            let together: String = pieces.iter().map(|piece| solid(&text[piece.clone()])).collect();
            prop_assert_eq!(together, solid(&text));
            prop_assert!(pieces.iter().all(|piece| piece.len() <= max && !piece.is_empty()));
        }
    }
}
