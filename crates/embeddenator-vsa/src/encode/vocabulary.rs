//! The words of a text so far: how often each came, and which spots it has.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use crate::encode::accumulator::{Accumulator, Spot};
use crate::encode::features::Features;
use crate::encode::tokens::Token;
use crate::limits::{TEXT_SPOTS_MAX, TEXT_WORDS_MAX};

/// Counts words and remembers their spots, also from one text to the next.
///
/// What is counted depends on the current text alone; what is remembered only saves time.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    words: HashMap<u64, Word, KeyedState>,
    spots: Vec<Spot>,
    /// The spots of a token that are not remembered.
    passing: Vec<Spot>,
    /// Which count is current; a word that was last seen in an earlier one has come no time yet.
    round: u64,
    /// The words of this round.
    distinct: usize,
    /// A hash of what was added in this text, the same in any order; 0 for nothing.
    fingerprint: u64,
}

/// A word that has come.
#[derive(Debug)]
struct Word {
    round: u64,
    /// Its spots among all, none if they are not remembered.
    start: u32,
    length: u16,
    count: u8,
}

impl Vocabulary {
    /// Counts a token and, if the logarithm of its count grows, adds the difference at its spots.
    pub(super) fn take(&mut self, token: &Token<'_>, features: &Features, accumulator: &mut Accumulator) {
        let identity = features.identity(token);
        let (weight, start, length) = self.count(identity);
        if weight == 0 {
            return;
        }
        self.fingerprint = self.fingerprint.wrapping_add(identity.wrapping_mul(weight as u64));
        if length > 0 {
            accumulator.add_all(&self.spots[start..start + length], weight);
            return;
        }
        self.passing.clear();
        features.extend(token, &mut self.passing);
        accumulator.add_all(&self.passing, weight);
        self.remember(identity, token);
    }

    /// Counts a word: by how much its weight grows, and where and how many its remembered spots are.
    fn count(&mut self, identity: u64) -> (i32, usize, usize) {
        let new = Word { round: self.round, start: 0, length: 0, count: 0 };
        let word = self.words.entry(identity).or_insert(new);
        if word.round != self.round {
            (word.round, word.count) = (self.round, 0);
        }
        let before = LOGARITHMS[usize::from(word.count)];
        let first = word.count == 0;
        word.count = word.count.saturating_add(1);
        let counted = (LOGARITHMS[usize::from(word.count)] - before, word.start as usize, word.length.into());
        if first {
            self.distinct += 1;
            if self.distinct > TEXT_WORDS_MAX {
                self.forget();
                return self.count(identity);
            }
        }
        counted
    }

    /// Keeps the spots just found, if there is room. Pairs and single characters are as quickly hashed again.
    fn remember(&mut self, identity: u64, token: &Token<'_>) {
        let room = TEXT_SPOTS_MAX.saturating_sub(self.spots.len());
        let is_word = matches!(token, Token::Word { .. });
        if let (true, Ok(length)) = (is_word && self.passing.len() <= room, u16::try_from(self.passing.len()))
            && let Some(word) = self.words.get_mut(&identity)
        {
            (word.start, word.length) = (self.spots.len() as u32, length);
            self.spots.extend_from_slice(&self.passing);
        }
    }

    /// The fingerprint of the text; what comes next is another one.
    pub(super) fn finish(&mut self) -> u64 {
        // Whatever is kept, the next text finds room for the words of a round of its own.
        if self.words.len() > TEXT_WORDS_MAX / 4 || self.spots.len() > TEXT_SPOTS_MAX / 2 {
            self.forget();
        }
        self.round += 1;
        self.distinct = 0;
        std::mem::take(&mut self.fingerprint)
    }

    fn forget(&mut self) {
        self.words.clear();
        self.spots.clear();
        self.distinct = 0;
    }
}

/// The weight of a word that comes `n` times: `2 + floor(2 * log2(n))`, 0 for none; 255 stands for all that is more.
const LOGARITHMS: [i32; 256] = {
    let mut table = [0; 256];
    let mut count = 1;
    while count < table.len() {
        table[count] = 2 + (count * count).ilog2() as i32;
        count += 1;
    }
    table
};

/// Makes hashers with a random key. Which words share a slot of the map changes no result; but a text made for it must
/// not be able to put all words into one slot.
#[derive(Clone, Debug)]
struct KeyedState {
    key: u64,
}

impl Default for KeyedState {
    fn default() -> Self {
        KeyedState { key: RandomState::new().hash_one(0) | 1 }
    }
}

impl BuildHasher for KeyedState {
    type Hasher = KeyedHasher;

    #[inline]
    fn build_hasher(&self) -> KeyedHasher {
        KeyedHasher { state: self.key }
    }
}

/// The product of the key and a number that is a hash already, both halves of it folded.
struct KeyedHasher {
    state: u64,
}

impl Hasher for KeyedHasher {
    #[inline]
    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.state) * u128::from(number ^ self.state.rotate_left(32));
        self.state = product as u64 ^ (product >> 64) as u64;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.state
    }
}
