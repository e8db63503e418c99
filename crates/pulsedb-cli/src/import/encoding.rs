//! Bytes of a file as text: byte order marks, line ends, Latin-1, and what is no text at all.

/// What the bytes of a file are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// Text with `\n` line ends and no byte order mark.
    Text(String),
    /// Nothing but white space.
    Empty,
    /// Not a text in any encoding that is recognised.
    Binary,
}

/// The share of bytes above 127, in percent, up to which a text that is not UTF-8 is taken for Latin-1.
/// Running text in the languages that Latin-1 serves stays below 15; compressed data is near 50.
const LATIN_1_HIGH_PERCENT_MAX: usize = 30;

/// Reads bytes as text. UTF-8 comes first, UTF-16 needs its byte order mark, and what is left is Latin-1 if it
/// has no control characters. A NUL means binary, as it does for git.
pub(crate) fn decode(bytes: Vec<u8>) -> Decoded {
    let Some(text) = characters(bytes) else { return Decoded::Binary };
    if text.contains('\0') {
        return Decoded::Binary;
    }
    if text.trim().is_empty() {
        return Decoded::Empty;
    }
    Decoded::Text(unix_line_ends(text))
}

fn characters(bytes: Vec<u8>) -> Option<String> {
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return Some(utf_16(rest, u16::from_le_bytes));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return Some(utf_16(rest, u16::from_be_bytes));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        }),
        Err(error) => latin_1(error.as_bytes()),
    }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

fn latin_1(bytes: &[u8]) -> Option<String> {
    let is_control = |byte: &u8| matches!(byte, 0..=0x08 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f);
    if bytes.iter().any(is_control) {
        return None;
    }
    let high = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    (high * 100 <= bytes.len() * LATIN_1_HIGH_PERCENT_MAX)
        .then(|| bytes.iter().map(|byte| char::from(*byte)).collect())
}

fn unix_line_ends(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(expected: &str) -> Decoded {
        Decoded::Text(expected.to_owned())
    }

    #[test]
    fn byte_order_mark_and_carriage_returns_go_away() {
        assert_eq!(decode(b"\xef\xbb\xbfone\r\ntwo\rthree\n".to_vec()), text("one\ntwo\nthree\n"));
    }

    #[test]
    fn utf_16_is_read_by_its_mark() {
        assert_eq!(decode(b"\xff\xfeh\0i\0\xe9\0".to_vec()), text("hi\u{e9}"));
        assert_eq!(decode(b"\xfe\xff\0h\0i".to_vec()), text("hi"));
        assert_eq!(decode(b"\xff\xfe\0\xd8x\0".to_vec()), text("\u{fffd}x"));
    }

    #[test]
    fn latin_1_is_read_when_it_is_not_utf_8() {
        assert_eq!(decode(b"caf\xe9 au lait".to_vec()), text("caf\u{e9} au lait"));
    }

    #[test]
    fn nul_controls_and_noise_are_binary() {
        assert_eq!(decode(b"ELF\0text".to_vec()), Decoded::Binary);
        assert_eq!(decode(b"\xe9\x01 mostly text around it".to_vec()), Decoded::Binary);
        assert_eq!(decode((128..=255).collect()), Decoded::Binary);
        assert_eq!(decode(b"\xff\xfe\0\0".to_vec()), Decoded::Binary);
    }

    #[test]
    fn white_space_is_empty() {
        assert_eq!(decode(Vec::new()), Decoded::Empty);
        assert_eq!(decode(b"\xef\xbb\xbf \r\n\t".to_vec()), Decoded::Empty);
    }
}
