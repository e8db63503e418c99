//! Encoding and decoding contents, within bounds known beforehand.
//!
//! A codec is a pair of files with the same signatures, so its callers need not ask what was built
//! in.

mod encoded;
#[cfg(not(feature = "zstd"))]
#[path = "without_zstd.rs"]
mod zstandard;
#[cfg(feature = "zstd")]
#[path = "with_zstd.rs"]
mod zstandard;

use crate::codec::{Codec, Compression};
use crate::error::Result;

pub(crate) use encoded::{Encoded, reserve};

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
