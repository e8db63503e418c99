//! Vectors in place, in the store's map, for comparisons that copy nothing.

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
}
