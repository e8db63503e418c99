//! The options of a text encoder.

use crate::Planes;
use crate::error::{Error, Result};
use crate::limits::{FEATURE_POSITIONS_MAX, GRAM_CHARACTERS_MAX};

/// How texts become codes. Codes made with different options cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TextOptions {
    /// The dimension of the codes. The noise of a cosine is `1 / sqrt(dimension)`; each dimension takes two bits.
    pub dimension: usize,
    /// Determines all positions and signs.
    pub seed: u64,
    /// The positions of a word, from 1. Positions act as weights: a feature with `n` positions adds
    /// `n` to the dot product of two texts that have it, just as a weight of `sqrt(n)` in each
    /// would; so 16 positions weigh four times as much as 1. Common words and single characters get
    /// a fraction of this number, rounded down: below 16, function words get none.
    pub word_positions: u32,
    /// The positions of a character n-gram; 0 for words alone.
    pub gram_positions: u32,
    /// The characters in the shortest n-grams, from 1; the marks at both ends of a word count.
    pub gram_characters_min: usize,
    /// The characters in the longest n-grams.
    pub gram_characters_max: usize,
    /// The positions that each text has to itself, determined by its words in any order: they add
    /// to the length of each code and so remove the unfair advantage of very short texts. 0 for
    /// plain cosines.
    pub pivot_positions: u32,
    /// Whether to treat words as English: stem them, and give the most common ones less weight.
    /// Otherwise each word is used as it is.
    pub english: bool,
}

impl Default for TextOptions {
    /// The options that measured best; see `docs/text-encoder.md` in the repository.
    fn default() -> Self {
        TextOptions {
            dimension: 16_384,
            seed: 0,
            word_positions: 16,
            gram_positions: 1,
            gram_characters_min: 3,
            gram_characters_max: 5,
            pivot_positions: 64,
            english: true,
        }
    }
}

impl TextOptions {
    /// Refuses options that are out of range.
    pub(super) fn check(&self) -> Result<()> {
        Planes::zero(self.dimension)?;
        let positions = u64::from(FEATURE_POSITIONS_MAX);
        let characters = GRAM_CHARACTERS_MAX as u64;
        let shortest = self.gram_characters_min as u64;
        Error::expect_option("word_positions", self.word_positions.into(), 1, positions)?;
        Error::expect_option("gram_positions", self.gram_positions.into(), 0, positions)?;
        Error::expect_option("gram_characters_min", shortest, 1, characters)?;
        Error::expect_option("gram_characters_max", self.gram_characters_max as u64, shortest, characters)?;
        Error::expect_option("pivot_positions", self.pivot_positions.into(), 0, positions)
    }
}
