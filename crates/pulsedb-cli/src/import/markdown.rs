//! Markdown: a chunk holds blocks of one section and starts with the path of headings above it.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::import::passages::{Chunk, Lines, pack};
use crate::text::shorten_head;

/// Bytes of a heading path: it is a tag too, and tags hold 200.
const HEADING_PATH_BYTES_MAX: usize = 200;

/// The headings that a passage stands below, outermost first.
#[derive(Debug, Default)]
pub(crate) struct Path {
    headings: Vec<(HeadingLevel, String)>,
}

impl Path {
    fn enter(&mut self, level: HeadingLevel, title: String) {
        self.headings.retain(|(above, _)| *above < level);
        self.headings.push((level, title));
    }

    /// The headings in one line, short enough for a tag; `None` if there is none.
    pub(crate) fn heading(&self) -> Option<String> {
        let titles: Vec<&str> =
            self.headings.iter().map(|(_, title)| title.as_str()).filter(|title| !title.is_empty()).collect();
        (!titles.is_empty()).then(|| shorten_head(&titles.join(" > "), HEADING_PATH_BYTES_MAX))
    }
}

/// The chunks of a Markdown text, in order. Every block of the source is in one of them, and every heading is
/// in the path of its section or, if nothing stands below it, a chunk itself.
pub(crate) fn chunks(text: &str) -> Vec<Chunk> {
    chunks_below(text, &mut Path::default())
}

/// The chunks of a text that goes on below the headings of another, and leaves its own behind.
pub(crate) fn chunks_below(text: &str, path: &mut Path) -> Vec<Chunk> {
    let lines = Lines::of(text);
    let mut chunks = Vec::new();
    for section in sections(text) {
        let mut line = 1;
        let is_leaf = section.is_leaf && section.heading.is_some();
        if let Some(heading) = section.heading {
            path.enter(heading.level, heading.title);
            line = lines.at(heading.offset);
        }
        let heading = path.heading();
        let first = chunks.len();
        for range in pack(text, section.blocks) {
            let content = text[range.clone()].to_owned();
            let chunk = Chunk { content, line: lines.at(range.start), cell: None, heading: None };
            chunks.push(chunk.below(heading.clone()));
        }
        if let Some(path) = heading.filter(|_| chunks.len() == first && is_leaf) {
            chunks.push(Chunk { content: path.clone(), line, cell: None, heading: Some(path) });
        }
    }
    chunks
}

/// The bytes of the metadata at the top of a text, between lines of `---` or `+++`; zero if there is none. Lines of
/// prose between two rules are not metadata.
fn front_matter(text: &str) -> usize {
    let mut lines = text.split_inclusive('\n');
    let Some(fence) = lines.next() else { return 0 };
    let mut end = fence.len();
    let fence = fence.trim_end();
    if !matches!(fence, "---" | "+++") {
        return 0;
    }
    let mut has_key = false;
    for line in lines {
        end += line.len();
        let text = line.trim_end();
        if text == fence || (fence == "---" && text == "...") {
            return if has_key { end } else { 0 };
        }
        let is_key = text.contains([':', '=']);
        let is_other = text.is_empty() || text.starts_with([' ', '\t', '#', '-', ']', '}', '"']);
        if !is_key && !is_other {
            return 0;
        }
        has_key |= is_key;
    }
    0
}

struct Section {
    heading: Option<Heading>,
    blocks: Vec<Range<usize>>,
    /// No deeper heading follows.
    is_leaf: bool,
}

struct Heading {
    level: HeadingLevel,
    title: String,
    offset: usize,
}

/// The sections of a text: what stands before the first heading, then one for each heading. A block reaches to
/// the start of the next one, so that what gives no event of its own (a link definition) is not lost.
fn sections(text: &str) -> Vec<Section> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES;
    let mut sections = vec![Section { heading: None, blocks: Vec::new(), is_leaf: false }];
    let start = front_matter(text);
    extend(&mut sections, 0..start);
    let mut title = None;
    let mut depth = 0_usize;
    let mut covered = start;
    for (event, range) in Parser::new_ext(&text[start..], options).into_offset_iter() {
        let range = start + range.start..start + range.end;
        match event {
            Event::Start(tag) => {
                if depth == 0 {
                    // What gives no event belongs to the section before.
                    extend(&mut sections, covered..range.start);
                    if let Tag::Heading { .. } = tag {
                        title = Some(String::new());
                    } else {
                        add(&mut sections, range.clone());
                    }
                    covered = range.end;
                }
                depth += 1;
            }
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                if let (0, TagEnd::Heading(level)) = (depth, end) {
                    open(&mut sections, level, title.take().unwrap_or_default(), range.start);
                }
            }
            Event::Text(part)
            | Event::Code(part)
            | Event::InlineHtml(part)
            | Event::FootnoteReference(part) => {
                if let Some(title) = &mut title {
                    title.push_str(&part);
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some(title) = &mut title {
                    title.push(' ');
                }
            }
            // A rule between two blocks says nothing.
            Event::Rule if depth == 0 => {
                extend(&mut sections, covered..range.start);
                covered = range.end;
            }
            _ => {}
        }
    }
    extend(&mut sections, covered..text.len());
    if let Some(last) = sections.last_mut() {
        last.is_leaf = true;
    }
    sections
}

fn open(sections: &mut Vec<Section>, level: HeadingLevel, title: String, offset: usize) {
    if let Some(last) = sections.last_mut() {
        last.is_leaf = last.heading.as_ref().is_some_and(|heading| level <= heading.level);
    }
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    sections.push(Section {
        heading: Some(Heading { level, title, offset }),
        blocks: Vec::new(),
        is_leaf: false,
    });
}

fn add(sections: &mut [Section], block: Range<usize>) {
    if let Some(last) = sections.last_mut() {
        last.blocks.push(block);
    }
}

fn extend(sections: &mut [Section], gap: Range<usize>) {
    let Some(last) = sections.last_mut().filter(|_| !gap.is_empty()) else { return };
    match last.blocks.last_mut() {
        Some(block) if block.end == gap.start => block.end = gap.end,
        _ => last.blocks.push(gap),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn outline(text: &str) -> Vec<(usize, String)> {
        chunks(text).into_iter().map(|chunk| (chunk.line, chunk.content)).collect()
    }

    fn expect(rows: &[(usize, &str)]) -> Vec<(usize, String)> {
        rows.iter().map(|(line, content)| (*line, (*content).to_owned())).collect()
    }

    #[test]
    fn chunks_carry_the_path_of_their_headings() {
        let text =
            "intro\n\n# One\n\nbody one\n\n## `Two` *deep*\n\nbody two\n\nThree\n=====\n\nbody three\n";
        assert_eq!(
            outline(text),
            expect(&[
                (1, "intro"),
                (5, "One\n\nbody one"),
                (9, "One > Two deep\n\nbody two"),
                (14, "Three\n\nbody three"),
            ])
        );
    }

    #[test]
    fn heading_with_nothing_below_is_a_chunk() {
        assert_eq!(outline("# A\n## B\n# C\n"), expect(&[(2, "A > B"), (3, "C")]));
    }

    #[test]
    fn hashes_in_a_code_block_are_not_headings() {
        let text = "# A\n\n```sh\n# comment\nrun\n```\n";
        assert_eq!(outline(text), expect(&[(3, "A\n\n```sh\n# comment\nrun\n```")]));
    }

    #[test]
    fn front_matter_and_link_definitions_are_kept() {
        let text = "---\ntitle: T\n---\n\n# A\n\ntext [x]\n\n[x]: http://example.org/\n";
        let chunks = chunks(text);
        assert!(chunks[0].content.contains("title: T"));
        assert!(chunks[1].content.contains("[x]: http://example.org/"));
    }

    #[test]
    fn metadata_stands_at_the_top_only_and_dashes_elsewhere_are_rules() {
        let rules = "Intro.\n\n---\n# Harbour\nThe crane: broken.\n\n---\n# Depot\nThe lift.\n\n---\n## Cellar\nWater.\n";
        assert_eq!(
            outline(rules),
            expect(&[
                (1, "Intro."),
                (5, "Harbour\n\nThe crane: broken."),
                (9, "Depot\n\nThe lift."),
                (13, "Depot > Cellar\n\nWater."),
            ])
        );
        assert_eq!(
            outline("---\n# A\nwords\n\n---\n# B\nmore\n"),
            expect(&[(3, "A\n\nwords"), (7, "B\n\nmore")])
        );
        assert_eq!(
            outline("+++\na = 1\n+++\n# A\nwords\n"),
            expect(&[(1, "+++\na = 1\n+++"), (5, "A\n\nwords")])
        );
    }

    #[test]
    fn long_sections_are_cut_and_each_piece_has_the_path() {
        let text = format!("# A\n\n{}\n\n{}\n", "one. ".repeat(190), "two. ".repeat(900));
        let chunks = chunks(&text);
        assert!(chunks.len() > 4);
        assert!(chunks.iter().all(|chunk| chunk.content.starts_with("A\n\n") && chunk.content.len() < 1700));
    }

    #[test]
    fn endless_heading_is_shortened_in_the_path() {
        let chunks = chunks(&format!("# {}\n\nbody\n", "\u{e9}".repeat(60_000)));
        assert!(chunks[0].heading.as_ref().is_some_and(|heading| heading.len() <= 200));
    }

    proptest! {
        #[test]
        fn every_word_of_the_source_is_in_a_chunk(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "# head\n", "## sub\n", "para\n", "\n", "- item\n", "  1. nested\n", "> quote\n", "```\n",
                    "| a | b |\n|---|---|\n", "[l]: http://x.y\n", "<div>\n", "    code\n", "---\n", "***\n",
                    "[^1]: note\n", "\u{e9}t\u{e9} \u{1f980}\n", "\t", "\\",
                ]),
                0..40,
            )
        ) {
            let text = parts.concat();
            let all: String = chunks(&text).iter().map(|chunk| chunk.content.as_str()).collect::<Vec<_>>().join("\n");
            for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
                prop_assert!(all.contains(word), "{word} of {text:?} is in no chunk: {all:?}");
            }
        }
    }
}
