//! The lines of a text around what a query says, with the matching words made visible.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use crate::output::MATCH;
use crate::text::printable;

/// Words of questions that are in every text.
const COMMON: &[&str] = &[
    "a", "about", "an", "and", "are", "as", "at", "be", "by", "can", "did", "do", "does", "for", "from",
    "has", "have", "how", "i", "if", "in", "into", "is", "it", "its", "me", "my", "not", "of", "on", "or",
    "should", "that", "the", "their", "there", "they", "this", "to", "was", "we", "what", "when", "where",
    "which", "who", "why", "will", "with", "you", "your",
];
/// From this length on, a word and a longer one that starts with it are taken for forms of one word.
const STEM_CHARACTERS_MIN: usize = 4;

/// The words of a query that are worth showing.
#[derive(Debug, Default)]
pub(crate) struct QueryWords {
    words: BTreeSet<String>,
}

impl QueryWords {
    pub(crate) fn of(query: &str) -> Self {
        let words = words(query).map(|range| query[range].to_lowercase());
        Self { words: words.filter(|word| !COMMON.contains(&word.as_str())).collect() }
    }

    /// The query word that a word of a text is a form of.
    fn matching(&self, word: &str) -> Option<&str> {
        let word = word.to_lowercase();
        let is_form = |query: &&String| {
            let (short, long) = if query.len() <= word.len() { (*query, &word) } else { (&word, *query) };
            short == long
                || (short.chars().count() >= STEM_CHARACTERS_MIN && long.starts_with(short.as_str()))
        };
        self.words.iter().find(is_form).map(String::as_str)
    }

    /// The line with its matching words in the style of matches.
    pub(crate) fn emphasise(&self, line: &str) -> String {
        let mut styled = String::with_capacity(line.len());
        let mut written = 0;
        for range in words(line) {
            if self.matching(&line[range.clone()]).is_some() {
                styled.push_str(&line[written..range.start]);
                styled.push_str(&MATCH.render().to_string());
                styled.push_str(&line[range.clone()]);
                styled.push_str(&MATCH.render_reset().to_string());
                written = range.end;
            }
        }
        styled.push_str(&line[written..]);
        styled
    }
}

/// At most `count` lines of a text, wrapped to `width` columns: those that hold the most different words of the
/// query, the first ones if several do or none does. A line of dots stands for what is left out.
pub(crate) fn snippet(text: &str, query: &QueryWords, width: usize, count: usize) -> Vec<String> {
    let options = textwrap::Options::new(width).break_words(true);
    let clean = printable(text);
    let lines: Vec<String> = clean
        .lines()
        .filter(|line| !line.trim().is_empty())
        .flat_map(|line| {
            let indent = &line[..line.len() - line.trim_start().len()];
            let indent = if indent.len() * 2 > width { "" } else { indent };
            let options = options.clone().subsequent_indent(indent);
            textwrap::wrap(line.trim_end(), options).into_iter().map(Cow::into_owned).collect::<Vec<_>>()
        })
        .collect();
    let start = best_window(&lines, query, count);
    let shown: Vec<String> = lines.iter().skip(start).take(count).cloned().collect();
    let is_cut_before = start > 0;
    let is_cut_behind = start + shown.len() < lines.len();
    let mut snippet = Vec::with_capacity(shown.len() + 2);
    snippet.extend(is_cut_before.then(|| "...".to_owned()));
    snippet.extend(shown);
    snippet.extend(is_cut_behind.then(|| "...".to_owned()));
    snippet
}

fn best_window(lines: &[String], query: &QueryWords, count: usize) -> usize {
    let found: Vec<BTreeSet<&str>> = lines
        .iter()
        .map(|line| words(line).filter_map(|range| query.matching(&line[range])).collect())
        .collect();
    let mut best = (0, 0);
    for start in 0..=lines.len().saturating_sub(count) {
        let inside: BTreeSet<&str> = found.iter().skip(start).take(count).flatten().copied().collect();
        if inside.len() > best.0 {
            best = (inside.len(), start);
        }
    }
    best.1
}

/// The runs of letters and digits.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut rest = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = rest.find(|(_, character)| character.is_alphanumeric())?;
        let mut end = start + first.len_utf8();
        while let Some((at, character)) = rest.next_if(|(_, character)| character.is_alphanumeric()) {
            end = at + character.len_utf8();
        }
        Some(start..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn matching_words_and_their_forms_are_emphasised() {
        let query = QueryWords::of("How are the segments merged?");
        let styled = query.emphasise("Segment merging: two segments are merged.");
        assert_eq!(styled.matches(&format!("{MATCH}")).count(), 3, "{styled}");
        assert_eq!(plain(&styled), "Segment merging: two segments are merged.");
        assert_eq!(
            QueryWords::of("\u{c9}T\u{c9}").emphasise("\u{e9}t\u{e9} !").matches(&format!("{MATCH}")).count(),
            1
        );
    }

    #[test]
    fn snippet_is_where_the_most_words_are() {
        let text = (0..50)
            .map(|n| format!("line {n}"))
            .chain(["alpha\nbeta gamma\nend".to_owned()])
            .collect::<Vec<_>>()
            .join("\n");
        let lines = snippet(&text, &QueryWords::of("alpha gamma"), 40, 3);
        assert_eq!(lines, ["...", "line 49", "alpha", "beta gamma", "..."]);
        assert_eq!(snippet(&text, &QueryWords::of("nothing"), 40, 2), ["line 0", "line 1", "..."]);
        assert_eq!(snippet("", &QueryWords::of("x"), 40, 2), Vec::<String>::new());
    }

    #[test]
    fn lines_fit_the_width_whatever_they_hold() {
        let text = "word ".repeat(50)
            + &"x".repeat(300)
            + "\n\t\tindented "
            + &"\u{65e5}\u{672c}".repeat(80)
            + "\x1b[31m";
        for width in [30, 40, 110] {
            for line in snippet(&text, &QueryWords::of("word"), width, 100) {
                assert!(textwrap::core::display_width(&line) <= width, "{width} {line:?}");
                assert!(!line.contains('\x1b'));
            }
        }
    }
}
