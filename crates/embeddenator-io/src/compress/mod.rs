//! Encoding and decoding contents, within bounds that are known beforehand.
//!
//! A codec is a pair of files with one signature, so that nothing above asks what was built in.

use crate::codec::{Codec, Compression};
use crate::error::{Error, Result};

#[cfg(not(feature = "zstd"))]
#[path = "without_zstd.rs"]
mod zstandard;
#[cfg(feature = "zstd")]
#[path = "with_zstd.rs"]
mod zstandard;

/// Encodes contents one after the other, reusing its memory.
#[derive(Debug)]
pub(crate) struct Encoder {
    zstd: Option<zstandard::Encoder>,
    output: Vec<u8>,
}

impl Encoder {
    /// An encoder for what is asked for.
    pub(crate) fn new(compression: Compression) -> Result<Self> {
        let zstd = match compression {
            Compression::None => None,
            Compression::Zstd(level) => Some(zstandard::Encoder::new(level)?),
        };
        Ok(Self { zstd, output: Vec::new() })
    }

    /// The bytes to store for `raw`, and their codec; they are never more than `raw`.
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

/// Encoded bytes whose checksum has been compared, with what their header says about them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Encoded<'a> {
    /// How they are encoded.
    pub(crate) codec: Codec,
    /// The bytes.
    pub(crate) stored: &'a [u8],
    /// How many bytes they decode to; already compared with the caller's limit.
    pub(crate) raw_length: u64,
    /// What they are called in errors.
    pub(crate) what: &'static str,
    /// Where they begin.
    pub(crate) offset: u64,
}

impl Encoded<'_> {
    /// Holds if the two lengths can belong together, which is all that bounds an allocation beside the limit.
    pub(crate) fn check_lengths(&self) -> Result<()> {
        let stored = self.stored.len() as u64;
        match self.codec {
            Codec::None if stored != self.raw_length => {
                Err(self.malformed("its stored length is not its raw length, though it is not compressed"))
            }
            Codec::Zstd if stored >= self.raw_length => {
                Err(self.malformed("it is compressed, but not smaller"))
            }
            Codec::None | Codec::Zstd => Ok(()),
        }
    }

    /// The error that a rule of the format is broken.
    pub(crate) fn malformed(&self, reason: &'static str) -> Error {
        Error::Malformed { what: self.what, offset: self.offset, reason }
    }
}

/// Decodes contents one after the other, reusing its memory.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    zstd: Option<zstandard::Decoder>,
}

impl Decoder {
    /// Decodes into `output`, which then holds exactly the raw length and was never larger.
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
                let zstd = self.zstd.as_mut().expect("it was made above if it was missing");
                zstd.decode(encoded, output)
            }
        }
    }
}

/// Makes room for `bytes` in an empty vector, or fails without ending the process.
pub(crate) fn reserve(output: &mut Vec<u8>, bytes: u64, what: &'static str) -> Result<()> {
    let count = usize::try_from(bytes).map_err(|_| Error::OutOfMemory { what, bytes })?;
    output.try_reserve_exact(count).map_err(|_| Error::OutOfMemory { what, bytes })
}
