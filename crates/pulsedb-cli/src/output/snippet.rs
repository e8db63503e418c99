//! The lines of a text from where it answers a query, with the matching words made visible.

use std::borrow::Cow;

use pulsedb::{Query, matched};

use crate::output::MATCH;
use crate::text::printable;

/// The line with the words that the query asks for in the style of matches.
pub(crate) fn emphasise(query: Query<'_>, line: &str) -> String {
    let mut styled = String::with_capacity(line.len());
    let mut written = 0;
    for range in matched(query, line) {
        styled.push_str(&line[written..range.start]);
        styled.push_str(&MATCH.render().to_string());
        styled.push_str(&line[range.clone()]);
        styled.push_str(&MATCH.render_reset().to_string());
        written = range.end;
    }
    styled.push_str(&line[written..]);
    styled
}

/// At most `count` lines of a text from one of its bytes on, wrapped to `width` columns. A line of dots stands for what
/// is left out.
pub(crate) fn snippet(text: &str, from: usize, width: usize, count: usize) -> Vec<String> {
    let (before, rest) = text.split_at(from);
    let options = textwrap::Options::new(width).break_words(true);
    let clean = printable(rest);
    let mut lines = clean.lines().filter(|line| !line.trim().is_empty()).flat_map(|line| {
        let indent = &line[..line.len() - line.trim_start().len()];
        let indent = if indent.len() * 2 > width { "" } else { indent };
        let options = options.clone().subsequent_indent(indent);
        textwrap::wrap(line.trim_end(), options).into_iter().map(Cow::into_owned).collect::<Vec<_>>()
    });
    let mut snippet = Vec::with_capacity(count + 2);
    snippet.extend((!before.trim().is_empty()).then(|| "...".to_owned()));
    snippet.extend(lines.by_ref().take(count));
    snippet.extend(lines.next().map(|_| "...".to_owned()));
    snippet
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn matching_words_and_their_forms_are_emphasised() {
        let styled = emphasise(
            Query::Text("How are the segments merged?"),
            "Segment merging: two segments are merged.",
        );
        assert_eq!(styled.matches(&format!("{MATCH}")).count(), 4, "{styled}");
        assert_eq!(plain(&styled), "Segment merging: two segments are merged.");
        let styled = emphasise(Query::Text("\u{c9}T\u{c9}"), "\u{e9}t\u{e9} !");
        assert_eq!(styled.matches(&format!("{MATCH}")).count(), 1);
    }

    #[test]
    fn snippet_begins_where_it_is_told_to() {
        let text =
            (0..50).map(|n| format!("line {n}\n")).collect::<Vec<_>>().concat() + "alpha\nbeta gamma\nend";
        let from = text.find("line 49").unwrap();
        assert_eq!(snippet(&text, from, 40, 3), ["...", "line 49", "alpha", "beta gamma", "..."]);
        assert_eq!(snippet(&text, 0, 40, 2), ["line 0", "line 1", "..."]);
        assert_eq!(snippet("", 0, 40, 2), Vec::<String>::new());
    }

    #[test]
    fn lines_fit_the_width_whatever_they_hold() {
        let text = "word ".repeat(50)
            + &"x".repeat(300)
            + "\n\t\tindented "
            + &"\u{65e5}\u{672c}".repeat(80)
            + "\x1b[31m";
        for width in [30, 40, 110] {
            for line in snippet(&text, 0, width, 100) {
                assert!(textwrap::core::display_width(&line) <= width, "{width} {line:?}");
                assert!(!line.contains('\x1b'));
            }
        }
    }
}
