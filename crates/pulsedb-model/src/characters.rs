//! How each character is treated: dropped, lower-cased, stripped of accents, or taken as the end of a word.
//!
//! The table comes from the reference tokenizer (`data/characters.txt`), not from the standard
//! library, whose Unicode version changes with the compiler; embeddings must not change.

include!(concat!(env!("OUT_DIR"), "/characters.rs"));

/// How a character is treated.
#[derive(Clone, Copy)]
pub(crate) enum Class {
    /// No token in the vocabulary contains it: its word is unknown.
    Unknown,
    /// It is dropped; the word continues.
    Dropped,
    /// It ends a word.
    Break,
    /// It ends a word and is a word by itself.
    Alone(&'static Letters),
    /// It becomes these letters; the word continues.
    Letters(&'static Letters),
}

/// The letters that a character becomes, in UTF-8.
pub(crate) struct Letters {
    bytes: [u8; LETTERS_BYTES_MAX],
    length: u8,
    /// The number of characters.
    pub(crate) characters: u8,
}

impl Letters {
    /// Their bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// How to treat a character that is not a Hangul syllable; syllables are [`decompose`]d first.
pub(crate) fn classify(c: char) -> Class {
    let code_point = c as usize;
    let code = BLOCKS
        .get(code_point / BLOCK_CHARACTERS)
        .and_then(|&block| CODES.get(usize::from(block) * BLOCK_CHARACTERS + code_point % BLOCK_CHARACTERS))
        .copied()
        .unwrap_or(CODE_UNKNOWN);
    match code {
        CODE_DROPPED => Class::Dropped,
        CODE_BREAK => Class::Break,
        code => match (LETTERS.get(usize::from(code & !CODE_ALONE)), code & CODE_ALONE) {
            (Some(letters), CODE_ALONE) => Class::Alone(letters),
            (Some(letters), _) => Class::Letters(letters),
            (None, _) => Class::Unknown,
        },
    }
}

/// The class of an ASCII character as one byte: the letter or digit that it becomes, one of the
/// `ASCII_` constants, or a character that stands alone, with [`ASCII_ALONE`] added.
pub(crate) fn classify_ascii(byte: u8) -> u8 {
    ASCII.get(usize::from(byte)).copied().unwrap_or(ASCII_BREAK)
}

/// The two or three jamo of a Hangul syllable (The Unicode Standard, section 3.12), or `None`.
pub(crate) fn decompose(c: char) -> Option<impl Iterator<Item = char>> {
    const SYLLABLES: u32 = 11_172;
    const VOWELS: u32 = 21;
    const TRAILING: u32 = 28;
    let index = (c as u32).checked_sub(0xAC00).filter(|&index| index < SYLLABLES)?;
    let leading = 0x1100 + index / (VOWELS * TRAILING);
    let vowel = 0x1161 + index % (VOWELS * TRAILING) / TRAILING;
    let trailing = Some(index % TRAILING).filter(|&trailing| trailing > 0).map(|trailing| 0x11A7 + trailing);
    Some([Some(leading), Some(vowel), trailing].into_iter().flatten().filter_map(char::from_u32))
}
