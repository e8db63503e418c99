//! The columns of a slice of a block: what filters and ties need of each row.
//!
//! One column after the other, the widest first, so that each is aligned as far as its value is.

use crate::clock::Timestamp;
use crate::id::ExperienceId;
use crate::model::change::Slot;
use crate::storage::format::slot::SlotRow;

/// Bytes of one row: id 16, time 8, slot, importance, confidence and words 4 each, type 1.
const ROW_BYTES: usize = 16 + 8 + 4 * 4 + 1;
/// Bytes before the columns: the number of rows.
const HEAD_BYTES: usize = 8;

/// Columns as they lie in the store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns<'b> {
    ids: &'b [[u8; 16]],
    times: &'b [[u8; 8]],
    slots: &'b [[u8; 4]],
    importance: &'b [[u8; 4]],
    confidence: &'b [[u8; 4]],
    words: &'b [[u8; 4]],
    types: &'b [u8],
}

/// Writes the columns of rows, whose slots ascend.
pub(crate) fn write_columns(rows: &[(Slot, SlotRow)], out: &mut Vec<u8>) {
    out.reserve(HEAD_BYTES + rows.len() * ROW_BYTES);
    out.extend_from_slice(&(rows.len() as u64).to_le_bytes());
    for (_, row) in rows {
        out.extend_from_slice(row.id.as_bytes());
    }
    for (_, row) in rows {
        out.extend_from_slice(&row.timestamp.as_millis().to_le_bytes());
    }
    for (slot, _) in rows {
        out.extend_from_slice(&slot.0.to_le_bytes());
    }
    for (_, row) in rows {
        out.extend_from_slice(&row.importance.to_le_bytes());
    }
    for (_, row) in rows {
        out.extend_from_slice(&row.confidence.to_le_bytes());
    }
    for (_, row) in rows {
        out.extend_from_slice(&row.words.to_le_bytes());
    }
    out.extend(rows.iter().map(|(_, row)| row.type_tag));
}

impl<'b> Columns<'b> {
    /// Reads columns; `None` for bytes of another length.
    pub(crate) fn read(bytes: &'b [u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>()?;
        let rows = usize::try_from(u64::from_le_bytes(*head)).ok()?;
        if rest.len() != rows.checked_mul(ROW_BYTES)? {
            return None;
        }
        let (ids, rest) = rest.split_at(rows * 16);
        let (times, rest) = rest.split_at(rows * 8);
        let (slots, rest) = rest.split_at(rows * 4);
        let (importance, rest) = rest.split_at(rows * 4);
        let (confidence, rest) = rest.split_at(rows * 4);
        let (words, types) = rest.split_at(rows * 4);
        Some(Self {
            ids: ids.as_chunks().0,
            times: times.as_chunks().0,
            slots: slots.as_chunks().0,
            importance: importance.as_chunks().0,
            confidence: confidence.as_chunks().0,
            words: words.as_chunks().0,
            types,
        })
    }

    pub(crate) fn rows(&self) -> usize {
        self.types.len()
    }

    pub(crate) fn id(&self, row: usize) -> ExperienceId {
        ExperienceId::from_bytes(self.ids[row])
    }

    pub(crate) fn time(&self, row: usize) -> Timestamp {
        Timestamp::from_millis(i64::from_le_bytes(self.times[row]))
    }

    pub(crate) fn slot(&self, row: usize) -> Slot {
        Slot(u32::from_le_bytes(self.slots[row]))
    }

    /// The importance of each row, as `f32`.
    pub(crate) fn importances(&self) -> &'b [[u8; 4]] {
        self.importance
    }

    /// The confidence of each row, as `f32`.
    pub(crate) fn confidences(&self) -> &'b [[u8; 4]] {
        self.confidence
    }

    /// The time of each row, as milliseconds.
    pub(crate) fn times(&self) -> &'b [[u8; 8]] {
        self.times
    }

    /// The type of each row.
    pub(crate) fn types(&self) -> &'b [[u8; 1]] {
        self.types.as_chunks().0
    }

    pub(crate) fn type_tag(&self, row: usize) -> u8 {
        self.types[row]
    }

    /// The row of a slot, if the slice has one.
    pub(crate) fn row_of(&self, slot: Slot) -> Option<usize> {
        let at = self.slots.partition_point(|bytes| u32::from_le_bytes(*bytes) < slot.0);
        (at < self.rows() && self.slot(at) == slot).then_some(at)
    }

    /// What the row says of its slot. Whether it is archived or superseded is said by the state of the block.
    pub(crate) fn slot_row(&self, row: usize) -> SlotRow {
        SlotRow {
            id: self.id(row),
            timestamp: self.time(row),
            importance: f32::from_le_bytes(self.importance[row]),
            confidence: f32::from_le_bytes(self.confidence[row]),
            words: u32::from_le_bytes(self.words[row]),
            type_tag: self.type_tag(row),
            archived: false,
            superseded: false,
        }
    }
}
