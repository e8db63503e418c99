//! The envelope: one content with its kind, codec, lengths and hashes.

use std::borrow::Cow;
use std::fmt;

use crate::codec::{Codec, Compression};
use crate::compress::{Decoder, Encoded, Encoder, reserve};
use crate::cursor::Cursor;
use crate::error::{Error, Result};
use crate::hash::{ContentHash, check_of};
use crate::header::{Format, begin_header, end_header, read_header, take_header};
use crate::kind::Kind;
use crate::limits::Limits;

/// Bytes in an envelope before the content that it stores.
pub const ENVELOPE_HEADER_BYTES: usize = 64;

const FORMAT: Format = Format { what: "envelope", magic: *b"\x89EMBENV\n", version: 1 };
const BODY: &str = "the body of an envelope";

/// An envelope whose header has been checked; its content has not.
///
/// ```
/// use embeddenator_io::{Compression, Envelope, Kind, Limits};
///
/// let mut two = Envelope::wrap(Kind(1), b"first", Compression::None)?;
/// two.extend(Envelope::wrap(Kind(2), b"second", Compression::None)?);
///
/// let limits = Limits::default();
/// let (first, rest) = Envelope::read_prefix(&two, Kind(1), &limits)?;
/// assert_eq!(*first.content()?, *b"first");
/// assert_eq!(*Envelope::open(rest, Kind(2), &limits)?, *b"second");
/// # Ok::<(), embeddenator_io::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Envelope<'a> {
    header: EnvelopeHeader,
    check: [u8; 8],
    stored: &'a [u8],
}

/// What an envelope's header says about its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnvelopeHeader {
    /// What the content is; the caller's number.
    pub kind: Kind,
    /// How it is stored.
    pub codec: Codec,
    /// Bytes in the content.
    pub raw_length: u64,
    /// Bytes stored for it.
    pub stored_length: u64,
    /// The hash of the content, whatever the codec.
    pub content_hash: ContentHash,
}

impl<'a> Envelope<'a> {
    /// Wraps a content in an envelope: a header of 64 bytes, then at most as many bytes as the
    /// content has.
    ///
    /// There is no limit here, but a reader has one: see [`Limits::content_bytes_max`]. Compressing
    /// takes about twice the size of the content in memory, plus what the encoder needs.
    ///
    /// # Errors
    /// [`Error::CodecNotBuilt`] for a compression that was left out of the build;
    /// [`Error::Encoding`] or [`Error::OutOfMemory`] if memory runs out.
    pub fn wrap(kind: Kind, content: &[u8], compression: Compression) -> Result<Vec<u8>> {
        let mut encoder = Encoder::new(compression)?;
        let (codec, stored) = encoder.encode(content)?;
        let content_hash = ContentHash::of(content);
        let check = match codec {
            Codec::None => check_in(content_hash),
            Codec::Zstd => check_of(stored),
        };
        let mut header = begin_header(&FORMAT, kind, ENVELOPE_HEADER_BYTES);
        header.u16(codec.number()).u64(content.len() as u64).u64(stored.len() as u64);
        header.bytes(&content_hash.0).bytes(&check);
        let mut envelope = Vec::new();
        let length = (ENVELOPE_HEADER_BYTES as u64).saturating_add(stored.len() as u64);
        reserve(&mut envelope, length, FORMAT.what)?;
        envelope.extend_from_slice(&end_header::<ENVELOPE_HEADER_BYTES>(header));
        envelope.extend_from_slice(stored);
        Ok(envelope)
    }

    /// Returns the content of `bytes`, which must be exactly one envelope of that kind.
    ///
    /// Without compression the content is borrowed. Everything is verified: any changed byte is an
    /// error.
    ///
    /// # Errors
    /// Those of [`Envelope::read`] and [`Envelope::content`].
    pub fn open(bytes: &'a [u8], kind: Kind, limits: &Limits) -> Result<Cow<'a, [u8]>> {
        Self::read(bytes, kind, limits)?.content()
    }

    /// Reads the header of `bytes`, which must be exactly one envelope of that kind. The content is
    /// not read until [`Envelope::content`].
    ///
    /// # Errors
    /// Those of [`Envelope::read_prefix`], and [`Error::TrailingBytes`] if bytes follow the
    /// envelope.
    pub fn read(bytes: &'a [u8], kind: Kind, limits: &Limits) -> Result<Self> {
        let (envelope, rest) = Self::read_prefix(bytes, kind, limits)?;
        let end = bytes.len().saturating_sub(rest.len()) as u64;
        Cursor::with_offset(rest, end).finish(FORMAT.what)?;
        Ok(envelope)
    }

    /// Reads the header of the envelope at the start of `bytes`, and returns the bytes after that
    /// envelope.
    ///
    /// # Errors
    /// [`Error::NotRecognised`], [`Error::WrongKind`], [`Error::UnsupportedVersion`],
    /// [`Error::UnsupportedCodec`] or [`Error::UnsupportedFlags`] if it is something else;
    /// [`Error::Truncated`], [`Error::ChecksumMismatch`] or [`Error::Malformed`] if it is damaged;
    /// [`Error::LimitExceeded`] if the content is larger than [`Limits::content_bytes_max`].
    pub fn read_prefix(bytes: &'a [u8], kind: Kind, limits: &Limits) -> Result<(Self, &'a [u8])> {
        let mut cursor = Cursor::new(bytes);
        let header_bytes = take_header::<ENVELOPE_HEADER_BYTES>(&FORMAT, &mut cursor)?;
        let (header, check) = read_fields(&header_bytes, kind)?;
        if header.raw_length > limits.content_bytes_max {
            return Err(Error::LimitExceeded {
                what: "the raw length of an envelope in bytes",
                value: header.raw_length,
                limit: limits.content_bytes_max,
            });
        }
        let stored = cursor.take_u64(header.stored_length, BODY)?;
        let envelope = Self { header, check, stored };
        envelope.encoded().check_lengths()?;
        Ok((envelope, cursor.rest()))
    }

    /// What the header says.
    pub fn header(&self) -> &EnvelopeHeader {
        &self.header
    }

    /// Verifies and returns the content; without compression it is borrowed.
    ///
    /// # Errors
    /// [`Error::ChecksumMismatch`] if a byte has changed; [`Error::Malformed`] or
    /// [`Error::Undecodable`] if it was forged with matching checksums; [`Error::CodecNotBuilt`] if
    /// the codec was left out of the build; [`Error::OutOfMemory`] if memory runs out.
    pub fn content(&self) -> Result<Cow<'a, [u8]>> {
        let content = match self.header.codec {
            // One hash serves both fields.
            Codec::None => Cow::Borrowed(self.stored),
            Codec::Zstd => {
                if check_of(self.stored) != self.check {
                    return Err(mismatch(BODY));
                }
                let mut content = Vec::new();
                Decoder::default().decode(self.encoded(), &mut content)?;
                Cow::Owned(content)
            }
        };
        let hash = ContentHash::of(&content);
        let stored_fits = self.header.codec != Codec::None || check_in(hash) == self.check;
        if hash != self.header.content_hash || !stored_fits {
            return Err(mismatch("the content of an envelope"));
        }
        Ok(content)
    }

    fn encoded(&self) -> Encoded<'a> {
        Encoded {
            codec: self.header.codec,
            stored: self.stored,
            raw_length: self.header.raw_length,
            what: BODY,
            offset: ENVELOPE_HEADER_BYTES as u64,
        }
    }
}

impl fmt::Debug for Envelope<'_> {
    /// Shows the header, not the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope").field("header", &self.header).finish_non_exhaustive()
    }
}

/// The fields of a header, and the hash of the stored bytes.
fn read_fields(bytes: &[u8; ENVELOPE_HEADER_BYTES], kind: Kind) -> Result<(EnvelopeHeader, [u8; 8])> {
    let what = FORMAT.what;
    let mut cursor = read_header(&FORMAT, bytes, 0, kind)?;
    let codec = Codec::from_number(cursor.u16(what)?, what)?;
    let raw_length = cursor.u64(what)?;
    let stored_length = cursor.u64(what)?;
    let content_hash = ContentHash(cursor.array(what)?);
    let check = cursor.array(what)?;
    Ok((EnvelopeHeader { kind, codec, raw_length, stored_length, content_hash }, check))
}

/// The hash of the stored bytes when they are the content itself.
fn check_in(hash: ContentHash) -> [u8; 8] {
    let [first @ .., _, _, _, _, _, _, _, _] = hash.0;
    first
}

fn mismatch(what: &'static str) -> Error {
    Error::ChecksumMismatch { what, offset: ENVELOPE_HEADER_BYTES as u64 }
}
