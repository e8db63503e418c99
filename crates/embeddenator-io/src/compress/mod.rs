//! Encoding and decoding contents, within bounds known beforehand.
//!
//! A codec is a pair of files with the same signatures, so its callers need not ask what was built
//! in.

use crate::codec::{Codec, Compression};
use crate::error::{Error, Result};

#[cfg(not(feature = "zstd"))]
#[path = "without_zstd.rs"]
mod zstandard;
#[cfg(feature = "zstd")]
#[path = "with_zstd.rs"]
mod zstandard;

/// Encodes one content after another, reusing its memory.
#[derive(Debug)]
pub(crate) struct Encoder {
    zstd: Option<zstandard::Encoder>,
    output: Vec<u8>,
}

impl Encoder {
    /// An encoder for this compression.
    pub(crate) fn new(compression: Compression) -> Result<Self> {
        let zstd = match compression {
            Compression::None => None,
            Compression::Zstd(level) => Some(zstandard::Encoder::new(level)?),
        };
        Ok(Self { zstd, output: Vec::new() })
    }

    /// The bytes to store for `raw` and their codec; never more bytes than `raw` has.
    pub(crate) fn encode<'a>(&'a mut self, raw: &'a [u8]) -> Result<(Codec, &'a [u8])> {
        if let Some(zstd) = &mut self.zstd
            && !raw.is_empty()
        {
            zstd.encode(raw, &mut self.output)?;
            if self.output.len() < raw.len() {
                return Ok((Codec::Zstd, &self.output));
            }
        }
        Ok((Codec::None, raw))
    }
}

/// Encoded bytes whose checksum matches, with what their header says about them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Encoded<'a> {
    /// How they are encoded.
    pub(crate) codec: Codec,
    /// The bytes.
    pub(crate) stored: &'a [u8],
    /// How many bytes they decode to; already within the caller's limit.
    pub(crate) raw_length: u64,
    /// What they are called in errors.
    pub(crate) what: &'static str,
    /// Where they begin.
    pub(crate) offset: u64,
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

/// Decodes one content after another, reusing its memory.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    zstd: Option<zstandard::Decoder>,
}

impl Decoder {
    /// Decodes into `output`, which ends up with exactly the raw length and is never larger on the
    /// way.
    pub(crate) fn decode(&mut self, encoded: Encoded<'_>, output: &mut Vec<u8>) -> Result<()> {
        encoded.check_lengths()?;
        output.clear();
        match encoded.codec {
            Codec::None => {
                reserve(output, encoded.raw_length, encoded.what)?;
                output.extend_from_slice(encoded.stored);
                Ok(())
            }
            Codec::Zstd => {
                if self.zstd.is_none() {
                    self.zstd = Some(zstandard::Decoder::new()?);
                }
                let zstd = self.zstd.as_mut().expect("created above if it was missing");
                zstd.decode(encoded, output)
            }
        }
    }
}

/// Reserves `bytes` in an empty vector, or fails without aborting the process.
pub(crate) fn reserve(output: &mut Vec<u8>, bytes: u64, what: &'static str) -> Result<()> {
    let count = usize::try_from(bytes).map_err(|_| Error::OutOfMemory { what, bytes })?;
    output.try_reserve_exact(count).map_err(|_| Error::OutOfMemory { what, bytes })
}
