//! What each token of a text adds to its accumulator, at how many positions.

use snowball_stemmers_rs::{Algorithm, Stemmer};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::encode::accumulator::Accumulator;
use crate::encode::text::TextOptions;
use crate::encode::tokens::Token;
use crate::encode::word_list::{is_common_word, is_function_word};
use crate::limits::WORD_CHARACTERS_MAX;

/// Keeps the features of one kind apart from those of the others under one seed.
const WORDS: u64 = 0x4d1f_8a2b_93c6_e705;
const GRAMS: u64 = 0xb2e7_5c90_1d3f_a864;
const CHARACTERS: u64 = 0x76a9_03fe_c84b_512d;

/// The mark of the beginning and of the end of a word in its n-grams; no word contains them.
const BEGIN: u8 = b'^';
const END: u8 = b'$';

/// A word is `WORD_SHARE` times the positions of a listed common word, and `FUNCTION_SHARE` times those of a function
/// word: weights of 2, 1 and 0.5.
const COMMON_SHARE: u32 = 4;
const FUNCTION_SHARE: u32 = 16;

/// A number has no n-grams, whose parts would say nothing of its size, and twice the positions instead.
const NUMBER_TIMES: u32 = 2;

/// A pair of unspaced characters is about half a word, a single one a quarter.
const PAIR_SHARE: u32 = 2;
const SINGLE_SHARE: u32 = 4;

/// Turns tokens into features.
pub(super) struct Features {
    options: TextOptions,
    stemmer: Stemmer,
}

impl Features {
    pub(super) fn new(options: TextOptions) -> Self {
        Features { options, stemmer: Stemmer::create(Algorithm::English) }
    }

    /// A hash that tells tokens apart.
    pub(super) fn identity(&self, token: &Token<'_>) -> u64 {
        match token {
            Token::Word { text, .. } => self.hash(WORDS, text.as_bytes()),
            Token::Single(character) => self.hash_characters(&[*character]),
            Token::Pair(first, second) => self.hash_characters(&[*first, *second]),
        }
    }

    /// Adds the features of a token with this weight.
    pub(super) fn add(&self, token: &Token<'_>, weight: i32, accumulator: &mut Accumulator) {
        let positions = self.options.word_positions;
        match token {
            Token::Word { text, piece: true } => {
                accumulator.add(self.hash(WORDS, text.as_bytes()), positions, weight);
                self.add_grams(text, weight, accumulator);
            }
            Token::Word { text, piece: false } => self.add_word(text, weight, accumulator),
            Token::Single(_) => accumulator.add(self.identity(token), positions / SINGLE_SHARE, weight),
            Token::Pair(..) => accumulator.add(self.identity(token), positions / PAIR_SHARE, weight),
        }
    }

    fn add_word(&self, word: &str, weight: i32, accumulator: &mut Accumulator) {
        let positions = self.options.word_positions;
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            let number = self.hash(WORDS, word.as_bytes());
            accumulator.add(number, positions * NUMBER_TIMES, weight);
        } else if is_function_word(word) {
            accumulator.add(self.hash(WORDS, word.as_bytes()), positions / FUNCTION_SHARE, weight);
        } else if is_common_word(word) {
            accumulator.add(self.hash_stem(word), positions / COMMON_SHARE, weight);
        } else {
            accumulator.add(self.hash_stem(word), positions, weight);
            self.add_grams(word, weight, accumulator);
        }
    }

    /// Of words in ASCII letters the stem; others are not English, and kept whole.
    fn hash_stem(&self, word: &str) -> u64 {
        if word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            self.hash(WORDS, self.stemmer.stem(word).as_bytes())
        } else {
            self.hash(WORDS, word.as_bytes())
        }
    }

    /// The character n-grams of the word between its two marks.
    fn add_grams(&self, word: &str, weight: i32, accumulator: &mut Accumulator) {
        let mut marked = [0_u8; 4 * WORD_CHARACTERS_MAX + 2];
        // Where each character begins, and where the last one ends.
        let mut starts = [0_u16; WORD_CHARACTERS_MAX + 3];
        let (mut end, mut characters) = (0, 0);
        let mark = |byte: u8| -> (usize, [u8; 4]) { (1, [byte, 0, 0, 0]) };
        let encoded = |character: char| {
            let mut bytes = [0; 4];
            (character.encode_utf8(&mut bytes).len(), bytes)
        };
        let all = std::iter::once(mark(BEGIN)).chain(word.chars().map(encoded)).chain([mark(END)]);
        for (length, bytes) in all {
            marked[end..end + length].copy_from_slice(&bytes[..length]);
            end += length;
            characters += 1;
            starts[characters] = end as u16;
        }
        let (least, most) = (self.options.gram_characters_min, self.options.gram_characters_max);
        for length in least..=most.min(characters) {
            for bounds in starts[..=characters].windows(length + 1) {
                let gram = &marked[usize::from(bounds[0])..usize::from(bounds[length])];
                let feature = self.hash(GRAMS, gram);
                match self.options.gram_positions {
                    1 => accumulator.add_once(feature, weight),
                    positions => accumulator.add(feature, positions, weight),
                }
            }
        }
    }

    fn hash(&self, kind: u64, bytes: &[u8]) -> u64 {
        xxh3_64_with_seed(bytes, self.options.seed ^ kind)
    }

    fn hash_characters(&self, characters: &[char]) -> u64 {
        let mut bytes = [0; 8];
        for (index, character) in characters.iter().enumerate() {
            bytes[4 * index..4 * index + 4].copy_from_slice(&u32::from(*character).to_le_bytes());
        }
        self.hash(CHARACTERS, &bytes[..4 * characters.len()])
    }
}
