//! Checking the records and the insights: each against the rows that are derived from it, and counted.

use crate::error::Result;
use crate::id::CollectiveId;
use crate::model::Experience;
use crate::storage::format::experience::Place;
use crate::storage::format::keys;
use crate::storage::format::seal;
use crate::storage::format::slot::{SlotRow, read_slot_value};
use crate::storage::format::tables::Table;
use crate::storage::upkeep::check::Checker;
use crate::storage::upkeep::records::{StoredInsight, StoredRecord, insights, records};
use crate::storage::write::block_builder::IndexedRow;
use crate::storage::write::{insights, rows};

impl Checker<'_> {
    pub(super) fn experiences(&mut self) -> Result<()> {
        for record in records(self.view)? {
            match record? {
                StoredRecord::Readable { place, experience, bytes } => {
                    // What is deleted is being removed, index rows last.
                    if self.is_deleted(place.number) {
                        continue;
                    }
                    self.report.experiences += 1;
                    let indexed = self.builder.index(&experience);
                    let bytes = self.record(place, &experience, &indexed) + bytes;
                    self.book(place, &experience, bytes, indexed.words);
                }
                StoredRecord::Damaged { key } => {
                    self.fault(Table::Experience, key, "the value does not match its checksum or its format");
                }
            }
        }
        Ok(())
    }

    /// Adds a record to its collective's counts.
    fn book(&mut self, place: Place, experience: &Experience, bytes: u64, words: u32) {
        let key = *experience.id.as_bytes();
        if experience.sequence == 0 || experience.sequence > self.last_sequence {
            let problem =
                format!("its last change {} is not in 1..={}", experience.sequence, self.last_sequence);
            self.fault(Table::Experience, &key, problem);
        }
        match self.view.is_superseded(place.number, experience.id) {
            Ok(superseded) if superseded == experience.superseded => {}
            Ok(_) => {
                self.fault(Table::Experience, &key, "its relations say otherwise of its being superseded");
            }
            Err(error) => self.fail(Table::RelationByTarget, error),
        }
        self.count_record((Table::Experience, &key), place, experience.collective_id, (bytes, words));
    }

    /// Adds a record or an insight to the counts that it is under.
    fn count_record(
        &mut self,
        (table, key): (Table, &[u8; 16]),
        place: Place,
        collective: CollectiveId,
        (bytes, words): (u64, u32),
    ) {
        match self.owners.get_mut(&place.number) {
            Some(owner) if owner.id == collective => {
                owner.experiences += 1;
                owner.bytes += bytes;
                owner.words += u64::from(words);
                owner.slots_end = owner.slots_end.max(place.slot.0.saturating_add(1));
            }
            _ => self.fault(table, key, "its collective does not exist"),
        }
    }

    /// Compares a record with the rows that are derived from it; returns the bytes of those.
    fn record(&mut self, place: Place, experience: &Experience, indexed: &IndexedRow) -> u64 {
        let mut index = rows::index_keys(place.number, experience);
        index.push((Table::Member, keys::member(place.number, experience.id).to_vec()));
        let row = rows::slot_row(experience, indexed.words);
        self.version(place, row, index, indexed)
    }

    /// Compares what stands under a slot, and what names it, with what a record or an insight needs. `row` is its slot
    /// row.
    fn version(
        &mut self,
        place: Place,
        row: SlotRow,
        index: Vec<(Table, Vec<u8>)>,
        indexed: &IndexedRow,
    ) -> u64 {
        let slot_key = keys::slot(place.number, place.slot);
        let mut bytes = 0;
        self.vectors(place);
        self.expected_row(Table::Slot);
        if let Some(slot) = self.expect_row(Table::Slot, &slot_key, "a record's slot is missing") {
            bytes += row_bytes(&slot_key, slot);
            let mut expected = Vec::new();
            row.write(&mut expected);
            if slot != expected {
                self.fault(Table::Slot, &slot_key, "it does not match its record");
            }
        }
        self.expected_row(Table::Piece);
        if let Some(pieces) = self.expect_row(Table::Piece, &slot_key, "a record's pieces are missing") {
            bytes += row_bytes(&slot_key, pieces);
            if pieces != indexed.piece {
                self.fault(Table::Piece, &slot_key, "they do not match its record");
            }
        }
        for (table, key) in index {
            self.expected_row(table);
            self.report.index_rows += 1;
            if let Some(row) = self.expect_row(table, &key, "a record's index row is missing") {
                bytes += row_bytes(&key, row);
                if read_slot_value(row) != Some(place.slot) {
                    self.fault(table, &key, "it names a different slot than its record");
                }
            }
        }
        bytes
    }

    pub(super) fn insights(&mut self) -> Result<()> {
        for row in insights(self.view)? {
            let (place, insight, own) = match row? {
                StoredInsight::Readable { place, insight, bytes } => (place, insight, bytes),
                StoredInsight::Damaged { key } => {
                    self.fault(Table::Insight, key, "the value does not match its checksum or its format");
                    continue;
                }
            };
            if self.is_deleted(place.number) {
                continue;
            }
            self.report.insights += 1;
            let indexed = self.builder.index_insight(&insight);
            let index = insights::index_keys(place.number, &insight);
            let row = insights::slot_row(&insight, indexed.words);
            let bytes = self.version(place, row, index, &indexed) + own;
            self.count_record(
                (Table::Insight, insight.id.as_bytes()),
                place,
                insight.collective_id,
                (bytes, indexed.words),
            );
        }
        Ok(())
    }

    pub(super) fn expected_row(&mut self, table: Table) {
        *self.expected.entry(table.index()).or_default() += 1;
    }
}

/// Bytes of a row as the counts have it: key, seal and payload.
fn row_bytes(key: &[u8], payload: &[u8]) -> u64 {
    (key.len() + seal::SEAL_BYTES + payload.len()) as u64
}
