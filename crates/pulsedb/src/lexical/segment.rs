//! Cuts a text into chains of words, and runs of characters of scripts without spaces.
//!
//! ```text
//! for each piece of the text between ASCII white space:          no word contains any
//!     ASCII?  its words are the longest runs of letters, digits and "_"
//!             with an apostrophe between letters, and a comma before three digits
//!     else    its words are those of Unicode (UAX 29), each cut at ASCII punctuation in the same way,
//!             and where a script without spaces begins and ends
//!     words with one connector between them, and nothing else, form a chain:  src/db/mod.rs  std::vec  well-known
//! ```

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use super::script::{continues, is_unspaced};

/// What stands in a text, in its order. Ranges are bytes of the text.
#[derive(Debug)]
pub(super) enum Segment<'s> {
    /// At least one word; of several each is one connector behind the one before.
    Chain(&'s [Range<usize>]),
    /// Characters of scripts without spaces, without a gap.
    Run(Range<usize>),
}

/// Calls `found` with each segment of the text.
pub(super) fn segments(text: &str, found: impl FnMut(Segment<'_>)) {
    let mut segmenter = Segmenter { text, chain: Vec::new(), run: 0..0, found };
    for piece in text.split_ascii_whitespace() {
        let start = piece.as_ptr().addr() - text.as_ptr().addr();
        segmenter.piece(start..start + piece.len());
    }
}

struct Segmenter<'t, F: FnMut(Segment<'_>)> {
    text: &'t str,
    /// Words that form one chain so far.
    chain: Vec<Range<usize>>,
    /// A run so far; empty for none.
    run: Range<usize>,
    found: F,
}

impl<F: FnMut(Segment<'_>)> Segmenter<'_, F> {
    fn piece(&mut self, piece: Range<usize>) {
        let text = &self.text[piece.clone()];
        if text.is_ascii() {
            self.words(piece);
        } else {
            for (at, word) in text.unicode_word_indices() {
                self.scripts(piece.start + at, word);
            }
        }
        self.end_chain();
        self.end_run();
    }

    /// Parts a word of Unicode by scripts.
    fn scripts(&mut self, start: usize, word: &str) {
        let (mut from, mut unspaced) = (0, None);
        for (at, character) in word.char_indices() {
            let this = if continues(character) { unspaced } else { Some(is_unspaced(character)) };
            if this != unspaced {
                self.script(unspaced, start + from..start + at);
                (from, unspaced) = (at, this);
            }
        }
        self.script(unspaced, start + from..start + word.len());
    }

    fn script(&mut self, unspaced: Option<bool>, range: Range<usize>) {
        if unspaced == Some(true) {
            self.end_chain();
            if self.run.end != range.start {
                self.end_run();
                self.run.start = range.start;
            }
            self.run.end = range.end;
        } else if !range.is_empty() {
            self.end_run();
            self.words(range);
        }
    }

    /// Finds the words between ASCII punctuation; bytes of other characters are parts of words.
    fn words(&mut self, range: Range<usize>) {
        let bytes = self.text.as_bytes();
        let mut from = range.start;
        for at in range.clone() {
            if !(is_word(bytes[at]) || joins(&bytes[range.clone()], at - range.start)) {
                self.word(from..at);
                from = at + 1;
            }
        }
        self.word(from..range.end);
    }

    fn word(&mut self, range: Range<usize>) {
        let word = &self.text[range.clone()];
        let start = range.end - word.trim_start_matches('_').len();
        let word = &self.text[start..range.end];
        let range = start..start + word.trim_end_matches('_').len();
        if range.is_empty() {
            return;
        }
        if let Some(before) = self.chain.last()
            && !is_connector(&self.text[before.end..range.start])
        {
            self.end_chain();
        }
        self.chain.push(range);
    }

    fn end_chain(&mut self) {
        if !self.chain.is_empty() {
            (self.found)(Segment::Chain(&self.chain));
            self.chain.clear();
        }
    }

    fn end_run(&mut self) {
        if !self.run.is_empty() {
            (self.found)(Segment::Run(self.run.clone()));
            self.run = 0..0;
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// Whether the punctuation at this place is inside of a word: `don't`, `1,000`.
fn joins(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| bytes[before]);
    let after = |n: usize| bytes.get(at + n).copied();
    let is_letter =
        |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
    let is_digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
    match bytes[at] {
        b'\'' => is_letter(before) && is_letter(after(1)),
        b',' => is_digit(before) && (1..=3).all(|n| is_digit(after(n))) && !is_digit(after(4)),
        _ => false,
    }
}

/// Whether this, between two words, makes a chain of them.
pub(super) fn is_connector(gap: &str) -> bool {
    matches!(gap, "." | "/" | "\\" | ":" | "::" | "-" | "@")
}

#[cfg(test)]
mod tests {
    use super::{Segment, segments};

    /// Chains with `|` between their words, runs in brackets.
    fn cut(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        segments(text, |segment| {
            found.push(match segment {
                Segment::Chain(words) => {
                    words.iter().map(|word| &text[word.clone()]).collect::<Vec<_>>().join("|")
                }
                Segment::Run(run) => format!("[{}]", &text[run]),
            });
        });
        found
    }

    #[test]
    fn words_are_cut_at_spaces_and_punctuation() {
        assert_eq!(
            cut("Hello, world! (it's 1,000 or 1,00)"),
            ["Hello", "world", "it's", "1,000", "or", "1", "00"]
        );
        assert_eq!(cut("'quoted' __init__ a_b $5 -- ..."), ["quoted", "init", "a_b", "5"]);
        assert_eq!(cut(" \t\n"), [""; 0]);
    }

    #[test]
    fn connectors_make_chains() {
        assert_eq!(
            cut("see src/db/mod.rs, std::vec; 2023-05-08 a--b a:::b"),
            ["see", "src|db|mod|rs", "std|vec", "2023|05|08", "a", "b", "a", "b"]
        );
        assert_eq!(cut("https://a.example/x?y=1"), ["https", "a|example|x", "y", "1"]);
    }

    #[test]
    fn words_of_other_scripts_are_those_of_unicode() {
        assert_eq!(
            cut("na\u{ef}ve \u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}, \u{3bc}s."),
            ["na\u{ef}ve", "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}", "\u{3bc}s"]
        );
        assert_eq!(cut("don\u{2019}t \u{201c}stop\u{201d}"), ["don\u{2019}t", "stop"]);
    }

    #[test]
    fn runs_of_scripts_without_spaces_stand_apart() {
        assert_eq!(
            cut("API\u{3092}\u{547c}\u{3076}\u{3002}\u{732b}"),
            ["API", "[\u{3092}\u{547c}\u{3076}]", "[\u{732b}]"]
        );
        assert_eq!(
            cut("\u{ace0}\u{c591}\u{c774}\u{b294} api\u{b97c}"),
            ["[\u{ace0}\u{c591}\u{c774}\u{b294}]", "api", "[\u{b97c}]"]
        );
        assert_eq!(cut("\u{0e20}\u{0e32}\u{0e29}\u{0e32}"), ["[\u{0e20}\u{0e32}\u{0e29}\u{0e32}]"]);
    }

    #[test]
    fn ascii_words_are_cut_alike_with_and_without_the_tables_of_unicode() {
        for text in ["it's", "a.b:c", "x_1,000.5", "foo(bar)->baz[0]", "1,000", "a'1", "end.Next", "E0499"] {
            // A letter of another script in the same piece takes the other way.
            let other = cut(&format!("{text}|\u{e9}"));
            assert_eq!(other[..other.len() - 1], cut(text), "{text}");
        }
    }
}
