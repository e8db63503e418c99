//! Reading: one snapshot of all tables, every value checked before it is used.

use std::ops::Bound;

use heed::RoTxn;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{CollectiveId, ExperienceId, Seq};
use crate::model::change::{CollectiveNumber, Slot};
use crate::model::{Collective, CollectiveStats, Experience};
use crate::storage::env::{Environment, engine_error};
use crate::storage::format::codec::{self, CollectiveRow, CounterRow, Place, Reader, SlotRow};
use crate::storage::format::keys::{self, Prefix};
use crate::storage::format::meta;
use crate::storage::format::seal;
use crate::storage::format::tables::Table;
use crate::storage::read::newest::NewestFirst;

/// One state of the database, the same for every call on it.
#[derive(Clone, Copy)]
pub(crate) struct View<'t> {
    pub(in crate::storage) env: &'t Environment,
    pub(in crate::storage) txn: &'t RoTxn<'t>,
}

/// A collective that exists in this view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) id: CollectiveId,
    pub(crate) number: CollectiveNumber,
    pub(crate) dimension: usize,
}

impl<'t> View<'t> {
    pub(in crate::storage) fn new(env: &'t Environment, txn: &'t RoTxn<'t>) -> Self {
        Self { env, txn }
    }

    /// The number of the transaction whose state this is.
    pub(crate) fn transaction(self) -> u64 {
        self.txn.id() as u64
    }

    /// A stored value with its seal, unchecked.
    pub(in crate::storage) fn sealed(self, table: Table, key: &[u8]) -> Result<Option<&'t [u8]>> {
        self.env.table(table.index()).get(self.txn, key).map_err(|error| engine_error("read", error))
    }

    /// A stored value, checked.
    pub(in crate::storage) fn get(self, table: Table, key: &[u8]) -> Result<Option<&'t [u8]>> {
        self.sealed(table, key)?.map(|value| seal::open(table, key, value)).transpose()
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
            .env
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
            .env
            .table(table.index())
            .rev_range(self.txn, &(from, to))
            .map_err(|error| engine_error("scan", error))?;
        Ok(range.map(move |row| {
            let (key, value) = row.map_err(|error| engine_error("scan", error))?;
            Ok((key, seal::open(table, key, value)?))
        }))
    }

    /// The rows of a table that belong to one collective, in order, checked.
    pub(in crate::storage) fn rows_of(
        self,
        table: Table,
        number: CollectiveNumber,
    ) -> Result<impl Iterator<Item = Result<(&'t [u8], &'t [u8])>> + use<'t>> {
        let from = keys::number(number);
        let to = keys::number(CollectiveNumber(number.0.saturating_add(1)));
        self.range(table, Bound::Included(&from), Bound::Excluded(&to))
    }

    /// Keys of the rows of a table that belong to one collective, at most so many, whatever their values are.
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

    /// The number of the last change.
    pub(crate) fn last_sequence(self) -> Result<Seq> {
        meta::number(self, meta::SEQUENCE)
    }

    /// The smallest sequence number that the log still holds.
    pub(crate) fn oldest_change(self) -> Result<Seq> {
        meta::number(self, meta::FLOOR)
    }

    pub(crate) fn collective(self, id: CollectiveId) -> Result<Option<Collective>> {
        Ok(self.collective_row(id)?.map(|row| public(id, row)))
    }

    pub(in crate::storage) fn collective_row(self, id: CollectiveId) -> Result<Option<CollectiveRow>> {
        self.row(Table::Collective, id.as_bytes(), CollectiveRow::read)
    }

    /// What a query needs of a collective.
    pub(crate) fn room(self, id: CollectiveId) -> Result<Option<Room>> {
        Ok(self.collective_row(id)?.map(|row| Room {
            id,
            number: row.number,
            dimension: usize::from(row.dimension),
        }))
    }

    pub(crate) fn collective_named(self, name: &str) -> Result<Option<CollectiveId>> {
        self.row(Table::CollectiveName, name.as_bytes(), |bytes| {
            bytes.try_into().ok().map(CollectiveId::from_bytes)
        })
    }

    /// Every collective, oldest first.
    pub(crate) fn collectives(self) -> Result<Vec<Collective>> {
        self.range(Table::Collective, Bound::Unbounded, Bound::Unbounded)?
            .map(|row| {
                let (key, bytes) = row?;
                let id = key.try_into().map(CollectiveId::from_bytes);
                let row = CollectiveRow::read(bytes);
                match (id, row) {
                    (Ok(id), Some(row)) => Ok(public(id, row)),
                    _ => Err(seal::corrupted(Table::Collective, key)),
                }
            })
            .collect()
    }

    pub(in crate::storage) fn counter(self, number: CollectiveNumber) -> Result<CounterRow> {
        let key = keys::number(number);
        let row = self.row(Table::Counter, &key, CounterRow::read)?;
        row.ok_or_else(|| seal::corrupted(Table::Counter, &key))
    }

    /// Fails unless as many rows of a table were found as `expected` makes of the number of the collective's
    /// experiences. Keys have no checksum: a row whose key is damaged stands elsewhere, and only the count tells.
    pub(crate) fn expect_rows(
        self,
        table: Table,
        number: CollectiveNumber,
        found: usize,
        expected: impl FnOnce(u64) -> u64,
    ) -> Result<()> {
        if expected(self.counter(number)?.experiences) == found as u64 {
            return Ok(());
        }
        Err(seal::corrupted(table, &keys::number(number)))
    }

    pub(crate) fn collective_stats(self, id: CollectiveId) -> Result<Option<CollectiveStats>> {
        let Some(row) = self.collective_row(id)? else { return Ok(None) };
        let counter = self.counter(row.number)?;
        let (oldest_experience, newest_experience) = self.time_span(row.number)?;
        Ok(Some(CollectiveStats {
            experience_count: counter.experiences,
            storage_bytes: counter.bytes,
            oldest_experience,
            newest_experience,
        }))
    }

    /// The oldest and the newest timestamp of a collective's experiences.
    fn time_span(self, number: CollectiveNumber) -> Result<(Option<Timestamp>, Option<Timestamp>)> {
        fn time(row: Option<Result<(&[u8], &[u8])>>) -> Result<Option<Timestamp>> {
            let Some(row) = row else { return Ok(None) };
            let (key, _) = row?;
            let (time, _) = keys::read_time_id(key).ok_or_else(|| seal::corrupted(Table::ByTime, key))?;
            Ok(Some(time))
        }
        let (from, to) = Prefix::time(number).whole();
        let (from, to) = (Bound::Included(from.as_slice()), Bound::Included(to.as_slice()));
        let oldest = time(self.range(Table::ByTime, from, to)?.next())?;
        let newest = time(self.reverse_range(Table::ByTime, from, to)?.next())?;
        Ok((oldest, newest))
    }

    /// The row of an experience as stored: without vector, and also of a collective that is being reclaimed.
    pub(in crate::storage) fn stored_experience(
        self,
        id: ExperienceId,
    ) -> Result<Option<(Place, Experience)>> {
        self.row(Table::Experience, id.as_bytes(), |bytes| codec::read_experience(id, bytes))
    }

    /// An experience without its vector, if it exists for callers.
    pub(crate) fn experience_row(self, id: ExperienceId) -> Result<Option<(Place, Experience)>> {
        let Some((place, experience)) = self.stored_experience(id)? else { return Ok(None) };
        // The rows of a deleted collective are hidden until they are reclaimed.
        let exists = self.sealed(Table::Collective, experience.collective_id.as_bytes())?.is_some();
        Ok(exists.then_some((place, experience)))
    }

    /// An experience, whole, if it exists for callers.
    pub(crate) fn experience(self, id: ExperienceId) -> Result<Option<Experience>> {
        let Some((place, experience)) = self.experience_row(id)? else { return Ok(None) };
        self.with_vector(place, experience).map(Some)
    }

    /// An experience that an index of this view names, whole: it must be there.
    pub(crate) fn indexed_experience(self, id: ExperienceId) -> Result<Experience> {
        let (place, experience) = self.indexed_row(id)?;
        self.with_vector(place, experience)
    }

    /// An experience that an index of this view names, without its vector: it must be there.
    pub(crate) fn indexed_row(self, id: ExperienceId) -> Result<(Place, Experience)> {
        self.stored_experience(id)?.ok_or_else(|| seal::corrupted(Table::Experience, id.as_bytes()))
    }

    pub(crate) fn with_vector(self, place: Place, mut experience: Experience) -> Result<Experience> {
        if place.has_vector {
            experience.embedding = self.vector(place)?;
        }
        Ok(experience)
    }

    pub(in crate::storage) fn vector(self, place: Place) -> Result<Vec<f32>> {
        let key = keys::slot(place.number, place.slot);
        let vector = self.row(Table::Vector, &key, codec::read_vector)?;
        vector.ok_or_else(|| seal::corrupted(Table::Vector, &key))
    }

    pub(crate) fn slot_row(self, number: CollectiveNumber, slot: Slot) -> Result<Option<SlotRow>> {
        self.row(Table::Slot, &keys::slot(number, slot), SlotRow::read)
    }

    /// The slot rows of a collective, in order of their slots.
    pub(crate) fn slots(
        self,
        number: CollectiveNumber,
    ) -> Result<impl Iterator<Item = Result<(Slot, SlotRow)>> + use<'t>> {
        Ok(self.rows_of(Table::Slot, number)?.map(|row| {
            let (key, bytes) = row?;
            match (keys::read_slot(key), SlotRow::read(bytes)) {
                (Some((_, slot)), Some(row)) => Ok((slot, row)),
                _ => Err(seal::corrupted(Table::Slot, key)),
            }
        }))
    }

    /// Ids of a collective's experiences in order of creation.
    pub(crate) fn members(
        self,
        number: CollectiveNumber,
    ) -> Result<impl Iterator<Item = Result<ExperienceId>> + use<'t>> {
        Ok(self.rows_of(Table::Member, number)?.map(|row| {
            let (key, _) = row?;
            keys::read_id(key).ok_or_else(|| seal::corrupted(Table::Member, key))
        }))
    }

    /// Experiences of a collective in order of creation: `limit` of them after the first `offset`.
    pub(crate) fn listed(
        self,
        number: CollectiveNumber,
        limit: usize,
        offset: usize,
    ) -> Result<Vec<Experience>> {
        let ids = self.members(number)?.skip(offset).take(limit);
        let listed: Vec<_> = ids.map(|id| self.indexed_experience(id?)).collect::<Result<_>>()?;
        let after_offset = |all: u64| all.saturating_sub(offset as u64).min(limit as u64);
        self.expect_rows(Table::Member, number, listed.len(), after_offset)?;
        Ok(listed)
    }

    /// Rows of one index under one prefix, newest first.
    pub(crate) fn newest_first(
        self,
        table: Table,
        prefix: Prefix,
        span: crate::storage::read::newest::Span,
    ) -> Result<NewestFirst<'t>> {
        NewestFirst::new(self, table, prefix, span)
    }

    /// The slots that one index lists under one prefix, in no order that matters.
    pub(crate) fn slots_under(
        self,
        table: Table,
        prefix: &Prefix,
    ) -> Result<impl Iterator<Item = Result<Slot>> + use<'t>> {
        let (from, to) = prefix.whole();
        let rows = self.range(table, Bound::Included(&from), Bound::Included(&to))?;
        Ok(rows.map(move |row| {
            let (key, bytes) = row?;
            read_slot_value(bytes).ok_or_else(|| seal::corrupted(table, key))
        }))
    }
}

/// The value of an index row.
pub(in crate::storage) fn read_slot_value(bytes: &[u8]) -> Option<Slot> {
    let mut reader = Reader::new(bytes);
    let slot = Slot(reader.u32()?);
    reader.end()?;
    Some(slot)
}

fn public(id: CollectiveId, row: CollectiveRow) -> Collective {
    Collective {
        id,
        name: row.name,
        owner_id: row.owner,
        embedding_dimension: row.dimension,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}
