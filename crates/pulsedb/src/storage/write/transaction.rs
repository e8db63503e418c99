//! Writing: one write transaction, its sequence numbers, its log rows and its byte counts.

use std::collections::BTreeMap;

use heed::PutFlags;

use crate::clock::{self, Timestamp};
use crate::error::{NotFoundError, Result};
use crate::id::{CollectiveId, Seq};
use crate::model::change::{Change, CollectiveNumber, Slot};
use crate::storage::env::{Space, Turn, Unproved, WriteGuard, engine_error};
use crate::storage::format::collective::CounterRow;
use crate::storage::format::keys;
use crate::storage::format::meta::{self, EmbeddingRow};
use crate::storage::format::seal;
use crate::storage::format::series::{Generation, SeriesId, SeriesRow};
use crate::storage::format::tables::Table;
use crate::storage::format::vector::{StoredVector, write_vector};
use crate::storage::format::writer::Write;
use crate::storage::read::view::View;
use crate::storage::write::block_builder::BlockBuilder;

/// Of so many records of a batch, one copies pages that the others do not.
const RECORDS_A_LEAF: usize = 8;

/// About what an operation writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Records that it makes, changes or removes, each with its index rows.
    pub(crate) records: usize,
    /// Bytes of keys and values.
    pub(crate) bytes: usize,
}

/// What a commit has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Committed {
    /// The number of the transaction.
    pub(crate) transaction: u64,
    /// The number of the last change.
    pub(crate) sequence: Seq,
}

/// A write transaction with what its operations share. Nothing is visible to others until it is committed.
pub(crate) struct WriteTxn<'e> {
    pub(super) rules: IndexRules<'e>,
    guard: WriteGuard<'e>,
    /// What makes the vectors that are in force.
    pub(in crate::storage) embedding: EmbeddingRow,
    /// What makes those of the next generation, while the database moves to another embedder.
    pub(in crate::storage) next: Option<EmbeddingRow>,
    /// The moment of every change in it.
    pub(crate) now: Timestamp,
    sequence: Seq,
    sequence_before: Seq,
    floor_before: Seq,
    /// The greatest id so far, of each table whose keys are ids that this transaction makes.
    last_ids: BTreeMap<usize, [u8; 16]>,
    /// The changes that take numbers, if somebody wants them.
    kept: Option<Vec<Change>>,
    /// Rows that were written to the log.
    pub(super) logged: usize,
    /// Whether the running operation has changed anything yet.
    touched: bool,
    /// The vectors that the fence follows; see [`insert_vector`](Self::insert_vector).
    fenced: Option<(SeriesId, Generation)>,
    buffer: Vec<u8>,
    /// Parts of blocks that were checked here.
    unproved: Unproved,
}

/// How rows become blocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexRules<'e> {
    pub(crate) builder: &'e dyn BlockBuilder,
    /// Rows of the tail that a commit turns into a block.
    pub(crate) seal_rows: u32,
}

/// A collective, or its insights, that is being written to: its row and its counts, stored when the operation is done.
pub(crate) struct OpenCollective {
    pub(crate) id: CollectiveId,
    pub(crate) number: CollectiveNumber,
    pub(crate) dimension: usize,
    pub(crate) counter: CounterRow,
    pub(crate) series: OpenSeries,
}

impl OpenCollective {
    /// A collective of which nothing is indexed yet.
    pub(in crate::storage) fn new(
        id: CollectiveId,
        number: CollectiveNumber,
        dimension: usize,
        counter: CounterRow,
    ) -> Self {
        let row = SeriesRow::default();
        let series = OpenSeries { id: SeriesId::of(number), row, changed: false, changes: 0 };
        Self { id, number, dimension, counter, series }
    }
}

/// The index of a collective that is being written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenSeries {
    pub(crate) id: SeriesId,
    pub(crate) row: SeriesRow,
    /// Whether the row differs from the stored one.
    pub(crate) changed: bool,
    /// Records that were changed.
    pub(crate) changes: usize,
}

impl<'e> WriteTxn<'e> {
    /// Waits for its turn among all processes and begins.
    pub(in crate::storage) fn begin(turn: &'e mut Turn<'_>, rules: IndexRules<'e>) -> Result<Self> {
        let mut txn = Self::begin_unstamped(turn, rules)?;
        if txn.view().sealed(Table::Meta, meta::FORMAT)?.is_some() {
            txn.sequence = txn.view().last_sequence()?;
            txn.sequence_before = txn.sequence;
            txn.floor_before = txn.view().oldest_change()?;
            txn.embedding = txn.view().embedding()?;
            txn.next = txn.view().next_embedding()?;
        }
        Ok(txn)
    }

    /// Begins without a look at `meta`, for callers that write its rows.
    pub(in crate::storage) fn begin_unstamped(turn: &'e mut Turn<'_>, rules: IndexRules<'e>) -> Result<Self> {
        let guard = turn.begin()?;
        Ok(Self {
            rules,
            guard,
            embedding: EmbeddingRow::default(),
            next: None,
            now: clock::now(),
            sequence: 0,
            sequence_before: 0,
            floor_before: 0,
            last_ids: BTreeMap::new(),
            kept: None,
            logged: 0,
            touched: false,
            fenced: None,
            buffer: Vec::new(),
            unproved: Unproved::default(),
        })
    }

    /// The state of the database with the changes so far.
    pub(crate) fn view(&self) -> View<'_> {
        View::uncommitted(self.guard.engine(), &self.guard, &self.unproved)
    }

    /// Prepares for the next operation: makes sure that there is room for what it writes.
    pub(in crate::storage) fn start_operation(&mut self, size: Size, space: Space) -> Result<()> {
        self.touched = false;
        // Most tables are appended to, so only one in several records of a batch copies a leaf of its own.
        let parts = size.records.div_ceil(RECORDS_A_LEAF).max(1);
        let before = self.guard.planned();
        (0..parts)
            .try_for_each(|_| self.guard.reserve(size.bytes.div_ceil(parts), space))
            // What is refused is not written, so its neighbours need no room for it.
            .inspect_err(|_| self.guard.plan_again(before))
    }

    /// Makes room for a part of the index that can wait; whether there is any.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        let before = self.guard.planned();
        let room = self.guard.reserve(bytes, Space::Growth);
        room.inspect_err(|_| self.guard.plan_again(before)).is_ok()
    }

    /// Whether the running operation has changed anything, so that failing leaves half of it behind.
    pub(in crate::storage) fn touched(&self) -> bool {
        self.touched
    }

    /// Stores the sequence number and commits. `None` if nothing was logged: the engine reuses the number of a
    /// transaction that has written nothing.
    pub(in crate::storage) fn commit(mut self) -> Result<Option<Committed>> {
        let logged = self.sequence != self.sequence_before;
        if logged {
            // Each number is one more than the last, so the log stays dense.
            debug_assert!(self.sequence > self.sequence_before);
            let sequence = self.sequence;
            self.put(Table::Meta, meta::SEQUENCE, |out| out.u64(sequence))?;
        }
        self.remove_fence()?;
        let committed = Committed { transaction: self.transaction(), sequence: self.sequence };
        let engine = self.guard.engine();
        self.guard.commit()?;
        self.unproved.proved(engine.checked());
        Ok(logged.then_some(committed))
    }

    /// Puts a row whose value has its seal already.
    pub(in crate::storage) fn put_sealed(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<()> {
        self.touched = true;
        let engine = self.guard.engine();
        let table = engine.table(table.index());
        table.put(self.guard.txn(), key, value).map_err(|error| engine.write_error("write", error))
    }

    /// Removes every row of a table.
    pub(in crate::storage) fn clear(&mut self, table: Table) -> Result<()> {
        self.touched = true;
        let engine = self.guard.engine();
        let table = engine.table(table.index());
        table.clear(self.guard.txn()).map_err(|error| engine.write_error("clear", error))
    }

    /// Keeps the changes, for whoever is told of the commit.
    pub(in crate::storage) fn keep_changes(&mut self) {
        self.kept = Some(Vec::new());
    }

    /// The changes that were kept, in the order of their numbers.
    pub(in crate::storage) fn take_changes(&mut self) -> Option<Vec<Change>> {
        self.kept.take()
    }

    pub(super) fn keep(&mut self, change: Change) {
        if let Some(kept) = &mut self.kept {
            kept.push(change);
        }
    }

    /// The number of the last change before this transaction.
    pub(in crate::storage) fn sequence_before(&self) -> Seq {
        self.sequence_before
    }

    /// Whether this transaction took a sequence number.
    pub(super) fn has_made(&self, sequence: Seq) -> bool {
        sequence > self.sequence_before
    }

    /// How many rows were written to the log.
    pub(in crate::storage) fn logged(&self) -> usize {
        self.logged
    }

    pub(in crate::storage) fn floor(&self) -> Seq {
        self.floor_before
    }

    pub(in crate::storage) fn sequence(&self) -> Seq {
        self.sequence
    }

    /// The number of this transaction, once it is committed.
    pub(in crate::storage) fn transaction(&self) -> u64 {
        self.view().transaction()
    }

    /// Takes `count` sequence numbers and returns the first of them.
    pub(in crate::storage) fn take_sequences(&mut self, count: u64) -> Result<Seq> {
        let first = self.sequence.checked_add(1);
        let last = self.sequence.checked_add(count);
        let (Some(first), Some(last)) = (first, last) else {
            // No database lives long enough to reach the last number.
            return Err(seal::corrupted(Table::Meta, meta::SEQUENCE));
        };
        self.sequence = last;
        Ok(first)
    }

    /// The greatest key of a table whose keys are ids.
    pub(super) fn last_key(&self, table: Table) -> Result<Option<[u8; 16]>> {
        let engine = self.guard.engine();
        let table = engine.table(table.index());
        let last = table.last(&self.guard).map_err(|error| engine_error("read", error))?;
        Ok(last.and_then(|(key, _)| key.try_into().ok()))
    }

    /// An id above all others of a table, so that its row is appended.
    pub(super) fn next_id(&mut self, table: Table) -> Result<[u8; 16]> {
        let last = match self.last_ids.get(&table.index()) {
            Some(last) => Some(*last),
            None => self.last_key(table)?,
        };
        let id = clock::uuid_above(last);
        self.last_ids.insert(table.index(), id);
        Ok(id)
    }

    /// Notes an id that was stored without coming from here: later ones must be above it too.
    pub(super) fn note_id(&mut self, table: Table, id: [u8; 16]) {
        // Where none is known yet, the table is asked first.
        if let Some(last) = self.last_ids.get_mut(&table.index()) {
            *last = id.max(*last);
        }
    }

    /// Puts a row, replacing what is there.
    pub(in crate::storage) fn put(
        &mut self,
        table: Table,
        key: &[u8],
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> Result<()> {
        self.write(table, key, PutFlags::empty(), encode)?;
        Ok(())
    }

    /// Puts a row that belongs to an experience where there is none, and counts its bytes.
    pub(in crate::storage) fn insert(
        &mut self,
        counts: &mut CounterRow,
        table: Table,
        key: &[u8],
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> Result<()> {
        let length = self.write(table, key, PutFlags::NO_OVERWRITE, encode)?;
        counts.grow((key.len() + length) as i64);
        Ok(())
    }

    /// Puts the vector of a record in one generation; the bytes of the row. A record without a vector has a row too, so
    /// that a lost one is noticed.
    ///
    /// When a row is added behind the last row of a full page, LMDB splits the page in front of that last row. Where two
    /// vectors fill a page, each page would be left with one, since the vectors of a collective are added in ascending
    /// order. So while the transaction writes, a fence follows them: an empty row under the greatest slot, which no
    /// record gets. With it, the page is split behind its last vector.
    pub(in crate::storage) fn insert_vector(
        &mut self,
        id: SeriesId,
        generation: Generation,
        slot: Slot,
        vector: Option<&StoredVector>,
    ) -> Result<u64> {
        if self.fenced != Some((id, generation)) {
            self.remove_fence()?;
            self.put(Table::Vector, &id.vector_key(generation, Slot(u32::MAX)), |_| ())?;
            self.fenced = Some((id, generation));
        }
        let key = id.vector_key(generation, slot);
        let length =
            self.write(Table::Vector, &key, PutFlags::NO_OVERWRITE, |out| write_vector(vector, out))?;
        Ok((key.len() + length) as u64)
    }

    /// Removes the vector of a record in one generation; the bytes of the row, `None` if there was none.
    pub(in crate::storage) fn remove_vector(
        &mut self,
        id: SeriesId,
        generation: Generation,
        slot: Slot,
    ) -> Result<Option<u64>> {
        let key = id.vector_key(generation, slot);
        let Some(length) = self.view().sealed(Table::Vector, &key)?.map(<[u8]>::len) else { return Ok(None) };
        self.delete(Table::Vector, &key)?;
        Ok(Some((key.len() + length) as u64))
    }

    fn remove_fence(&mut self) -> Result<()> {
        if let Some((id, generation)) = self.fenced.take() {
            self.delete(Table::Vector, &id.vector_key(generation, Slot(u32::MAX)))?;
        }
        Ok(())
    }

    /// Puts a row of an experience above all other rows of the table, and counts its bytes.
    pub(in crate::storage) fn append(
        &mut self,
        counts: &mut CounterRow,
        table: Table,
        key: &[u8],
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> Result<()> {
        let length = self.write(table, key, PutFlags::APPEND, encode)?;
        counts.grow((key.len() + length) as i64);
        Ok(())
    }

    /// Replaces a row of an experience, which must be there, and counts the difference in bytes.
    pub(in crate::storage) fn replace(
        &mut self,
        counts: &mut CounterRow,
        table: Table,
        key: &[u8],
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> Result<()> {
        let before = self.view().sealed(table, key)?.map(<[u8]>::len);
        let before = before.ok_or_else(|| seal::corrupted(table, key))?;
        let length = self.write(table, key, PutFlags::empty(), encode)?;
        counts.grow(length as i64 - before as i64);
        Ok(())
    }

    /// Removes a row of an experience, which must be there, and counts its bytes.
    pub(in crate::storage) fn remove(
        &mut self,
        counts: &mut CounterRow,
        table: Table,
        key: &[u8],
    ) -> Result<()> {
        let length = self.view().sealed(table, key)?.map(<[u8]>::len);
        let length = length.ok_or_else(|| seal::corrupted(table, key))?;
        self.delete(table, key)?;
        counts.grow(-((key.len() + length) as i64));
        Ok(())
    }

    /// Removes a row if it is there.
    pub(in crate::storage) fn delete(&mut self, table: Table, key: &[u8]) -> Result<bool> {
        self.touched = true;
        let engine = self.guard.engine();
        let table = engine.table(table.index());
        table.delete(self.guard.txn(), key).map_err(|error| engine.write_error("delete", error))
    }

    pub(super) fn write(
        &mut self,
        table: Table,
        key: &[u8],
        flags: PutFlags,
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> Result<usize> {
        seal::begin(&mut self.buffer);
        encode(&mut self.buffer);
        seal::finish(table, key, &mut self.buffer);
        self.touched = true;
        let engine = self.guard.engine();
        let database = engine.table(table.index());
        database
            .put_with_flags(self.guard.txn(), flags, key, &self.buffer)
            .map_err(|error| engine.write_error("write", error))?;
        Ok(self.buffer.len())
    }

    /// A collective to write to.
    pub(crate) fn open_collective(&self, id: CollectiveId) -> Result<OpenCollective> {
        self.open_numbered(id, |number| number)
    }

    fn open_numbered(
        &self,
        id: CollectiveId,
        kept_under: impl FnOnce(CollectiveNumber) -> CollectiveNumber,
    ) -> Result<OpenCollective> {
        let Some(row) = self.view().collective_row(id)? else {
            return Err(NotFoundError::Collective(id).into());
        };
        let number = kept_under(row.number);
        let counter = self.view().counter(number)?;
        let dimension = self.embedding.identity.dimension;
        let mut collective = OpenCollective::new(id, number, dimension, counter);
        collective.series.row = self.view().series(collective.series.id)?;
        Ok(collective)
    }

    /// The insights of a collective, to write to: they have counts and an index of their own.
    pub(crate) fn open_insights(&self, id: CollectiveId) -> Result<OpenCollective> {
        self.open_numbered(id, CollectiveNumber::of_insights)
    }

    /// Stores the counts of a collective and what has changed of its index.
    pub(crate) fn close_collective(&mut self, collective: &mut OpenCollective) -> Result<()> {
        self.close_series(collective)?;
        let key = keys::number(collective.number);
        self.put(Table::Counter, &key, |out| collective.counter.write(out))
    }
}
