//! The options of a shingle encoder.

use crate::Shape;
use crate::error::{Error, Result};
use crate::limits::SHINGLE_BYTES_MAX;

/// How bytes become signatures. Signatures made with different options cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShingleOptions {
    /// The shape of the signatures. The noise of an estimate falls with the square root of the
    /// number of blocks.
    pub shape: Shape,
    /// Determines all hashes.
    pub seed: u64,
    /// The bytes in a shingle, from 1 to [`SHINGLE_BYTES_MAX`]: longer shingles make unrelated
    /// files of one kind less similar, shorter ones survive more edits.
    pub shingle_bytes: usize,
}

impl Default for ShingleOptions {
    /// The shingle length, of 6 to 24 bytes, that best told edited from unrelated files in
    /// `/usr/include` and `/usr/lib/python3` with the example `near_duplicates`: at 1 false
    /// positive in 10 000 pairs it finds at least 99.4% of the files in which 40% of the lines were
    /// replaced.
    fn default() -> Self {
        ShingleOptions { shape: Shape::DEFAULT, seed: 0, shingle_bytes: 16 }
    }
}

impl ShingleOptions {
    /// Refuses options that are out of range.
    pub(super) fn check(&self) -> Result<()> {
        Error::expect_option("shingle_bytes", self.shingle_bytes as u64, 1, SHINGLE_BYTES_MAX as u64)
    }
}
