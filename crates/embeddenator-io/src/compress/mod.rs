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

pub use encoded::Encoded;
pub(crate) use encoded::reserve;

/// Encodes one content after another, reusing its memory: the codec alone, for formats that keep their own lengths and
/// checksums.
///
/// ```
/// use embeddenator_io::{Decoder, Encoded, Encoder, Profile};
///
/// # #[cfg(feature = "zstd")] {
/// let (first, second) = (b"vectors index, bytes store; ".repeat(9), b"bytes store, vectors index; ".repeat(9));
/// let mut encoder = Encoder::new(Profile::Balanced.compression())?;
/// let (codec, stored) = encoder.encode_with_prefix(&second, &first)?;
///
/// let encoded = Encoded { codec, stored, raw_length: second.len() as u64, what: "the second text", offset: 0 };
/// let mut raw = Vec::new();
/// Decoder::default().decode_with_prefix(encoded, &first, &mut raw)?;
/// assert_eq!(raw, second);
/// # }
/// # Ok::<(), embeddenator_io::Error>(())
/// ```
#[derive(Debug)]
pub struct Encoder {
    zstd: Option<zstandard::Encoder>,
    output: Vec<u8>,
}

impl Encoder {
    /// An encoder for this compression.
    ///
    /// # Errors
    /// [`Error::CodecNotBuilt`](crate::Error::CodecNotBuilt) for a compression that was left out of the build; [`Error::Encoding`](crate::Error::Encoding) if there is no
    /// memory for it.
    pub fn new(compression: Compression) -> Result<Self> {
        let zstd = match compression {
            Compression::None => None,
            Compression::Zstd(level) => Some(zstandard::Encoder::new(level)?),
        };
        Ok(Self { zstd, output: Vec::new() })
    }

    /// The bytes to store for `raw` and their codec; never more bytes than `raw` has.
    ///
    /// # Errors
    /// [`Error::Encoding`](crate::Error::Encoding) and [`Error::OutOfMemory`](crate::Error::OutOfMemory) if there is no memory for it.
    pub fn encode<'a>(&'a mut self, raw: &'a [u8]) -> Result<(Codec, &'a [u8])> {
        self.encode_with_prefix(raw, &[])
    }

    /// The same, where what `raw` has in common with `prefix` costs next to nothing; decoding takes the same prefix.
    ///
    /// # Errors
    /// As [`Encoder::encode`].
    pub fn encode_with_prefix<'a>(&'a mut self, raw: &'a [u8], prefix: &[u8]) -> Result<(Codec, &'a [u8])> {
        if let Some(zstd) = &mut self.zstd
            && !raw.is_empty()
        {
            if prefix.is_empty() {
                zstd.encode(raw, &mut self.output)?;
            } else {
                zstd.encode_with_prefix(raw, prefix, &mut self.output)?;
            }
            if self.output.len() < raw.len() {
                return Ok((Codec::Zstd, &self.output));
            }
        }
        Ok((Codec::None, raw))
    }
}

/// Decodes one content after another, reusing its memory.
#[derive(Debug, Default)]
pub struct Decoder {
    zstd: Option<zstandard::Decoder>,
}

impl Decoder {
    /// Decodes into `output`, which then holds exactly the raw length and was never larger.
    ///
    /// The caller has compared the raw length with its limit: it is what is allocated, unless it is refused as more than
    /// the stored bytes can stand for.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) and [`Error::Undecodable`](crate::Error::Undecodable) for damage; [`Error::CodecNotBuilt`](crate::Error::CodecNotBuilt), [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub fn decode(&mut self, encoded: Encoded<'_>, output: &mut Vec<u8>) -> Result<()> {
        self.decode_with_prefix(encoded, &[], output)
    }

    /// The same for what was encoded with a prefix. With another prefix it fails or gives other bytes.
    ///
    /// # Errors
    /// As [`Decoder::decode`].
    pub fn decode_with_prefix(
        &mut self,
        encoded: Encoded<'_>,
        prefix: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<()> {
        encoded.check_lengths()?;
        output.clear();
        match encoded.codec {
            Codec::None => {
                reserve(output, encoded.raw_length, encoded.what)?;
                output.extend_from_slice(encoded.stored);
                Ok(())
            }
            Codec::Zstd => {
                let zstd = match &mut self.zstd {
                    Some(zstd) => zstd,
                    none => none.insert(zstandard::Decoder::new()?),
                };
                zstd.decode(encoded, prefix, output)
            }
        }
    }
}
