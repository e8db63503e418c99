//! The payload of each type: how it is written, read and checked.

use super::cursor::numbers;
use super::header::Extent;
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::{BlockCode, Codes, CodesRef, Counts, Planes, SparseTernary};

/// A type with a payload.
pub(super) trait Payload: Sized {
    /// What its messages hold.
    const KIND: Kind;

    /// What the header says of the value.
    fn extent(&self) -> Extent;

    /// Appends the payload.
    fn write(&self, bytes: &mut Vec<u8>);

    /// The value of a payload that is as long as the extent says.
    fn read(extent: Extent, payload: &[u8]) -> Result<Self>;
}

/// The error for an extent of another kind, which no caller passes.
const OTHER: Error = Error::Damaged { what: "kind" };

impl Payload for BlockCode {
    const KIND: Kind = Kind::BlockCode;

    fn extent(&self) -> Extent {
        Extent::Code { shape: self.shape() }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.as_bytes());
    }

    fn read(extent: Extent, payload: &[u8]) -> Result<Self> {
        let Extent::Code { shape } = extent else { return Err(OTHER) };
        BlockCode::from_bytes(shape, payload)
    }
}

impl Payload for Codes {
    const KIND: Kind = Kind::Codes;

    fn extent(&self) -> Extent {
        Extent::Codes { shape: self.shape(), codes: self.len() as u64 }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.as_rows());
    }

    fn read(extent: Extent, payload: &[u8]) -> Result<Self> {
        rows(extent, payload).map(Codes::from)
    }
}

/// The rows of a table, borrowed.
pub(super) fn rows(extent: Extent, payload: &[u8]) -> Result<CodesRef<'_>> {
    let Extent::Codes { shape, .. } = extent else { return Err(OTHER) };
    CodesRef::from_rows(shape, payload)
}

impl Payload for Counts {
    const KIND: Kind = Kind::Counts;

    fn extent(&self) -> Extent {
        Extent::Counts { shape: self.shape() }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.as_counters().iter().flat_map(|counter| counter.to_le_bytes()));
    }

    fn read(extent: Extent, payload: &[u8]) -> Result<Self> {
        let Extent::Counts { shape } = extent else { return Err(OTHER) };
        Counts::from_counters(shape, numbers(payload, i32::from_le_bytes))
    }
}

impl Payload for Planes {
    const KIND: Kind = Kind::Planes;

    fn extent(&self) -> Extent {
        Extent::Planes { dimension: self.dimension() as u32 }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        for plane in [self.nonzero(), self.sign()] {
            bytes.extend(plane.iter().flat_map(|word| word.to_le_bytes()));
        }
    }

    fn read(extent: Extent, payload: &[u8]) -> Result<Self> {
        let Extent::Planes { dimension } = extent else { return Err(OTHER) };
        let words = numbers(payload, u64::from_le_bytes);
        let (nonzero, sign) = words.split_at(words.len() / 2);
        Planes::from_words(dimension as usize, nonzero, sign)
    }
}

impl Payload for SparseTernary {
    const KIND: Kind = Kind::SparseTernary;

    fn extent(&self) -> Extent {
        let (plus, minus) = (self.plus().len() as u64, self.minus().len() as u64);
        Extent::Sparse { dimension: self.dimension() as u32, plus, minus }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        for indexes in [self.plus(), self.minus()] {
            bytes.extend(indexes.iter().flat_map(|index| index.to_le_bytes()));
        }
    }

    fn read(extent: Extent, payload: &[u8]) -> Result<Self> {
        let Extent::Sparse { dimension, plus, .. } = extent else { return Err(OTHER) };
        let plus = usize::try_from(plus.saturating_mul(4)).unwrap_or(usize::MAX);
        let Some((plus, minus)) = payload.split_at_checked(plus) else {
            return Err(Error::Damaged { what: "count" });
        };
        let indexes = |bytes| numbers(bytes, u32::from_le_bytes);
        SparseTernary::new(dimension as usize, indexes(plus), indexes(minus))
    }
}
