//! Checking the index: blocks, states, postings and the tail against the records.

use std::collections::BTreeSet;
use std::ops::Bound;

use crate::error::{PulseDBError, Result, StorageError};
use crate::id::InsightId;
use crate::model::change::{CollectiveNumber, Slot};
use crate::storage::format::block_state::{self, BlockState};
use crate::storage::format::columns::Columns;
use crate::storage::format::keys;
use crate::storage::format::meta::{self, EmbeddingRow};
use crate::storage::format::seal;
use crate::storage::format::series::{BlockEntry, BlockNumber, BlockPart, SeriesId, SeriesRow, slices};
use crate::storage::format::slot::SlotRow;
use crate::storage::format::tables::{OwnerKind, Table};
use crate::storage::read::view::View;
use crate::storage::write::block_builder::{BlockBuilder, IndexedRow, MergeSource, RowToSeal};

/// Something wrong: the table, the key in hexadecimal, and what.
pub(super) type IndexFault = (&'static str, String, String);

/// Checks the index of one collective after another.
pub(super) struct IndexChecker<'t> {
    view: View<'t>,
    builder: &'t dyn BlockBuilder,
    faults: Vec<IndexFault>,
    /// Blocks that some series names.
    known: BTreeSet<BlockNumber>,
}

impl<'t> IndexChecker<'t> {
    pub(super) fn new(view: View<'t>, builder: &'t dyn BlockBuilder) -> Self {
        Self { view, builder, faults: Vec::new(), known: BTreeSet::new() }
    }

    /// Checks the series of a collective that exists.
    pub(super) fn collective(
        &mut self,
        number: CollectiveNumber,
        embedding: &EmbeddingRow,
        next: Option<&EmbeddingRow>,
    ) {
        let id = SeriesId::of(number);
        let series = match self.view.series(id) {
            Ok(series) => series,
            Err(error) => return self.fail(Table::Series, error),
        };
        self.note(&series);
        if series.damaged {
            self.push(Table::Series, &id.blocks_key(), "a part of the index was found damaged");
        }
        if let Err(error) = self.tail(id, &series) {
            self.fail(Table::Tail, error);
        }
        for entry in &series.blocks {
            if let Err(error) = self.block(id, *entry, embedding, next) {
                self.fail(Table::Block, error);
            }
        }
    }

    /// Takes in the blocks of a deleted collective, which are being removed.
    pub(super) fn deleted(&mut self, number: CollectiveNumber) {
        if let Ok(series) = self.view.series(SeriesId::of(number)) {
            self.note(&series);
        }
    }

    /// Looks for blocks that no series names; everything that was found.
    pub(super) fn finish(mut self) -> Vec<IndexFault> {
        match self.view.meta_number(meta::NEXT_BLOCK) {
            Ok(next) if self.known.last().is_none_or(|last| last.0 < next) => {}
            Ok(_) => self.push(Table::Meta, meta::NEXT_BLOCK, "the next number of a block is in use already"),
            Err(error) => self.fail(Table::Meta, error),
        }
        for table in Table::owned_by(OwnerKind::Block) {
            if let Err(error) = self.orphans(table) {
                self.fail(table, error);
            }
        }
        self.faults
    }

    fn note(&mut self, series: &SeriesRow) {
        self.known.extend(series.blocks.iter().map(|entry| entry.number));
        self.known.extend(series.merge.iter().map(|merge| merge.target));
    }

    fn orphans(&mut self, table: Table) -> Result<()> {
        let mut last = None;
        for row in self.view.sealed_range(table, Bound::Unbounded, Bound::Unbounded)? {
            let (key, _) = row?;
            let number = BlockNumber::read(key);
            let known = number.is_some_and(|number| self.known.contains(&number));
            if !known && last != number {
                self.push(table, key, "no series names this block");
            }
            last = number;
        }
        Ok(())
    }

    fn tail(&mut self, id: SeriesId, series: &SeriesRow) -> Result<()> {
        let mut found = BTreeSet::new();
        for value in self.view.tail(id, Slot(0))? {
            let value = value?;
            found.insert(value.slot);
            let expected = self.record(id, value.slot)?;
            let expected = expected.map(|(_, indexed)| indexed.tail);
            if value.slot.0 < series.tail_from || expected.as_deref() != Some(value.bytes()?) {
                self.push(Table::Tail, &id.tail_key(value.slot), "it does not agree with its record");
            }
        }
        for row in self.view.slots(id.number)? {
            let (slot, _) = row?;
            if slot.0 >= series.tail_from && !found.contains(&slot) {
                self.push(Table::Tail, &id.tail_key(slot), "a record's row is missing");
            }
            if slot.0 < series.tail_from && series.block_of(slot).is_none() {
                self.push(Table::Series, &id.blocks_key(), &format!("no block holds slot {}", slot.0));
            }
        }
        if self.view.counter(id.number)?.tail_rows as usize != found.len() {
            let problem = format!("it does not count {} rows of the tail", found.len());
            self.push(Table::Counter, &keys::number(id.number), &problem);
        }
        Ok(())
    }

    /// The record or insight that stands in a slot, as the index keeps it.
    fn record(&self, id: SeriesId, slot: Slot) -> Result<Option<(SlotRow, IndexedRow)>> {
        let Some(row) = self.view.slot_row(id.number, slot)? else { return Ok(None) };
        let indexed = if id.number.is_of_insights() {
            let insight = self.view.stored_insight(InsightId::of_record(row.id))?;
            insight.map(|(_, insight)| self.builder.index_insight(&insight))
        } else {
            self.view.stored_experience(row.id)?.map(|(_, experience)| self.builder.index(&experience))
        };
        Ok(indexed.map(|indexed| (row, indexed)))
    }

    fn block(
        &mut self,
        id: SeriesId,
        entry: BlockEntry,
        embedding: &EmbeddingRow,
        next: Option<&EmbeddingRow>,
    ) -> Result<()> {
        let block = self.view.block(entry, embedding.generation);
        let state = block.state()?;
        if state.dead_rows() != entry.dead {
            self.push(Table::BlockState, &entry.number.key(), "the list counts other dead rows");
        }
        let mut living = self.living(id, entry, &block.all_columns()?, &state)?;
        // Those of the next generation only if they are made already.
        let next = next.filter(|next| {
            self.view.block(entry, next.generation).has_part(BlockPart::Vectors, 0).is_ok_and(|made| made)
        });
        for embedder in std::iter::once(embedding).chain(next) {
            for row in &mut living {
                let vector = self.view.vector(id, embedder.generation, row.slot)?;
                row.vector = vector.map(|vector| vector.bytes);
            }
            if !living.is_empty() && !self.agrees(id, entry, &state.dead, embedder, &living)? {
                self.push(Table::Block, &entry.number.key(), "it does not agree with its records");
            }
        }
        Ok(())
    }

    /// The records of a block that live, without their vectors, after a comparison of its columns with them.
    fn living(
        &mut self,
        id: SeriesId,
        entry: BlockEntry,
        columns: &[Columns<'_>],
        state: &BlockState,
    ) -> Result<Vec<RowToSeal<'t>>> {
        let mut living = Vec::new();
        let mut slots = 0;
        let rows = columns.iter().flat_map(|slice| (0..slice.rows()).map(move |row| (slice, row)));
        for (at, (columns, row)) in rows.enumerate() {
            let slot = columns.slot(row);
            let row = state.of_row(at, columns.slot_row(row));
            let record = self.record(id, slot)?;
            let is_dead = block_state::has(&state.dead, at);
            if is_dead != record.is_none() || record.as_ref().is_some_and(|(stored, _)| *stored != row) {
                let problem = format!("the row of slot {} does not agree with its record", slot.0);
                self.push(Table::Block, &entry.number.key(), &problem);
            }
            if let Some((row, indexed)) = record.filter(|_| !is_dead) {
                let tail = indexed.tail.into();
                living.push(RowToSeal { slot, row, tail, vector: None });
                slots += 1;
            }
        }
        let from = keys::slot(id.number, entry.first);
        let to = keys::slot(id.number, entry.last);
        let stored =
            self.view.sealed_range(Table::Slot, Bound::Included(&from), Bound::Included(&to))?.count();
        if stored != slots {
            let problem = format!("it holds {slots} of {stored} records of its slots");
            self.push(Table::Block, &entry.number.key(), &problem);
        }
        Ok(living)
    }

    /// Whether a block has the codes and postings that a block of the same records would have.
    fn agrees(
        &self,
        id: SeriesId,
        entry: BlockEntry,
        dead: &[u64],
        embedder: &EmbeddingRow,
        living: &[RowToSeal<'_>],
    ) -> Result<bool> {
        let dimension = embedder.identity.dimension;
        let shared = self.view.shared(id, embedder.generation)?;
        let expected = self.builder.seal(dimension, shared, living)?;
        let block = self.view.block(entry, embedder.generation);
        let sources = [MergeSource { block, dropped: dead.to_vec() }];
        let mut parts = Vec::new();
        for slice in 0..slices(living.len() as u32) {
            parts.extend(self.builder.merge_slice(dimension, &sources, slice as u16)?);
        }
        parts.sort_unstable_by_key(|(part, run, _)| (*part, *run));
        let merged = self.builder.merge_postings(&sources, &[], usize::MAX)?;
        Ok(expected.shared.is_none() && expected.parts == parts && expected.postings == merged.postings)
    }

    fn push(&mut self, table: Table, key: &[u8], problem: &str) {
        self.faults.push((table.name(), seal::hexadecimal(key), problem.to_owned()));
    }

    fn fail(&mut self, table: Table, error: PulseDBError) {
        self.faults.push(match error {
            PulseDBError::Storage(StorageError::Corrupted { table, key }) => {
                (table, key, "the value does not match its checksum or its format".to_owned())
            }
            other => (table.name(), "?".to_owned(), other.to_string()),
        });
    }
}
