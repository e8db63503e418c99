//! Free texts as names of files: readable, different for different texts, and never a way out.

use std::fmt::Write;

use xxhash_rust::xxh3::xxh3_128;

use crate::limits::NAME_BYTES_MAX;

/// The name of a file for a text. Bytes that shells, file systems or this encoding could misread are written as `%` and
/// two digits; what is too long is cut, and then a hash of the whole text follows a `~`.
pub(crate) fn file_name(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        let is_leading_dot = at == 0 && letter == '.';
        if letter.is_control() || is_leading_dot || matches!(letter, '/' | '\\' | '%' | '~') {
            let mut bytes = [0; 4];
            for byte in letter.encode_utf8(&mut bytes).bytes() {
                // Writing to a string cannot fail.
                let _ = write!(name, "%{byte:02X}");
            }
        } else {
            name.push(letter);
        }
    }
    if name.len() <= NAME_BYTES_MAX {
        return name;
    }
    let end = (0..=NAME_BYTES_MAX).rev().find(|end| name.is_char_boundary(*end)).unwrap_or_default();
    name.truncate(end);
    let _ = write!(name, "~{:032x}", xxh3_128(text.as_bytes()));
    name
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::file_name;

    #[test]
    fn names_are_readable_different_and_no_way_out() {
        assert_eq!(file_name("web-shop"), "web-shop");
        assert_eq!(file_name("a b"), "a b");
        assert_eq!(file_name(".."), "%2E.");
        assert_eq!(file_name("a/../b"), "a%2F..%2Fb");
        assert_eq!(file_name("tab\t\0"), "tab%09%00");
        let long: Vec<String> = ["x", "y"].map(|end| "\u{e9}/".repeat(100) + end).into();
        let texts = ["a%2Fb", "a/b", "a~b", "", ".", &long[0], &long[1]];
        let names: HashSet<String> = texts.map(file_name).into();
        assert_eq!(names.len(), texts.len());
        for name in names {
            assert!(name.len() <= 113 && !name.contains('/') && name != "." && name != "..", "{name}");
        }
    }
}
