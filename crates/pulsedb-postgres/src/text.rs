//! Texts as PostgreSQL can keep them: it knows no NUL, which is written as two characters here.

use std::borrow::Cow;

const ESCAPE: char = '\u{1}';

/// A text without NUL. The beginning of a text becomes the beginning of what the text becomes.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', ESCAPE]) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\0' => out.extend([ESCAPE, '0']),
            ESCAPE => out.extend([ESCAPE, '1']),
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

/// The text that was escaped.
pub(crate) fn unescaped(text: String) -> String {
    if !text.contains(ESCAPE) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ESCAPE => out.push(if characters.next() == Some('0') { '\0' } else { ESCAPE }),
            other => out.push(other),
        }
    }
    out
}

/// Several texts, escaped.
pub(crate) fn all_escaped<T: AsRef<str>>(texts: &[T]) -> Vec<String> {
    texts.iter().map(|text| escaped(text.as_ref()).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_beginnings_stay_beginnings() {
        for text in ["", "plain", "\0", "\u{1}", "a\0b\u{1}c\u{1}0", "\u{1}1\0\0"] {
            let kept = escaped(text);
            assert!(!kept.contains('\0'));
            assert_eq!(unescaped(kept.clone().into_owned()), text);
            for (end, _) in text.char_indices() {
                assert!(kept.starts_with(escaped(&text[..end]).as_ref()));
            }
        }
    }
}
