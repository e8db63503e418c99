//! Vectors in place, in the store's map, for comparisons that copy nothing.

use std::ops::{Bound, RangeInclusive};

use crate::error::Result;
use crate::model::change::Slot;
use crate::storage::format::seal;
use crate::storage::format::series::{Generation, SeriesId, read_vector_slot};
use crate::storage::format::tables::Table;
use crate::storage::format::vector::{VectorRow, read_vector};
use crate::storage::read::collective_view::CollectiveView;
use crate::storage::read::view::View;

impl<'t> View<'t> {
    /// The vector of a record, which must have a row; `None` if it has no vector.
    pub(in crate::storage) fn vector(
        self,
        id: SeriesId,
        generation: Generation,
        slot: Slot,
    ) -> Result<Option<VectorRow<'t>>> {
        let key = id.vector_key(generation, slot);
        let row = self.get(Table::Vector, &key)?.and_then(read_vector);
        row.ok_or_else(|| seal::corrupted(Table::Vector, &key))
    }
}

impl<'t> CollectiveView<'t> {
    /// The vector of an experience, which must be one of this dimension.
    pub(crate) fn vector(
        self,
        generation: Generation,
        slot: Slot,
        dimension: usize,
    ) -> Result<VectorRow<'t>> {
        let vector = self.vector_if_any(generation, slot, dimension)?;
        vector.ok_or_else(|| {
            let key = SeriesId::of(self.number).vector_key(generation, slot);
            seal::corrupted(Table::Vector, &key)
        })
    }

    /// The vector of an experience, which must be of this dimension; `None` if it has none.
    pub(crate) fn vector_if_any(
        self,
        generation: Generation,
        slot: Slot,
        dimension: usize,
    ) -> Result<Option<VectorRow<'t>>> {
        let id = SeriesId::of(self.number);
        let vector = self.view.vector(id, generation, slot)?;
        if vector.is_some_and(|row| row.bytes.len() != dimension * 4) {
            return Err(seal::corrupted(Table::Vector, &id.vector_key(generation, slot)));
        }
        Ok(vector)
    }

    /// Whether an experience has a vector.
    pub(crate) fn has_vector(self, generation: Generation, slot: Slot) -> Result<bool> {
        let key = SeriesId::of(self.number).vector_key(generation, slot);
        let row = self.view.sealed(Table::Vector, &key)?;
        let row = row.ok_or_else(|| seal::corrupted(Table::Vector, &key))?;
        Ok(row.len() > seal::SEAL_BYTES)
    }

    /// The slots between two slots, both included, in order, each with its vector, which must be of this dimension;
    /// `None` for an experience without one.
    pub(crate) fn vectors_between(
        self,
        generation: Generation,
        slots: RangeInclusive<Slot>,
        dimension: usize,
    ) -> Result<impl Iterator<Item = Result<(Slot, Option<VectorRow<'t>>)>> + use<'t>> {
        let id = SeriesId::of(self.number);
        let (from, to) = (id.vector_key(generation, *slots.start()), id.vector_key(generation, *slots.end()));
        let rows = self.view.range(Table::Vector, Bound::Included(&from), Bound::Included(&to))?;
        Ok(rows.map(move |row| {
            let (key, bytes) = row?;
            let vector = read_vector(bytes)
                .filter(|vector| vector.is_none_or(|vector| vector.bytes.len() == dimension * 4));
            read_vector_slot(key).zip(vector).ok_or_else(|| seal::corrupted(Table::Vector, key))
        }))
    }
}
