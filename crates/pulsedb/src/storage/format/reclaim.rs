//! Rows of `reclaim`.

use crate::clock::Timestamp;
use crate::id::{CollectiveId, Seq};
use crate::storage::format::reader::Reader;
use crate::storage::format::writer::Write;

/// A row of `reclaim`: a deleted collective, and how far its rows have been removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReclaimRow {
    pub(crate) collective_id: CollectiveId,
    pub(crate) deleted_at: Timestamp,
    /// The transaction that deleted it.
    pub(crate) transaction: u64,
    /// The sequence number of the deletion of the next experience that is still there.
    pub(crate) next_sequence: Seq,
    /// The sequence number of the deletion of the collective itself, one past its experiences' numbers.
    pub(crate) end_sequence: Seq,
}

impl ReclaimRow {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.put(self.collective_id.as_bytes());
        out.time(self.deleted_at);
        out.u64(self.transaction);
        out.u64(self.next_sequence);
        out.u64(self.end_sequence);
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let row = Self {
            collective_id: CollectiveId::from_bytes(reader.id()?),
            deleted_at: reader.time()?,
            transaction: reader.u64()?,
            next_sequence: reader.u64()?,
            end_sequence: reader.u64()?,
        };
        reader.end()?;
        Some(row)
    }
}
