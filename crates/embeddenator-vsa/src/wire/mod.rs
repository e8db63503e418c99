//! Codes, tables, bundles, planes and sparse vectors as checksummed bytes, and back.
//!
//! A message is a header of 64 bytes and a payload; `docs/embeddenator-vsa-format.md` has each
//! byte. The rows of a table are the same in the message as in memory, so [`view`] can search a
//! table in place, for example in a memory-mapped file.
//!
//! Foreign bytes never cause a panic. Nothing is allocated before the lengths in the header agree
//! with the actual bytes, and then at most twice as much. The checksums detect accidents, not
//! attackers: anyone who can forge the bytes can forge the checksums.
//!
//! ```
//! use embeddenator_vsa::{BlockCode, Random, Shape, wire};
//!
//! let code = BlockCode::random(Shape::DEFAULT, &mut Random::new(1));
//! let mut bytes = wire::encode(&code);
//! assert_eq!(bytes.len(), 64 + 128);
//! assert_eq!(wire::decode::<BlockCode>(&bytes)?, code);
//! bytes[100] ^= 1;
//! assert!(wire::decode::<BlockCode>(&bytes).is_err());
//! # Ok::<(), embeddenator_vsa::Error>(())
//! ```

mod cursor;
mod header;
mod payload;

use crate::CodesRef;
use crate::error::{Error, Result};

pub use crate::kind::Kind;
pub use header::{HEADER_BYTES, Head};

use header::{Extent, Header};
use payload::Payload;

/// A type that can be encoded as bytes: [`BlockCode`](crate::BlockCode), [`Codes`](crate::Codes),
/// [`Counts`](crate::Counts), [`Planes`](crate::Planes) and
/// [`SparseTernary`](crate::SparseTernary).
#[expect(private_bounds, reason = "no other type can be encoded")]
pub trait Message: Payload {}

impl<T: Payload> Message for T {}

/// The message of a value.
pub fn encode<T: Message>(value: &T) -> Vec<u8> {
    let mut message = Vec::new();
    encode_into(value, &mut message);
    message
}

/// Appends the message of a value. It is aligned only if the caller's bytes are.
pub fn encode_into<T: Message>(value: &T, bytes: &mut Vec<u8>) {
    let extent = value.extent();
    bytes.reserve(HEADER_BYTES + extent.payload_bytes() as usize);
    let start = bytes.len();
    bytes.resize(start + HEADER_BYTES, 0);
    value.write(bytes);
    let (header, payload) = bytes[start..].split_at_mut(HEADER_BYTES);
    header.copy_from_slice(&Header::of(extent, payload).to_bytes());
}

/// The header that, followed by [`CodesRef::as_rows`], is the message of a table: for writing the
/// rows without a copy.
pub fn header_of(codes: CodesRef<'_>) -> [u8; HEADER_BYTES] {
    Header::of(Extent::Codes { shape: codes.shape(), codes: codes.len() as u64 }, codes.as_rows()).to_bytes()
}

/// Decodes bytes that are exactly one message.
///
/// # Errors
/// [`Error::NotMessage`] if the bytes are something else; [`Error::MessageLength`] if there are too
/// few or too many; [`Error::MessageVersion`] if a newer version wrote them; [`Error::MessageKind`]
/// if they hold a value of another type; [`Error::Damaged`] if a checksum or a field is wrong; the
/// errors of the type's constructor if the payload is intact but not valid.
pub fn decode<T: Message>(bytes: &[u8]) -> Result<T> {
    let (header, payload) = open(bytes, T::KIND)?;
    T::read(header.extent, payload)
}

/// The table in a message, borrowed; nothing is copied.
///
/// Checks all rows once: their checksum, positions and padding.
///
/// ```
/// use embeddenator_vsa::{Codes, Random, Shape, wire};
///
/// let codes = Codes::random(Shape::D10K, 1000, &mut Random::new(1));
/// let file = wire::encode(&codes);
/// let table = wire::view(&file)?;
/// assert_eq!(table.nearest(codes.get(7).expect("row 7 of 1000"), 1)?[0].index, 7);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
///
/// # Errors
/// As [`decode`].
pub fn view(bytes: &[u8]) -> Result<CodesRef<'_>> {
    let (header, rows) = open(bytes, Kind::Codes)?;
    payload::rows(header.extent, rows)
}

/// What a message says about itself: for choosing how to decode it, and for finding its end in a
/// stream.
///
/// Reads only the first [`HEADER_BYTES`]; more may follow.
///
/// # Errors
/// [`Error::MessageLength`] if there are fewer bytes; [`Error::NotMessage`] if the bytes are
/// something else; [`Error::MessageVersion`] if a newer version wrote them; [`Error::Damaged`] if
/// the header's checksum or a field is wrong.
pub fn head(bytes: &[u8]) -> Result<Head> {
    let header = Header::read(bytes)?;
    Ok(header.extent.head())
}

/// Header and payload, both with matching checksums.
fn open(bytes: &[u8], kind: Kind) -> Result<(Header, &[u8])> {
    let header = Header::read(bytes)?;
    let found = header.extent.head();
    if found.kind != kind {
        return Err(Error::MessageKind { expected: kind, found: found.kind });
    }
    let length = bytes.len() as u64;
    if length != found.bytes {
        return Err(Error::MessageLength { expected: found.bytes, found: length });
    }
    let payload = bytes.get(HEADER_BYTES..).unwrap_or_default();
    header.check(payload)?;
    Ok((header, payload))
}
