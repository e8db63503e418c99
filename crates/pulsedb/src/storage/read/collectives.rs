//! Collectives, their counts and their names.

use std::ops::Bound;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::CollectiveId;
use crate::model::change::CollectiveNumber;
use crate::model::{Collective, CollectiveStats};
use crate::storage::format::collective::{CollectiveRow, CounterRow};
use crate::storage::format::keys::{self, Prefix};
use crate::storage::format::seal;
use crate::storage::format::slot::read_slot_value;
use crate::storage::format::tables::Table;
use crate::storage::read::expiry::Expired;
use crate::storage::read::view::View;

impl View<'_> {
    pub(crate) fn collective(self, id: CollectiveId) -> Result<Option<Collective>> {
        let Some(row) = self.collective_row(id)? else { return Ok(None) };
        Ok(Some(public(id, row, self.identity()?.dimension)))
    }

    pub(crate) fn has_collective(self, id: CollectiveId) -> Result<bool> {
        Ok(self.sealed(Table::Collective, id.as_bytes())?.is_some())
    }

    pub(in crate::storage) fn collective_row(self, id: CollectiveId) -> Result<Option<CollectiveRow>> {
        self.row(Table::Collective, id.as_bytes(), CollectiveRow::read)
    }

    pub(crate) fn collective_named(self, name: &str) -> Result<Option<CollectiveId>> {
        self.row(Table::CollectiveName, name.as_bytes(), |bytes| {
            bytes.try_into().ok().map(CollectiveId::from_bytes)
        })
    }

    /// Every collective, oldest first.
    pub(crate) fn collectives(self) -> Result<Vec<Collective>> {
        let dimension = self.identity()?.dimension;
        self.range(Table::Collective, Bound::Unbounded, Bound::Unbounded)?
            .map(|row| {
                let (key, bytes) = row?;
                let id = key.try_into().map(CollectiveId::from_bytes);
                let row = CollectiveRow::read(bytes);
                match (id, row) {
                    (Ok(id), Some(row)) => Ok(public(id, row, dimension)),
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

    pub(crate) fn collective_stats(self, id: CollectiveId) -> Result<Option<CollectiveStats>> {
        let Some(row) = self.collective_row(id)? else { return Ok(None) };
        let counter = self.counter(row.number)?;
        let expired = self.in_collective(id)?.expired()?;
        let (oldest_experience, newest_experience) = self.time_span(row.number, &expired)?;
        Ok(Some(CollectiveStats {
            experience_count: counter.experiences.saturating_sub(expired.len() as u64),
            storage_bytes: counter.all_bytes() + self.counter(row.number.of_insights())?.all_bytes(),
            oldest_experience,
            newest_experience,
        }))
    }

    /// The oldest and the newest timestamp of a collective's experiences, without expired ones.
    fn time_span(
        self,
        number: CollectiveNumber,
        expired: &Expired,
    ) -> Result<(Option<Timestamp>, Option<Timestamp>)> {
        type Row<'t> = Result<(&'t [u8], &'t [u8])>;
        let time = |row: Row<'_>| -> Result<Option<Timestamp>> {
            let (key, value) = row?;
            let damaged = || seal::corrupted(Table::ByTime, key);
            let slot = read_slot_value(value).ok_or_else(damaged)?;
            let (time, _) = keys::read_time_id(key).ok_or_else(damaged)?;
            Ok((!expired.has(slot)).then_some(time))
        };
        let (from, to) = Prefix::time(number).whole();
        let (from, to) = (Bound::Included(from.as_slice()), Bound::Included(to.as_slice()));
        let oldest = self.range(Table::ByTime, from, to)?.find_map(|row| time(row).transpose());
        let newest = self.reverse_range(Table::ByTime, from, to)?.find_map(|row| time(row).transpose());
        Ok((oldest.transpose()?, newest.transpose()?))
    }
}

fn public(id: CollectiveId, row: CollectiveRow, dimension: usize) -> Collective {
    Collective {
        id,
        name: row.name,
        owner_id: row.owner,
        // At most `DIMENSION_MAX`, checked at open.
        embedding_dimension: dimension as u16,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}
