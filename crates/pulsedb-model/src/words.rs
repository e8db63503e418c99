//! Splits a text into words: normalised and split as BERT does it, in one pass, with one word in memory at a time.

use crate::characters::{
    ASCII_ALONE, ASCII_BREAK, ASCII_DROPPED, Class, Letters, classify, classify_ascii, decompose,
};

/// A word with more characters is unknown: the reference's limit.
pub(crate) const WORD_CHARACTERS_MAX: usize = 100;
/// No character is longer than this in UTF-8.
const CHARACTER_BYTES_MAX: usize = 4;

/// Calls `visit` with each word of the text that may be known: at least one letter, none outside
/// the vocabulary, at most [`WORD_CHARACTERS_MAX`] characters; as UTF-8, whole characters.
pub(crate) fn for_each_word(text: &str, mut visit: impl FnMut(&[u8])) {
    let mut word = Word::EMPTY;
    for c in text.chars() {
        if c.is_ascii() {
            match classify_ascii(c as u8) {
                ASCII_DROPPED => {}
                ASCII_BREAK => word.end(&mut visit),
                alone if alone >= ASCII_ALONE => {
                    word.end(&mut visit);
                    visit(&[alone - ASCII_ALONE]);
                }
                letter => word.push_one(letter),
            }
        } else if let Some(jamo) = decompose(c) {
            jamo.for_each(|c| push(classify(c), &mut word, &mut visit));
        } else {
            push(classify(c), &mut word, &mut visit);
        }
    }
    word.end(&mut visit);
}

fn push(class: Class, word: &mut Word, visit: &mut impl FnMut(&[u8])) {
    match class {
        Class::Unknown => word.spoil(),
        Class::Dropped => {}
        Class::Break => word.end(visit),
        Class::Alone(letters) => {
            word.end(visit);
            visit(letters.as_bytes());
        }
        Class::Letters(letters) => word.push(letters),
    }
}

/// The current word.
struct Word {
    bytes: [u8; WORD_CHARACTERS_MAX * CHARACTER_BYTES_MAX],
    length: usize,
    /// Above [`WORD_CHARACTERS_MAX`] the word is unknown, whatever follows.
    characters: usize,
}

impl Word {
    const EMPTY: Word =
        Word { bytes: [0; WORD_CHARACTERS_MAX * CHARACTER_BYTES_MAX], length: 0, characters: 0 };

    fn push_one(&mut self, letter: u8) {
        match self.bytes.get_mut(self.length) {
            Some(free) if self.characters < WORD_CHARACTERS_MAX => {
                *free = letter;
                self.length += 1;
                self.characters += 1;
            }
            _ => self.spoil(),
        }
    }

    fn push(&mut self, letters: &Letters) {
        let (bytes, characters) = (letters.as_bytes(), self.characters + usize::from(letters.characters));
        match self.bytes.get_mut(self.length..self.length + bytes.len()) {
            Some(free) if characters <= WORD_CHARACTERS_MAX => {
                free.copy_from_slice(bytes);
                self.length += bytes.len();
                self.characters = characters;
            }
            _ => self.spoil(),
        }
    }

    fn spoil(&mut self) {
        self.characters = WORD_CHARACTERS_MAX + 1;
    }

    fn end(&mut self, visit: &mut impl FnMut(&[u8])) {
        if let (1..=WORD_CHARACTERS_MAX, Some(bytes)) = (self.characters, self.bytes.get(..self.length)) {
            visit(bytes);
        }
        (self.length, self.characters) = (0, 0);
    }
}
