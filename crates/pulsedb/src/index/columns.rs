//! The columns of one collective: one row a slot, in order of the slots.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::ExperienceId;
use crate::model::change::Slot;
use crate::storage::{CollectiveView, SlotRow, Table};
use crate::vector::Norm;

/// What scans and filters need of one experience.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) id: ExperienceId,
    pub(crate) timestamp: Timestamp,
    pub(crate) slot: Slot,
    norm_bits: u32,
    pub(crate) importance: f32,
    pub(crate) confidence: f32,
    pub(crate) type_tag: u8,
    pub(crate) archived: bool,
    pub(crate) has_vector: bool,
    /// Whether the row still is the newest version of an experience.
    live: bool,
}

impl Row {
    pub(crate) fn norm(&self) -> Norm {
        Norm::from_bits(self.norm_bits)
    }
}

/// All rows of a collective.
#[derive(Default)]
pub(crate) struct Columns {
    rows: Vec<Row>,
    dead: usize,
    /// One bit a row: its vector's checksum was compared in this process.
    seen: Vec<AtomicU64>,
}

impl Columns {
    /// Reads the columns of a collective.
    pub(super) fn load(collective: CollectiveView<'_>) -> Result<Self> {
        let mut columns = Self::default();
        for row in collective.slots()? {
            let (slot, row) = row?;
            columns.insert(slot, &row);
        }
        collective.expect_rows(Table::Slot, columns.rows.len(), |all| all)?;
        columns.rows.shrink_to_fit();
        Ok(columns)
    }

    /// The rows of experiences that exist, with their positions, in order of their slots.
    pub(crate) fn live(&self) -> impl Iterator<Item = (usize, &Row)> {
        self.rows.iter().enumerate().filter(|(_, row)| row.live)
    }

    /// How many experiences there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len() - self.dead
    }

    pub(crate) fn row(&self, position: usize) -> Option<&Row> {
        self.rows.get(position)
    }

    /// Where the live row of a slot is.
    pub(crate) fn position(&self, slot: Slot) -> Option<usize> {
        let position = self.rows.binary_search_by_key(&slot, |row| row.slot).ok()?;
        self.rows.get(position).is_some_and(|row| row.live).then_some(position)
    }

    /// Adds a row. Slots are given out in ascending order, so a slot that is not above the last one has been
    /// added before.
    pub(super) fn insert(&mut self, slot: Slot, row: &SlotRow) {
        if self.rows.last().is_some_and(|last| last.slot >= slot) {
            return;
        }
        self.rows.push(Row {
            id: row.id,
            timestamp: row.timestamp,
            slot,
            norm_bits: row.norm_bits,
            importance: row.importance,
            confidence: row.confidence,
            type_tag: row.type_tag,
            archived: row.archived,
            has_vector: row.has_vector,
            live: true,
        });
        if self.seen.len() * 64 < self.rows.len() {
            self.seen.push(AtomicU64::new(0));
        }
    }

    pub(super) fn remove(&mut self, slot: Slot) {
        let Some(position) = self.position(slot) else { return };
        self.rows[position].live = false;
        self.dead += 1;
        if self.dead > DEAD_ROWS_MIN && self.dead * 4 > self.rows.len() {
            self.compact();
        }
    }

    pub(super) fn set_archived(&mut self, slot: Slot, archived: bool) {
        if let Some(position) = self.position(slot) {
            self.rows[position].archived = archived;
        }
    }

    /// Drops dead rows. What was seen is forgotten, which costs checksums and nothing else.
    fn compact(&mut self) {
        self.rows.retain(|row| row.live);
        self.dead = 0;
        self.seen = std::iter::repeat_with(AtomicU64::default).take(self.rows.len().div_ceil(64)).collect();
    }

    /// Whether the checksum of this row's vector was compared.
    pub(super) fn is_seen(&self, position: usize) -> bool {
        let word = self.seen.get(position / 64).map_or(0, |word| word.load(Ordering::Relaxed));
        word >> (position % 64) & 1 == 1
    }

    pub(super) fn set_seen(&self, position: usize) {
        if let Some(word) = self.seen.get(position / 64) {
            word.fetch_or(1 << (position % 64), Ordering::Relaxed);
        }
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>() + self.seen.capacity() * size_of::<AtomicU64>()
    }
}

/// Below this many dead rows compaction is not worth its copy.
const DEAD_ROWS_MIN: usize = 1024;
