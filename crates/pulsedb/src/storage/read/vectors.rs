//! Vectors in place, in the store's map, for comparisons that copy nothing.

use std::ops::{Bound, RangeInclusive};

use crate::error::Result;
use crate::model::change::Slot;
use crate::storage::format::keys;
use crate::storage::format::seal;
use crate::storage::format::tables::Table;
use crate::storage::read::collective_view::CollectiveView;

impl<'t> CollectiveView<'t> {
    /// The bytes of the vector of one slot, little-endian `f32`, which must have one of this dimension.
    pub(crate) fn vector_bytes(self, slot: Slot, dimension: usize) -> Result<&'t [u8]> {
        let key = keys::slot(self.number, slot);
        let bytes = self.view.get(Table::Vector, &key)?.filter(|bytes| bytes.len() == dimension * 4);
        bytes.ok_or_else(|| seal::corrupted(Table::Vector, &key))
    }

    /// The slots and the bytes of the vectors between two slots, both included, in order; each must have this dimension.
    pub(crate) fn vectors_between(
        self,
        slots: RangeInclusive<Slot>,
        dimension: usize,
    ) -> Result<impl Iterator<Item = Result<(Slot, &'t [u8])>> + use<'t>> {
        let (from, to) = (keys::slot(self.number, *slots.start()), keys::slot(self.number, *slots.end()));
        let rows = self.view.range(Table::Vector, Bound::Included(&from), Bound::Included(&to))?;
        Ok(rows.map(move |row| {
            let (key, bytes) = row?;
            let slot = keys::read_slot(key).filter(|_| bytes.len() == dimension * 4);
            slot.map(|(_, slot)| (slot, bytes)).ok_or_else(|| seal::corrupted(Table::Vector, key))
        }))
    }
}
