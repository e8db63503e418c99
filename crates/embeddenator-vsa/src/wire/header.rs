//! The 64 bytes before a payload, and what they say about it.

use xxhash_rust::xxh3::xxh3_64;

use super::cursor::Cursor;
use crate::Shape;
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::limits::{DIMENSION_MAX, MESSAGE_PAYLOAD_BYTES_MAX};

/// Bytes before the payload.
pub const HEADER_BYTES: usize = 64;

const MAGIC: [u8; 8] = *b"EMBEDVSA";
const VERSION: u16 = 1;
/// The bytes that the header's own checksum covers: all bytes before it.
const COVERED: usize = HEADER_BYTES - 8;

/// What the header of a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Head {
    /// What it holds.
    pub kind: Kind,
    /// The shape of its codes or counters; other vectors have none.
    pub shape: Option<Shape>,
    /// The dimension of what it holds.
    pub dimension: usize,
    /// Bytes of the whole message.
    pub bytes: u64,
}

/// What a payload holds and how much: everything that determines its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Code { shape: Shape },
    Codes { shape: Shape, codes: u64 },
    Counts { shape: Shape },
    Planes { dimension: u32 },
    Sparse { dimension: u32, plus: u64, minus: u64 },
}

impl Extent {
    pub(super) fn head(self) -> Head {
        let (kind, shape, dimension) = match self {
            Extent::Code { shape } => (Kind::BlockCode, Some(shape), shape.dimension()),
            Extent::Codes { shape, .. } => (Kind::Codes, Some(shape), shape.dimension()),
            Extent::Counts { shape } => (Kind::Counts, Some(shape), shape.dimension()),
            Extent::Planes { dimension } => (Kind::Planes, None, dimension as usize),
            Extent::Sparse { dimension, .. } => (Kind::SparseTernary, None, dimension as usize),
        };
        Head { kind, shape, dimension, bytes: (HEADER_BYTES as u64).saturating_add(self.payload_bytes()) }
    }

    /// Saturates at lengths that no payload can have.
    pub(super) fn payload_bytes(self) -> u64 {
        match self {
            Extent::Code { shape } => shape.blocks() as u64,
            Extent::Codes { shape, codes } => codes.saturating_mul(shape.stride() as u64),
            Extent::Counts { shape } => shape.dimension() as u64 * 4,
            Extent::Planes { dimension } => u64::from(dimension.div_ceil(64)) * 16,
            Extent::Sparse { plus, minus, .. } => plus.saturating_add(minus).saturating_mul(4),
        }
    }

    /// The two numbers that stand for the shape or the dimension.
    fn size(self) -> (u32, u32) {
        match self {
            Extent::Code { shape } | Extent::Codes { shape, .. } | Extent::Counts { shape } => {
                (shape.blocks() as u32, shape.positions() as u32)
            }
            Extent::Planes { dimension } | Extent::Sparse { dimension, .. } => (dimension, 0),
        }
    }

    /// The two counts.
    fn counts(self) -> (u64, u64) {
        match self {
            Extent::Code { .. } => (1, 0),
            Extent::Codes { codes, .. } => (codes, 0),
            Extent::Counts { shape } => (shape.dimension() as u64, 0),
            Extent::Planes { dimension } => (u64::from(dimension.div_ceil(64)), 0),
            Extent::Sparse { plus, minus, .. } => (plus, minus),
        }
    }

    /// The extent that these fields describe, if they are valid and canonical.
    fn of(kind: u16, size: (u32, u32), counts: (u64, u64)) -> Result<Extent> {
        let shape = || Shape::new(size.0 as usize, size.1 as usize);
        let dimension = || match size.0 as usize {
            1..=DIMENSION_MAX => Ok(size.0),
            dimension => Err(Error::Dimension { dimension }),
        };
        let extent = match kind {
            1 => Extent::Code { shape: shape()? },
            2 => Extent::Codes { shape: shape()?, codes: counts.0 },
            3 => Extent::Counts { shape: shape()? },
            4 => Extent::Planes { dimension: dimension()? },
            5 => Extent::Sparse { dimension: dimension()?, plus: counts.0, minus: counts.1 },
            _ => return Err(Error::Damaged { what: "kind" }),
        };
        if extent.size() != size {
            return Err(Error::Damaged { what: "shape" });
        }
        if extent.counts() != counts || extent.payload_bytes() > MESSAGE_PAYLOAD_BYTES_MAX {
            return Err(Error::Damaged { what: "count" });
        }
        Ok(extent)
    }
}

/// A header whose fields agree with each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) extent: Extent,
    payload_sum: u64,
}

impl Header {
    pub(super) fn of(extent: Extent, payload: &[u8]) -> Header {
        assert_eq!(extent.payload_bytes(), payload.len() as u64, "the payload is as long as its header says");
        Header { extent, payload_sum: xxh3_64(payload) }
    }

    pub(super) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((self.extent.head().kind as u16).to_le_bytes());
        let (size, positions) = self.extent.size();
        for number in [size, positions, 0] {
            bytes.extend(number.to_le_bytes());
        }
        let (first, second) = self.extent.counts();
        for number in [first, second, self.extent.payload_bytes(), self.payload_sum] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(xxh3_64(&bytes).to_le_bytes());
        bytes.try_into().expect("the fields of a header have 64 bytes")
    }

    /// Reads the header at the front; what follows it does not matter.
    pub(super) fn read(bytes: &[u8]) -> Result<Header> {
        let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Err(Error::MessageLength { expected: HEADER_BYTES as u64, found: bytes.len() as u64 });
        };
        // A chunk of 64 bytes has all fields, so this error cannot occur.
        Self::fields(header).unwrap_or(Err(Error::Damaged { what: "header" }))
    }

    /// `None` if the bytes end before the fields.
    fn fields(header: &[u8; HEADER_BYTES]) -> Option<Result<Header>> {
        let mut cursor = Cursor::new(header);
        let magic = *cursor.array::<8>()?;
        let (version, kind) = (cursor.u16()?, cursor.u16()?);
        let size = (cursor.u32()?, cursor.u32()?);
        let reserved = cursor.u32()?;
        let counts = (cursor.u64()?, cursor.u64()?);
        let (payload_bytes, payload_sum, sum) = (cursor.u64()?, cursor.u64()?, cursor.u64()?);
        if magic != MAGIC {
            return Some(Err(Error::NotMessage));
        }
        // Checked before the version: a damaged version is not a newer one.
        if sum != xxh3_64(header.get(..COVERED)?) {
            return Some(Err(Error::Damaged { what: "header" }));
        }
        if version != VERSION {
            return Some(Err(Error::MessageVersion { found: version, supported: VERSION }));
        }
        if reserved != 0 {
            return Some(Err(Error::Damaged { what: "reserved field" }));
        }
        Some(Extent::of(kind, size, counts).and_then(|extent| {
            if extent.payload_bytes() == payload_bytes {
                Ok(Header { extent, payload_sum })
            } else {
                Err(Error::Damaged { what: "payload length" })
            }
        }))
    }

    /// Refuses a payload that has changed since it was written.
    pub(super) fn check(self, payload: &[u8]) -> Result<()> {
        if xxh3_64(payload) == self.payload_sum { Ok(()) } else { Err(Error::Damaged { what: "payload" }) }
    }
}
