//! Plain text and source code: paragraphs between blank lines, packed into chunks.

use std::ops::Range;

use crate::import::passages::{Chunk, Lines, pack};

/// The chunks of a text, in order.
pub(crate) fn chunks(text: &str) -> Vec<Chunk> {
    let lines = Lines::of(text);
    pack(text, paragraphs(text))
        .into_iter()
        .map(|range| Chunk {
            content: text[range.clone()].to_owned(),
            line: lines.at(range.start),
            cell: None,
            heading: None,
        })
        .collect()
}

/// The runs of lines that are not blank.
fn paragraphs(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut offset = 0;
    let mut follows_blank = true;
    for line in text.split_inclusive('\n') {
        let range = offset..offset + line.len();
        offset = range.end;
        let blank = line.trim().is_empty();
        match found.last_mut() {
            Some(last) if !blank && !follows_blank => last.end = range.end,
            _ if !blank => found.push(range),
            _ => {}
        }
        follows_blank = blank;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_packed_with_their_lines() {
        let long = "word ".repeat(150);
        let text = format!("\n\nfirst\n\n  second\nmore\n \t\n{long}\n\n{long}\n");
        let chunks = chunks(&text);
        let starts: Vec<_> = chunks.iter().map(|chunk| (chunk.line, &chunk.content[..5])).collect();
        assert_eq!(starts, [(3, "first"), (10, "word ")]);
        assert!(chunks[0].content.contains("\n\n  second\nmore"));
    }

    #[test]
    fn one_huge_line_gives_chunks_of_bounded_size() {
        let text = "data,".repeat(100_000);
        let chunks = chunks(&text);
        assert_eq!(chunks.iter().map(|chunk| chunk.content.len()).sum::<usize>(), text.len());
        assert!(chunks.iter().all(|chunk| chunk.line == 1 && chunk.content.len() <= 1400));
    }

    #[test]
    fn indented_code_keeps_its_indentation() {
        assert_eq!(chunks("    fn a() {}\n")[0].content, "    fn a() {}");
    }
}
