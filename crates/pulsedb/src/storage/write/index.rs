//! The index in a write transaction: the rows of the tail, the states of blocks, and sealing.

use heed::PutFlags;

use crate::error::{PulseDBError, Result, StorageError};
use crate::limits;
use crate::model::change::Slot;
use crate::storage::format::block_state::BlockState;
use crate::storage::format::columns::write_columns;
use crate::storage::format::keys;
use crate::storage::format::meta;
use crate::storage::format::seal;
use crate::storage::format::series::{BlockEntry, BlockNumber, BlockPart, SeriesId};
use crate::storage::format::slot::SlotRow;
use crate::storage::format::tables::Table;
use crate::storage::format::writer::Write;
use crate::storage::read::view::View;
use crate::storage::write::block_builder::{IndexedRow, RowToSeal, SealedBlock};
use crate::storage::write::transaction::{OpenCollective, WriteTxn};

/// More than a row of a block takes beside its codes and its postings.
const SEALED_BYTES: usize = 256;

impl WriteTxn<'_> {
    /// Adds the row of a new slot to the tail. The caller puts its other rows.
    pub(super) fn index_insert(
        &mut self,
        collective: &mut OpenCollective,
        slot: Slot,
        indexed: &IndexedRow,
    ) -> Result<()> {
        let key = keys::slot(collective.number, slot);
        self.insert(&mut collective.counter, Table::Piece, &key, |out| out.put(&indexed.piece))?;
        let series = &mut collective.series;
        self.put(Table::Tail, &series.id.tail_key(slot), |out| out.put(&indexed.tail))?;
        series.changes += 1;
        collective.counter.tail_rows += 1;
        collective.counter.words += u64::from(indexed.words);
        Ok(())
    }

    /// Takes a slot out of the index. The caller removes its other rows.
    pub(super) fn index_remove(
        &mut self,
        collective: &mut OpenCollective,
        slot: Slot,
        row: &SlotRow,
    ) -> Result<()> {
        self.remove(&mut collective.counter, Table::Piece, &keys::slot(collective.number, slot))?;
        collective.series.changes += 1;
        collective.counter.words = collective.counter.words.saturating_sub(u64::from(row.words));
        if slot.0 >= collective.series.row.tail_from {
            // One that is missing is no loss now.
            self.delete(Table::Tail, &collective.series.id.tail_key(slot))?;
            collective.counter.tail_rows = collective.counter.tail_rows.saturating_sub(1);
            return Ok(());
        }
        let changed = self.change_state(collective, slot, |state, row| state.set_dead(row, true))?;
        if let Some(entry) = changed.and_then(|at| collective.series.row.blocks.get_mut(at)) {
            entry.dead += 1;
            collective.series.changed = true;
        }
        Ok(())
    }

    /// Marks a slot as archived or not.
    pub(super) fn index_set_archived(
        &mut self,
        collective: &mut OpenCollective,
        slot: Slot,
        archived: bool,
    ) -> Result<()> {
        if slot.0 >= collective.series.row.tail_from {
            return Ok(());
        }
        self.change_state(collective, slot, |state, row| {
            state.set_archived(row, archived);
        })?;
        Ok(())
    }

    /// Marks a slot as superseded or not.
    pub(super) fn index_set_superseded(
        &mut self,
        collective: &mut OpenCollective,
        slot: Slot,
        superseded: bool,
    ) -> Result<()> {
        if slot.0 >= collective.series.row.tail_from {
            return Ok(());
        }
        self.change_state(collective, slot, |state, row| {
            state.set_superseded(row, superseded);
        })?;
        Ok(())
    }

    /// Changes the state of the row of a slot; the place of its block in the list. Where the block is damaged the record
    /// is changed all the same: `None`.
    fn change_state(
        &mut self,
        collective: &mut OpenCollective,
        slot: Slot,
        change: impl FnOnce(&mut BlockState, usize),
    ) -> Result<Option<usize>> {
        let series = &collective.series;
        let blocks = &series.row.blocks;
        let at = blocks.iter().position(|entry| entry.first <= slot && slot <= entry.last);
        let found = at.ok_or_else(|| seal::corrupted(Table::Series, &series.id.blocks_key()));
        let state = found.and_then(|at| {
            let block = self.view().block(blocks[at], self.embedding.generation);
            let mut state = block.state()?;
            let row = block.row_of(slot, |slice| block.columns(slice))?;
            change(&mut state, row.ok_or_else(|| block.malformed(BlockPart::Columns))?);
            Ok((at, state))
        });
        match state {
            Ok((at, state)) => {
                self.put(Table::BlockState, &blocks[at].number.key(), |out| state.write(out))?;
                Ok(Some(at))
            }
            Err(PulseDBError::Storage(StorageError::Corrupted { table, key })) => {
                tracing::warn!(table, key, "a damaged part of the index; run `repair`");
                // Without its state nobody reads the block, and the records answer in its place.
                if let Some(at) = at {
                    self.delete(Table::BlockState, &collective.series.row.blocks[at].number.key())?;
                }
                collective.series.row.damaged = true;
                collective.series.changed = true;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Stores what has changed of the index of a collective, and turns a full tail into a block.
    pub(super) fn close_series(&mut self, collective: &mut OpenCollective) -> Result<()> {
        if !collective.series.row.damaged {
            let outcome = self.seal_tail(collective).and_then(|()| self.merge(collective));
            match outcome {
                Err(PulseDBError::Storage(StorageError::Corrupted { table, key })) => {
                    // Records are kept all the same: they stay in the tail until a repair.
                    tracing::warn!(table, key, "a damaged part of the index; run `repair`");
                    collective.series.row.damaged = true;
                    collective.series.changed = true;
                }
                outcome => outcome?,
            }
        }
        let series = &mut collective.series;
        if std::mem::take(&mut series.changed) {
            self.put(Table::Series, &series.id.blocks_key(), |out| series.row.write(out))?;
        }
        Ok(())
    }

    fn seal_tail(&mut self, collective: &mut OpenCollective) -> Result<()> {
        if collective.counter.tail_rows < self.rules.seal_rows { Ok(()) } else { self.seal_block(collective) }
    }

    /// Turns the oldest rows of the tail into a block.
    fn seal_block(&mut self, collective: &mut OpenCollective) -> Result<()> {
        let id = collective.series.id;
        let (slots, sealed) = {
            let view = self.view();
            let mut rows: Vec<RowToSeal<'_>> = Vec::new();
            let mut tail_bytes = 0;
            let from = Slot(collective.series.row.tail_from);
            for value in view.tail(id, from)?.take(limits::SEALED_AT_ONCE_MAX) {
                let value = value?;
                let row = view.slot_row(id.number, value.slot)?;
                let row = row.ok_or_else(|| value.malformed())?;
                let vector = view.vector(id, self.embedding.generation, value.slot)?;
                let vector = vector.map(|vector| vector.bytes);
                let tail = value.bytes()?;
                tail_bytes += tail.len();
                if tail_bytes > limits::SEALED_TAIL_BYTES_MAX && !rows.is_empty() {
                    break;
                }
                rows.push(RowToSeal { slot: value.slot, row, tail: tail.into(), vector });
            }
            expect_every_slot(view, id, from, &rows)?;
            if rows.is_empty() {
                return Err(seal::corrupted(Table::Series, &id.blocks_key()));
            }
            // Postings are shorter than the rows of the tail that they are made of.
            if !self.has_room(tail_bytes + rows.len() * (SEALED_BYTES + 2 * collective.dimension)) {
                return Ok(());
            }
            let shared = view.shared(id, self.embedding.generation)?;
            let sealed = self.rules.builder.seal(collective.dimension, shared, &rows)?;
            let slots: Vec<(Slot, SlotRow)> = rows.iter().map(|row| (row.slot, row.row)).collect();
            (slots, sealed)
        };
        let number = self.next_block_number()?;
        self.put_block(number, id, &slots, &sealed)?;
        for (slot, _) in &slots {
            self.delete(Table::Tail, &id.tail_key(*slot))?;
        }
        let (Some((first, _)), Some((last, _))) = (slots.first(), slots.last()) else { return Ok(()) };
        let series = &mut collective.series;
        series.row.blocks.push(BlockEntry {
            number,
            rows: slots.len() as u32,
            dead: 0,
            first: *first,
            last: *last,
        });
        tracing::debug!(block = number.0, rows = slots.len(), "sealed a block");
        series.row.tail_from = last.0.saturating_add(1);
        collective.counter.tail_rows = collective.counter.tail_rows.saturating_sub(slots.len() as u32);
        series.changed = true;
        Ok(())
    }

    fn put_block(
        &mut self,
        number: BlockNumber,
        id: SeriesId,
        rows: &[(Slot, SlotRow)],
        sealed: &SealedBlock,
    ) -> Result<()> {
        let generation = self.embedding.generation;
        for (slice, rows) in (0..).zip(rows.chunks(limits::SLICE_ROWS)) {
            let key = number.part_key(BlockPart::Columns, generation, slice);
            self.write(Table::Block, &key, PutFlags::APPEND, |out| write_columns(rows, out))?;
        }
        for (part, run, bytes) in &sealed.parts {
            let key = number.part_key(*part, generation, *run);
            self.write(Table::Block, &key, PutFlags::APPEND, |out| out.put(bytes))?;
        }
        for (first_term, bytes) in &sealed.postings {
            let key = number.posting_key(first_term);
            self.write(Table::Posting, &key, PutFlags::APPEND, |out| out.put(bytes))?;
        }
        let mut state = BlockState::new(rows.len() as u32);
        for (at, (_, row)) in rows.iter().enumerate() {
            state.set_archived(at, row.archived);
            state.set_superseded(at, row.superseded);
        }
        self.put(Table::BlockState, &number.key(), |out| state.write(out))?;
        if let Some(shared) = &sealed.shared {
            self.put(Table::Series, &id.shared_key(generation), |out| out.put(shared))?;
        }
        Ok(())
    }

    /// A number above that of every block so far, so that its rows are appended.
    pub(super) fn next_block_number(&mut self) -> Result<BlockNumber> {
        let number = self.view().meta_number(meta::NEXT_BLOCK)?;
        self.put(Table::Meta, meta::NEXT_BLOCK, |out| out.u64(number.saturating_add(1)))?;
        Ok(BlockNumber(number))
    }
}

/// Fails unless every slot from the first of the tail to the last of these rows is among them: a record whose row of the
/// tail is lost would be in no block.
fn expect_every_slot(view: View<'_>, id: SeriesId, from: Slot, rows: &[RowToSeal<'_>]) -> Result<()> {
    let last = rows.last().map_or(from, |row| row.slot);
    let mut stored = 0;
    for row in view.slots_from(id.number, from)? {
        if row?.0 > last {
            break;
        }
        stored += 1;
    }
    if stored == rows.len() { Ok(()) } else { Err(seal::corrupted(Table::Tail, &id.tail_key(from))) }
}
