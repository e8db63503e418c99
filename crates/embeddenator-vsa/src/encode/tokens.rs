//! Splits a text, character by character, into lower-case words and pairs of unspaced characters.

use crate::encode::characters::{Class, class};
use crate::limits::WORD_CHARACTERS_MAX;

/// A unit of text.
#[derive(Debug)]
pub(super) enum Token<'a> {
    /// A lower-case word, or a piece of one that is longer than the limit.
    Word {
        /// The word or piece.
        text: &'a str,
        /// Whether it is a piece of a longer word.
        piece: bool,
    },
    /// A character of an unspaced script or a pictograph.
    Single(char),
    /// Two of them next to each other.
    Pair(char, char),
}

/// Splits a text that comes in parts; it keeps at most one word between them.
#[derive(Clone, Debug, Default)]
pub(super) struct Tokenizer {
    word: String,
    characters: usize,
    /// Whether a piece of the current word has been passed on.
    cut: bool,
    /// The preceding unspaced character.
    previous: Option<char>,
}

impl Tokenizer {
    /// Passes on the tokens that end in this part.
    pub(super) fn push(&mut self, part: &str, mut take: impl FnMut(Token<'_>)) {
        let mut rest = part;
        while let Some(first) = rest.as_bytes().first() {
            if first.is_ascii_alphanumeric() {
                let run = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
                self.push_ascii(&rest[..run], &mut take);
                rest = &rest[run..];
            } else if first.is_ascii() {
                self.finish(&mut take);
                rest = &rest[1..];
            } else if let Some(character) = rest.chars().next() {
                self.push_other(character, &mut take);
                rest = &rest[character.len_utf8()..];
            }
        }
    }

    /// Passes on the word that the text ends with.
    pub(super) fn finish(&mut self, take: &mut impl FnMut(Token<'_>)) {
        self.end_word(take);
        self.previous = None;
    }

    fn push_ascii(&mut self, letters: &str, take: &mut impl FnMut(Token<'_>)) {
        self.previous = None;
        let mut rest = letters;
        while !rest.is_empty() {
            self.make_room(take);
            let (head, tail) = rest.split_at(rest.len().min(WORD_CHARACTERS_MAX - self.characters));
            let start = self.word.len();
            self.word.push_str(head);
            self.word[start..].make_ascii_lowercase();
            self.characters += head.len();
            rest = tail;
        }
    }

    fn push_other(&mut self, character: char, take: &mut impl FnMut(Token<'_>)) {
        match class(character) {
            Class::Word => {
                self.previous = None;
                for lower in character.to_lowercase() {
                    self.make_room(take);
                    self.word.push(lower);
                    self.characters += 1;
                }
            }
            Class::Unspaced => {
                self.end_word(take);
                take(Token::Single(character));
                if let Some(previous) = self.previous.replace(character) {
                    take(Token::Pair(previous, character));
                }
            }
            Class::Separator => self.finish(take),
            Class::Ignored => {}
        }
    }

    /// Passes on a piece of a word that has reached the limit.
    fn make_room(&mut self, take: &mut impl FnMut(Token<'_>)) {
        if self.characters == WORD_CHARACTERS_MAX {
            self.cut = true;
            self.hand_out(take);
        }
    }

    fn end_word(&mut self, take: &mut impl FnMut(Token<'_>)) {
        if !self.word.is_empty() {
            self.hand_out(take);
        }
        self.cut = false;
    }

    fn hand_out(&mut self, take: &mut impl FnMut(Token<'_>)) {
        take(Token::Word { text: &self.word, piece: self.cut });
        self.word.clear();
        self.characters = 0;
    }
}
