//! Vectors in place, in the store's map, for comparisons that copy nothing.

use crate::error::Result;
use crate::model::change::Slot;
use crate::storage::format::seal;
use crate::storage::format::series::{Generation, SeriesId};
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
        let id = SeriesId::of(self.number);
        let vector = self.view.vector(id, generation, slot)?.filter(|row| row.bytes.len() == dimension * 4);
        vector.ok_or_else(|| seal::corrupted(Table::Vector, &id.vector_key(generation, slot)))
    }

    /// Whether an experience has a vector.
    pub(crate) fn has_vector(self, generation: Generation, slot: Slot) -> Result<bool> {
        let key = SeriesId::of(self.number).vector_key(generation, slot);
        let row = self.view.sealed(Table::Vector, &key)?;
        let row = row.ok_or_else(|| seal::corrupted(Table::Vector, &key))?;
        Ok(row.len() > seal::SEAL_BYTES)
    }
}
