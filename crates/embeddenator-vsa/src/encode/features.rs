//! The features of each token of a text, and the spots that they add to.

use snowball_stemmers_rs::{Algorithm, Stemmer};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::Random;
use crate::encode::accumulator::{Spot, extend_spots};
use crate::encode::text_options::TextOptions;
use crate::encode::tokens::Token;
use crate::encode::word_list::{is_common_word, is_function_word};
use crate::limits::WORD_CHARACTERS_MAX;

/// Separates the kinds of features under one seed.
const WORDS: u64 = 0x4d1f_8a2b_93c6_e705;
const GRAMS: u64 = 0xb2e7_5c90_1d3f_a864;
const CHARACTERS: u64 = 0x76a9_03fe_c84b_512d;

/// The marks for the start and the end of a word in its n-grams; no word contains them.
const BEGIN: u8 = b'^';
const END: u8 = b'$';

/// A common word on the list has a quarter of the positions of other words, a function word a
/// sixteenth: weights of 1 and 0.5 instead of 2.
const COMMON_SHARE: u32 = 4;
const FUNCTION_SHARE: u32 = 16;

/// A number has no n-grams, which would say nothing about its value, but twice the positions.
const NUMBER_TIMES: u32 = 2;

/// A pair of unspaced characters counts as half a word, a single one as a quarter.
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
    #[inline]
    pub(super) fn identity(&self, token: &Token<'_>) -> u64 {
        match token {
            Token::Word { text, piece } => self.hash(WORDS, text.as_bytes()).wrapping_add(u64::from(*piece)),
            Token::Single(character) => self.mix(CHARACTERS, u64::from(*character)),
            Token::Pair(first, second) => {
                self.mix(CHARACTERS, (1 << 63) | u64::from(*first) << 32 | u64::from(*second))
            }
        }
    }

    /// Appends the spots of all features of a token.
    pub(super) fn extend(&self, token: &Token<'_>, spots: &mut Vec<Spot>) {
        let positions = self.options.word_positions;
        match token {
            Token::Word { text, piece: true } => {
                self.extend_feature(self.hash(WORDS, text.as_bytes()), positions, spots);
                self.extend_grams(text, spots);
            }
            Token::Word { text, piece: false } => self.extend_word(text, spots),
            Token::Single(_) => self.extend_feature(self.identity(token), positions / SINGLE_SHARE, spots),
            Token::Pair(..) => self.extend_feature(self.identity(token), positions / PAIR_SHARE, spots),
        }
    }

    fn extend_word(&self, word: &str, spots: &mut Vec<Spot>) {
        let positions = self.options.word_positions;
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            self.extend_feature(self.hash(WORDS, word.as_bytes()), positions * NUMBER_TIMES, spots);
        } else if self.options.english && is_function_word(word) {
            self.extend_feature(self.hash(WORDS, word.as_bytes()), positions / FUNCTION_SHARE, spots);
        } else if self.options.english && is_common_word(word) {
            self.extend_feature(self.hash_stem(word), positions / COMMON_SHARE, spots);
        } else {
            self.extend_feature(self.hash_stem(word), positions, spots);
            self.extend_grams(word, spots);
        }
    }

    /// The hash of the stem for words of ASCII letters; others are not English and are hashed
    /// whole.
    fn hash_stem(&self, word: &str) -> u64 {
        if self.options.english && word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            self.hash(WORDS, self.stemmer.stem(word).as_bytes())
        } else {
            self.hash(WORDS, word.as_bytes())
        }
    }

    /// The character n-grams of the word between its two marks.
    fn extend_grams(&self, word: &str, spots: &mut Vec<Spot>) {
        // Eight bytes more, so that a `u64` can be read at any place.
        let mut marked = [0_u8; 4 * WORD_CHARACTERS_MAX + 2 + 8];
        marked[0] = BEGIN;
        marked[1..=word.len()].copy_from_slice(word.as_bytes());
        marked[word.len() + 1] = END;
        // Where each character starts, and where the last one ends.
        let mut bounds = [0_u16; WORD_CHARACTERS_MAX + 3];
        let mut characters = 1;
        for (start, _) in word.char_indices() {
            bounds[characters] = start as u16 + 1;
            characters += 1;
        }
        bounds[characters] = word.len() as u16 + 1;
        characters += 1;
        bounds[characters] = word.len() as u16 + 2;
        let (least, most) = (self.options.gram_characters_min, self.options.gram_characters_max);
        for length in least..=most.min(characters) {
            for span in bounds[..=characters].windows(length + 1) {
                let (start, end) = (usize::from(span[0]), usize::from(span[length]));
                self.extend_feature(self.hash_gram(&marked, start, end), self.options.gram_positions, spots);
            }
        }
    }

    /// The hash of an n-gram; those of up to eight bytes, which are nearly all, are read as a
    /// number.
    #[inline]
    fn hash_gram(&self, marked: &[u8], start: usize, end: usize) -> u64 {
        if end - start > 8 {
            return self.hash(GRAMS, &marked[start..end]);
        }
        let eight = marked[start..].first_chunk().expect("eight bytes follow the last mark");
        self.mix(GRAMS, u64::from_le_bytes(*eight) & (u64::MAX >> (64 - 8 * (end - start))))
    }

    #[inline]
    fn extend_feature(&self, feature: u64, count: u32, spots: &mut Vec<Spot>) {
        extend_spots(feature, count, self.options.dimension, spots);
    }

    #[inline]
    fn hash(&self, kind: u64, bytes: &[u8]) -> u64 {
        xxh3_64_with_seed(bytes, self.options.seed ^ kind)
    }

    /// The hash of a number. The seed is mixed separately, so that different seeds have no hashes
    /// in common.
    #[inline]
    fn mix(&self, kind: u64, number: u64) -> u64 {
        let seed = Random::new(self.options.seed ^ kind).next_u64();
        Random::new(seed ^ number).next_u64()
    }
}
