//! A snapshot of all tables, every value checked before it is used.

use std::ops::Bound;

use heed::RoTxn;

use crate::error::Result;
use crate::id::Seq;
use crate::model::ProviderIdentity;
use crate::model::change::CollectiveNumber;
use crate::storage::env::{self, Engine, ReadTxn, Unproved, engine_error};
use crate::storage::format::keys;
use crate::storage::format::meta::{self, EmbeddingRow};
use crate::storage::format::seal;
use crate::storage::format::series::Generation;
use crate::storage::format::tables::Table;

/// One state of the database, the same for every call on it.
#[derive(Clone, Copy)]
pub(crate) struct View<'t> {
    pub(in crate::storage) engine: &'t Engine,
    pub(in crate::storage) txn: &'t RoTxn<'t>,
    /// Where a write transaction, which may still be undone, notes what it has checked.
    unproved: Option<&'t Unproved>,
}

impl<'t> View<'t> {
    pub(in crate::storage) fn new(engine: &'t Engine, txn: &'t RoTxn<'t>) -> Self {
        Self { engine, txn, unproved: None }
    }

    /// The state inside a write transaction, which may still be undone.
    pub(in crate::storage) fn uncommitted(
        engine: &'t Engine,
        txn: &'t RoTxn<'t>,
        unproved: &'t Unproved,
    ) -> Self {
        Self { engine, txn, unproved: Some(unproved) }
    }

    /// The state that a snapshot has.
    pub(in crate::storage) fn of(txn: &'t ReadTxn<'t>) -> Self {
        Self::new(txn.engine(), txn)
    }

    /// The number of the transaction whose state this is.
    pub(crate) fn transaction(self) -> u64 {
        self.txn.id() as u64
    }

    /// A stored value with its seal, unchecked.
    pub(in crate::storage) fn sealed(self, table: Table, key: &[u8]) -> Result<Option<&'t [u8]>> {
        self.engine.table(table.index()).get(self.txn, key).map_err(|error| engine_error("read", error))
    }

    /// A stored value, checked.
    pub(in crate::storage) fn get(self, table: Table, key: &[u8]) -> Result<Option<&'t [u8]>> {
        self.sealed(table, key)?.map(|value| seal::open(table, key, value)).transpose()
    }

    /// A stored value of a table whose values never change, checked when this process first meets it.
    pub(in crate::storage) fn get_once(self, table: Table, key: &[u8]) -> Result<Option<&'t [u8]>> {
        self.sealed(table, key)?.map(|value| self.open_once(table, key, value)).transpose()
    }

    /// A stored value that never changes, checked when this process first meets it.
    fn open_once(self, table: Table, key: &[u8], value: &'t [u8]) -> Result<&'t [u8]> {
        let (checked, place) = (self.engine.checked(), seal::place(table, key));
        if checked.has(place) || self.unproved.is_some_and(|unproved| unproved.has(place)) {
            return Ok(seal::payload_unchecked(value));
        }
        let payload = seal::open(table, key, value)?;
        match self.unproved {
            Some(unproved) => unproved.note(place),
            None => checked.note(place),
        }
        Ok(payload)
    }

    /// Tells the system that a value of a table whose values never change is read soon, unless it was checked before;
    /// whether it was told so.
    pub(in crate::storage) fn will_need(self, table: Table, key: &[u8]) -> Result<bool> {
        if !self.engine.checked().has(seal::place(table, key))
            && let Some(value) = self.sealed(table, key)?
        {
            env::will_need(value);
            return Ok(true);
        }
        Ok(false)
    }

    /// The row with the greatest key that is not above the given one, if it is wanted; of a table whose values never change.
    pub(in crate::storage) fn at_or_before(
        self,
        table: Table,
        key: &[u8],
        wanted: impl FnOnce(&[u8]) -> bool,
    ) -> Result<Option<(&'t [u8], &'t [u8])>> {
        let found = self.engine.table(table.index()).get_lower_than_or_equal_to(self.txn, key);
        let found = found.map_err(|error| engine_error("read", error))?.filter(|(key, _)| wanted(key));
        found.map(|(key, value)| Ok((key, self.open_once(table, key, value)?))).transpose()
    }

    /// The rows between two keys, in order, of a table whose values never change.
    pub(in crate::storage) fn range_once(
        self,
        table: Table,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
    ) -> Result<impl Iterator<Item = Result<(&'t [u8], &'t [u8])>> + use<'t>> {
        Ok(self.sealed_range(table, from, to)?.map(move |row| {
            let (key, value) = row?;
            Ok((key, self.open_once(table, key, value)?))
        }))
    }

    /// A stored value, checked and decoded.
    pub(in crate::storage) fn row<T>(
        self,
        table: Table,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(bytes) = self.get(table, key)? else { return Ok(None) };
        read(bytes).map(Some).ok_or_else(|| seal::corrupted(table, key))
    }

    /// The rows of a table between two keys, in order, values with their seals.
    pub(in crate::storage) fn sealed_range(
        self,
        table: Table,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
    ) -> Result<impl Iterator<Item = Result<(&'t [u8], &'t [u8])>> + use<'t>> {
        let range = self
            .engine
            .table(table.index())
            .range(self.txn, &(from, to))
            .map_err(|error| engine_error("scan", error))?;
        Ok(range.map(|row| row.map_err(|error| engine_error("scan", error))))
    }

    /// The rows of a table between two keys, in order, checked.
    pub(in crate::storage) fn range(
        self,
        table: Table,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
    ) -> Result<impl Iterator<Item = Result<(&'t [u8], &'t [u8])>> + use<'t>> {
        Ok(self.sealed_range(table, from, to)?.map(move |row| {
            let (key, value) = row?;
            Ok((key, seal::open(table, key, value)?))
        }))
    }

    /// The rows of a table between two keys, greatest key first, checked.
    pub(in crate::storage) fn reverse_range(
        self,
        table: Table,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
    ) -> Result<impl Iterator<Item = Result<(&'t [u8], &'t [u8])>> + use<'t>> {
        let range = self
            .engine
            .table(table.index())
            .rev_range(self.txn, &(from, to))
            .map_err(|error| engine_error("scan", error))?;
        Ok(range.map(move |row| {
            let (key, value) = row.map_err(|error| engine_error("scan", error))?;
            Ok((key, seal::open(table, key, value)?))
        }))
    }

    /// Keys of the rows of a table that belong to one collective, at most so many; their values are not read.
    pub(in crate::storage) fn keys_of(
        self,
        table: Table,
        number: CollectiveNumber,
        most: usize,
    ) -> Result<Vec<Vec<u8>>> {
        let from = keys::number(number);
        let to = keys::number(CollectiveNumber(number.0.saturating_add(1)));
        let rows = self.sealed_range(table, Bound::Included(&from), Bound::Excluded(&to))?;
        rows.take(most).map(|row| Ok(row?.0.to_vec())).collect()
    }

    /// Keys of the rows of a table that begin with a block's number.
    pub(in crate::storage) fn keys_under(self, table: Table, number: [u8; 8]) -> Result<Vec<Vec<u8>>> {
        let end = u64::from_be_bytes(number).saturating_add(1).to_be_bytes();
        let rows = self.sealed_range(table, Bound::Included(&number), Bound::Excluded(&end))?;
        rows.map(|row| Ok(row?.0.to_vec())).collect()
    }

    /// The number of the last change.
    pub(crate) fn last_sequence(self) -> Result<Seq> {
        self.meta_number(meta::SEQUENCE)
    }

    /// The smallest sequence number that the log still holds.
    pub(crate) fn oldest_change(self) -> Result<Seq> {
        self.meta_number(meta::FLOOR)
    }

    /// A row of `meta` that is one number.
    pub(in crate::storage) fn meta_number(self, key: &[u8]) -> Result<u64> {
        let value = self.row(Table::Meta, key, meta::read_number)?;
        value.ok_or_else(|| seal::corrupted(Table::Meta, key))
    }

    /// What makes the vectors that are in force.
    pub(crate) fn embedding(self) -> Result<EmbeddingRow> {
        let row = self.row(Table::Meta, meta::EMBEDDING, EmbeddingRow::read)?;
        row.ok_or_else(|| seal::corrupted(Table::Meta, meta::EMBEDDING))
    }

    /// The embedder whose vectors are in force.
    pub(in crate::storage) fn identity(self) -> Result<ProviderIdentity> {
        Ok(self.embedding()?.identity)
    }

    /// Fails unless the vectors in force are those of this embedder.
    pub(crate) fn expect_embedder(self, embedder: &EmbeddingRow) -> Result<()> {
        if self.generation()? == embedder.generation {
            return Ok(());
        }
        // It may have come back to an embedder that it had before.
        embedder.expect(&self.identity()?)
    }

    /// The generation of vectors that is in force.
    pub(crate) fn generation(self) -> Result<Generation> {
        let generation = self.row(Table::Meta, meta::EMBEDDING, EmbeddingRow::read_generation)?;
        generation.ok_or_else(|| seal::corrupted(Table::Meta, meta::EMBEDDING))
    }

    /// What makes the vectors of the next generation, while the database moves to another embedder.
    pub(in crate::storage) fn next_embedding(self) -> Result<Option<EmbeddingRow>> {
        self.row(Table::Meta, meta::NEXT_EMBEDDING, EmbeddingRow::read)
    }

    /// Whether vectors may be left that no embedder of now has made.
    pub(in crate::storage) fn has_old_vectors(self) -> Result<bool> {
        Ok(self.row(Table::Meta, meta::OLD_VECTORS, meta::read_mark)?.is_some())
    }
}
