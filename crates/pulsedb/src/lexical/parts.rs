//! The parts of an identifier: `getUserById`, `snake_case`, `HTTPServer`, `sha256`.
//!
//! ```text
//! cut at "_"
//! cut before a capital that follows a small letter or a digit
//! cut before the last of several capitals if two small letters follow it
//! cut a piece that is two or more letters and then digits, or the reverse, between them
//! leave out single letters; one piece alone is no part
//! ```

use std::ops::Range;

/// Calls `found` with the range of each part in the word; never if the word has no parts.
pub(super) fn parts(word: &str, mut found: impl FnMut(Range<usize>)) {
    // Most words are small letters, perhaps behind a capital: nothing to cut.
    if word.bytes().skip(1).all(|byte| byte.is_ascii_lowercase() || byte == b'\'') {
        return;
    }
    pieces(word, &mut |piece| {
        let is_letter = word[piece.clone()].chars().nth(1).is_none()
            && word[piece.clone()].starts_with(char::is_alphabetic);
        if piece.len() < word.len() && !is_letter {
            found(piece);
        }
    });
}

fn pieces(word: &str, found: &mut impl FnMut(Range<usize>)) {
    let mut from = 0;
    let mut before = Kind::Other;
    let mut characters = word.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let this = Kind::of(character);
        let ends = match (before, this) {
            (Kind::Gap, _) | (_, Kind::Gap) | (Kind::Small | Kind::Digit, Kind::Capital) => true,
            (Kind::Capital, Kind::Capital) => {
                let mut after = word[at..].chars().skip(1).map(Kind::of);
                after.next() == Some(Kind::Small) && after.next() == Some(Kind::Small)
            }
            _ => false,
        };
        if ends {
            halves(word, from..at, found);
            from = at;
        }
        if this == Kind::Gap {
            from = characters.peek().map_or(word.len(), |&(next, _)| next);
        }
        before = this;
    }
    halves(word, from..word.len(), found);
}

/// Parts letters and digits where there is one border between them.
fn halves(word: &str, piece: Range<usize>, found: &mut impl FnMut(Range<usize>)) {
    if piece.is_empty() {
        return;
    }
    let text = &word[piece.clone()];
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let letters = |text: &str| text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let border = if text.starts_with(|c: char| c.is_ascii_digit()) {
        text.find(|c: char| !c.is_ascii_digit()).filter(|&at| letters(&text[at..]))
    } else {
        text.find(|c: char| c.is_ascii_digit()).filter(|&at| letters(&text[..at]) && digits(&text[at..]))
    };
    if let Some(border) = border {
        found(piece.start..piece.start + border);
        found(piece.start + border..piece.end);
    } else {
        found(piece);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Small,
    Capital,
    Digit,
    Gap,
    Other,
}

impl Kind {
    fn of(character: char) -> Kind {
        match character {
            '_' => Kind::Gap,
            character if character.is_lowercase() => Kind::Small,
            character if character.is_uppercase() => Kind::Capital,
            character if character.is_ascii_digit() => Kind::Digit,
            _ => Kind::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    fn cut(word: &str) -> Vec<&str> {
        let mut found = Vec::new();
        parts(word, |part| found.push(&word[part]));
        found
    }

    #[test]
    fn identifiers_have_parts() {
        assert_eq!(cut("getUserById"), ["get", "User", "By", "Id"]);
        assert_eq!(cut("snake_case__x9"), ["snake", "case", "x9"]);
        assert_eq!(cut("HTTPServer"), ["HTTP", "Server"]);
        assert_eq!(cut("sha256"), ["sha", "256"]);
        assert_eq!(cut("30GB"), ["30", "GB"]);
        assert_eq!(cut("MAX_SIZE_2"), ["MAX", "SIZE", "2"]);
        assert_eq!(cut("utf8Decoder"), ["utf", "8", "Decoder"]);
        assert_eq!(cut("iPhone"), ["Phone"]);
        assert_eq!(cut("\u{e9}t\u{e9}_\u{c9}tatMajor"), ["\u{e9}t\u{e9}", "\u{c9}tat", "Major"]);
    }

    #[test]
    fn plain_words_codes_and_hashes_have_none() {
        for word in ["word", "Word", "don't", "E0499", "APIs", "WORD", "3f2a9c1b", "8", "x", ""] {
            assert_eq!(cut(word), [""; 0], "{word}");
        }
    }
}
