//! Codes, tables, bundles, planes and sparse vectors as checksummed bytes, and back.
//!
//! A message is a header of 64 bytes and a payload; `docs/embeddenator-vsa-format.md` has each byte. The rows of a table
//! are the same in the message as in memory, so that one that lies in a map of a file is asked where it lies, by
//! [`view`].
//!
//! Bytes that come from elsewhere never panic. Nothing is allocated before the lengths in the header have agreed with the
//! bytes that are there, and then at most twice as many as these. The checksums find accidents, not attackers: who makes
//! the bytes makes the sums.
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

/// A type that has a form in bytes: [`BlockCode`](crate::BlockCode), [`Codes`](crate::Codes),
/// [`Counts`](crate::Counts), [`Planes`](crate::Planes) and [`SparseTernary`](crate::SparseTernary).
#[expect(private_bounds, reason = "no other type has a form in bytes")]
pub trait Message: Payload {}

impl<T: Payload> Message for T {}

/// The message of a value.
pub fn encode<T: Message>(value: &T) -> Vec<u8> {
    let mut message = Vec::new();
    encode_into(value, &mut message);
    message
}

/// Appends the message of a value, of which nothing is aligned then but what the caller has aligned.
pub fn encode_into<T: Message>(value: &T, bytes: &mut Vec<u8>) {
    let extent = value.extent();
    bytes.reserve(HEADER_BYTES + extent.payload_bytes() as usize);
    let start = bytes.len();
    bytes.resize(start + HEADER_BYTES, 0);
    value.write(bytes);
    let (header, payload) = bytes[start..].split_at_mut(HEADER_BYTES);
    header.copy_from_slice(&Header::of(extent, payload).to_bytes());
}

/// The header which, before [`CodesRef::as_rows`], makes the message of a table: for those who write the rows without
/// copying them.
pub fn header_of(codes: CodesRef<'_>) -> [u8; HEADER_BYTES] {
    Header::of(Extent::Codes { shape: codes.shape(), codes: codes.len() as u64 }, codes.as_rows()).to_bytes()
}

/// The value of a message, which the bytes are as a whole.
///
/// # Errors
/// [`Error::MessageLength`] if bytes are missing or too many, [`Error::NotMessage`], [`Error::MessageVersion`],
/// [`Error::MessageKind`] for a value of another type, [`Error::Damaged`]; and for bytes that nobody damaged but no
/// value has, the errors of the type's constructor.
pub fn decode<T: Message>(bytes: &[u8]) -> Result<T> {
    let (header, payload) = open(bytes, T::KIND)?;
    T::read(header.extent, payload)
}

/// The table of a message where it lies; nothing is copied.
///
/// All rows are looked at once: their checksum, positions and padding.
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

/// What a message says of itself: for choosing how to decode it, and for finding its end in a stream.
///
/// Looks at the first [`HEADER_BYTES`] only, more may follow or not.
///
/// # Errors
/// [`Error::MessageLength`] if there are fewer, [`Error::NotMessage`], [`Error::MessageVersion`], [`Error::Damaged`].
pub fn head(bytes: &[u8]) -> Result<Head> {
    let header = Header::read(bytes)?;
    Ok(header.extent.head())
}

/// Header and payload, both checked by their sums.
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
