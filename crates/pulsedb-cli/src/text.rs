//! Strings made fit for a place: shortened to a number of bytes, freed of what a terminal would obey.

use indicatif::HumanCount;

/// What stands for the part that was cut off.
const CUT: &str = "...";

/// The text, or its beginning with a mark, in at most `max` bytes.
pub(crate) fn shorten_head(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let kept = text.floor_char_boundary(max.saturating_sub(CUT.len()));
    format!("{}{CUT}", &text[..kept])
}

/// The text, or a mark and its end, in at most `max` bytes.
pub(crate) fn shorten_tail(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let dropped = text.ceil_char_boundary(text.len() - max.saturating_sub(CUT.len()).min(text.len()));
    format!("{CUT}{}", &text[dropped..])
}

/// The text with everything replaced that could steer a terminal or turn the direction of its neighbours.
/// Line breaks stay, a tab is four spaces.
pub(crate) fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => clean.push('\n'),
            '\t' => clean.push_str("    "),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => clean.push(char::REPLACEMENT_CHARACTER),
            other if other.is_control() => clean.push(char::REPLACEMENT_CHARACTER),
            other => clean.push(other),
        }
    }
    clean
}

/// [`printable`] on one line.
pub(crate) fn printable_line(text: &str) -> String {
    printable(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name under which a value without contents is written, as in JSON.
pub(crate) fn name_of(value: &impl serde::Serialize) -> String {
    let name = serde_json::to_value(value).ok();
    name.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

/// A number of things: "1 record", "2,000 records".
pub(crate) fn count(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", HumanCount(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortening_never_splits_a_character_nor_exceeds_the_room() {
        let text = "a\u{e9}\u{1f980}".repeat(10);
        for max in 0..=text.len() + 1 {
            for short in [shorten_head(&text, max), shorten_tail(&text, max)] {
                assert!(short.len() <= max.max(CUT.len()));
            }
        }
        assert_eq!(shorten_head("abcdef", 5), "ab...");
        assert_eq!(shorten_tail("abcdef", 5), "...ef");
    }

    #[test]
    fn escapes_do_not_reach_the_terminal() {
        assert_eq!(printable("a\x1b[31mb\tc\u{202e}"), "a\u{fffd}[31mb    c\u{fffd}");
        assert_eq!(printable_line("a\n  b\r"), "a b\u{fffd}");
    }
}
