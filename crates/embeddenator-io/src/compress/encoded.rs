//! Encoded bytes on their way to a decoder, and the memory for what they decode to.

use crate::codec::Codec;
use crate::error::{Error, Result};

/// Encoded bytes whose checksum matches, with what their header says about them.
#[derive(Debug, Clone, Copy)]
pub struct Encoded<'a> {
    /// How they are encoded.
    pub codec: Codec,
    /// The bytes.
    pub stored: &'a [u8],
    /// How many bytes they decode to; already within the caller's limit.
    pub raw_length: u64,
    /// What they are called in errors.
    pub what: &'static str,
    /// Where they begin.
    pub offset: u64,
}

impl Encoded<'_> {
    /// Refuses two lengths that cannot belong together. Apart from the limit, nothing else bounds
    /// an allocation.
    pub(crate) fn check_lengths(&self) -> Result<()> {
        let stored = self.stored.len() as u64;
        match self.codec {
            Codec::None if stored != self.raw_length => {
                Err(self.malformed("it is not compressed, but its stored and raw lengths differ"))
            }
            Codec::Zstd if stored >= self.raw_length => {
                Err(self.malformed("it is compressed, but not smaller than its content"))
            }
            Codec::None | Codec::Zstd => Ok(()),
        }
    }

    /// The error for a broken rule of the format.
    pub(crate) fn malformed(&self, reason: &'static str) -> Error {
        Error::Malformed { what: self.what, offset: self.offset, reason }
    }
}

/// Reserves `bytes` in an empty vector, or fails without aborting the process.
pub(crate) fn reserve(output: &mut Vec<u8>, bytes: u64, what: &'static str) -> Result<()> {
    let count = usize::try_from(bytes).map_err(|_| Error::OutOfMemory { what, bytes })?;
    output.try_reserve_exact(count).map_err(|_| Error::OutOfMemory { what, bytes })
}
