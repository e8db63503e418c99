//! The words of a text so far: how often each occurred, and its spots.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use crate::encode::accumulator::{Accumulator, Spot};
use crate::encode::features::Features;
use crate::encode::tokens::Token;
use crate::limits::{TEXT_SPOTS_MAX, TEXT_WORDS_MAX};

/// Counts words and caches their spots, even from one text to the next.
///
/// The counts depend only on the current text; the cache only saves time.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    words: HashMap<u64, Word, KeyedState>,
    spots: Vec<Spot>,
    /// The spots of a token that are not cached.
    passing: Vec<Spot>,
    /// The current round; a word last seen in an earlier round has a count of zero.
    round: u64,
    /// The words in this round.
    distinct: usize,
    /// A hash of the words added in this text, independent of their order; 0 for none.
    fingerprint: u64,
}

/// A word that has occurred.
#[derive(Debug)]
struct Word {
    round: u64,
    /// Its range in the cached spots; empty if they are not cached.
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

    /// Counts a word; returns by how much its weight grows, and the start and number of its cached
    /// spots.
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

    /// Caches the spots just computed, if there is room. Pairs and single characters are quick to
    /// hash again.
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

    /// The fingerprint of the text; a new text starts then.
    pub(super) fn finish(&mut self) -> u64 {
        // Whatever is cached, the next text must have room for a full round of its own words.
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

/// The weight of a word that occurs `n` times: `2 + floor(2 * log2(n))`, 0 for zero; 255 stands for
/// anything above.
const LOGARITHMS: [i32; 256] = {
    let mut table = [0; 256];
    let mut count = 1;
    while count < table.len() {
        table[count] = 2 + (count * count).ilog2() as i32;
        count += 1;
    }
    table
};

/// Builds hashers with a random key. Which words share a slot of the map does not affect results,
/// but a hostile text must not be able to put all words into one slot.
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

/// Multiplies the key with a number that is already a hash, and folds both halves of the product.
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
