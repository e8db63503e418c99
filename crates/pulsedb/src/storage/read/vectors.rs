//! Vectors in place, in the store's map, for scans that copy nothing.

use std::ops::Bound;

use crate::error::{PulseDBError, Result};
use crate::model::change::{CollectiveNumber, Slot};
use crate::storage::format::keys;
use crate::storage::format::seal::{self, SEAL_BYTES};
use crate::storage::format::tables::Table;
use crate::storage::read::collective_view::CollectiveView;

/// Bytes that a processor loads at once; where it loads more, some reads are wasted.
const CACHE_LINE: usize = 64;

/// A stored vector of a snapshot, whose checksum is not verified yet.
#[derive(Clone, Copy)]
pub(crate) struct SealedVector<'t> {
    number: CollectiveNumber,
    slot: Slot,
    value: &'t [u8],
}

impl<'t> SealedVector<'t> {
    pub(crate) fn slot(&self) -> Slot {
        self.slot
    }

    /// Makes the processor load it: reads one byte of each cache line, none of which has to wait for another.
    pub(crate) fn fetch(&self) {
        let bytes = self.value.iter().step_by(CACHE_LINE);
        std::hint::black_box(bytes.fold(0, |all, byte| all | byte));
    }

    /// Its bytes, little-endian `f32`, after the checksum is verified.
    pub(crate) fn checked(self, dimension: usize) -> Result<&'t [u8]> {
        let key = keys::slot(self.number, self.slot);
        let bytes = seal::open(Table::Vector, &key, self.value)?;
        if bytes.len() == dimension * 4 {
            return Ok(bytes);
        }
        Err(seal::corrupted(Table::Vector, &key))
    }

    /// Its bytes without verifying the checksum, for a vector that this process has verified before.
    pub(crate) fn seen(self, dimension: usize) -> Result<&'t [u8]> {
        if self.value.len() == SEAL_BYTES + dimension * 4 {
            return Ok(seal::payload_unchecked(self.value));
        }
        self.checked(dimension)
    }
}

impl<'t> CollectiveView<'t> {
    /// The vectors from a slot on, in order of their slots.
    pub(crate) fn vectors_from(
        self,
        slot: Slot,
    ) -> Result<impl Iterator<Item = Result<SealedVector<'t>>> + use<'t>> {
        let from = keys::slot(self.number, slot);
        let to = keys::slot(self.number, Slot(u32::MAX));
        let rows = self.view.sealed_range(Table::Vector, Bound::Included(&from), Bound::Included(&to))?;
        Ok(rows.map(|row| {
            let (key, value) = row?;
            let (number, slot) = keys::read_slot(key).ok_or_else(|| seal::corrupted(Table::Vector, key))?;
            Ok(SealedVector { number, slot, value })
        }))
    }

    /// The vector of one slot, which must have one.
    pub(crate) fn sealed_vector(self, slot: Slot) -> Result<SealedVector<'t>> {
        let number = self.number;
        let key = keys::slot(number, slot);
        let value = self.view.sealed(Table::Vector, &key)?;
        let value = value.ok_or_else(|| missing_vector(number, slot))?;
        Ok(SealedVector { number, slot, value })
    }
}

/// The error for a slot that should have a vector, of which the table has none.
pub(crate) fn missing_vector(number: CollectiveNumber, slot: Slot) -> PulseDBError {
    seal::corrupted(Table::Vector, &keys::slot(number, slot))
}
