//! One collective in one snapshot: what a query asks of it.

use std::ops::Bound;

use crate::clock::{self, Timestamp};
use crate::error::{NotFoundError, Result};
use crate::id::{CollectiveId, ExperienceId};
use crate::model::Experience;
use crate::model::change::{CollectiveNumber, Slot};
use crate::storage::format::keys::{self, Prefix};
use crate::storage::format::seal;
use crate::storage::format::series::SeriesId;
use crate::storage::format::slot::{SlotRow, read_slot_value};
use crate::storage::format::tables::Table;
use crate::storage::read::blocks::TailValue;
use crate::storage::read::newest::{NewestFirst, Span};
use crate::storage::read::view::View;

/// A collective that exists in a view, and the view.
#[derive(Clone, Copy)]
pub(crate) struct CollectiveView<'t> {
    pub(crate) view: View<'t>,
    pub(crate) number: CollectiveNumber,
    /// What has expired by then is hidden.
    pub(crate) now: Timestamp,
}

impl<'t> View<'t> {
    /// The collective of this id.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    pub(crate) fn in_collective(self, id: CollectiveId) -> Result<CollectiveView<'t>> {
        let row = self.collective_row(id)?.ok_or(NotFoundError::Collective(id))?;
        Ok(CollectiveView { view: self, number: row.number, now: clock::now() })
    }
}

impl<'t> CollectiveView<'t> {
    /// Fails unless as many rows of a table were found as `expected` computes from the number of experiences in the
    /// collective. Keys have no checksum: a row whose key is damaged is somewhere else, and only the count shows it.
    pub(crate) fn expect_rows(
        self,
        table: Table,
        found: usize,
        expected: impl FnOnce(u64) -> u64,
    ) -> Result<()> {
        if expected(self.view.counter(self.number)?.experiences) == found as u64 {
            return Ok(());
        }
        Err(seal::corrupted(table, &keys::number(self.number)))
    }

    pub(crate) fn slot_row(self, slot: Slot) -> Result<Option<SlotRow>> {
        self.view.slot_row(self.number, slot)
    }

    /// The slot rows from one slot on, in order of their slots.
    pub(crate) fn slots_from(
        self,
        from: Slot,
    ) -> Result<impl Iterator<Item = Result<(Slot, SlotRow)>> + use<'t>> {
        self.view.slots_from(self.number, from)
    }

    /// The rows of the tail from one slot on, in order of their slots.
    pub(crate) fn tail(self, from: Slot) -> Result<impl Iterator<Item = Result<TailValue<'t>>> + use<'t>> {
        self.view.tail(SeriesId::of(self.number), from)
    }

    /// How many experiences there are, and how many words they have.
    pub(crate) fn totals(self) -> Result<(u64, u64)> {
        let counter = self.view.counter(self.number)?;
        Ok((counter.experiences, counter.words))
    }

    /// Ids of the experiences in order of creation, without expired ones.
    pub(crate) fn members(self) -> Result<impl Iterator<Item = Result<ExperienceId>> + use<'t>> {
        self.members_from(Bound::Included(ExperienceId::nil()))
    }

    fn members_from(
        self,
        from: Bound<ExperienceId>,
    ) -> Result<impl Iterator<Item = Result<ExperienceId>> + use<'t>> {
        let from = from.map(|id| keys::member(self.number, id));
        let to = keys::number(CollectiveNumber(self.number.0.saturating_add(1)));
        let rows = self.view.range(
            Table::Member,
            from.as_ref().map(<[u8; 20]>::as_slice),
            Bound::Excluded(to.as_slice()),
        )?;
        let expired = self.expired()?;
        let member = move |(key, value): (&[u8], &[u8])| {
            let damaged = || seal::corrupted(Table::Member, key);
            let slot = read_slot_value(value).ok_or_else(damaged)?;
            let id = keys::read_id(key).ok_or_else(damaged)?;
            Ok((!expired.has(slot)).then_some(id))
        };
        Ok(rows.filter_map(move |row| row.and_then(&member).transpose()))
    }

    /// Experiences in order of creation: `limit` of them after the first `offset`.
    pub(crate) fn listed(self, limit: usize, offset: usize) -> Result<Vec<Experience>> {
        let ids = self.members()?.skip(offset).take(limit);
        let generation = self.view.generation()?;
        let listed = ids.map(|id| self.view.indexed_experience(generation, id?));
        let listed: Vec<_> = listed.collect::<Result<_>>()?;
        let hidden = offset as u64 + self.expired()?.len() as u64;
        let after_offset = |all: u64| all.saturating_sub(hidden).min(limit as u64);
        self.expect_rows(Table::Member, listed.len(), after_offset)?;
        Ok(listed)
    }

    /// At most `limit` experiences in order of creation, from the first whose id is above the given one.
    pub(crate) fn listed_after(self, after: Option<ExperienceId>, limit: usize) -> Result<Vec<Experience>> {
        let Some(after) = after else { return self.listed(limit, 0) };
        let ids = self.members_from(Bound::Excluded(after))?.take(limit);
        let generation = self.view.generation()?;
        ids.map(|id| self.view.indexed_experience(generation, id?)).collect()
    }

    /// Rows of one index under one prefix, newest first.
    pub(crate) fn newest_first(self, table: Table, prefix: Prefix, span: Span) -> Result<NewestFirst<'t>> {
        NewestFirst::new(self.view, table, prefix, span)
    }

    /// The slots that one index lists under one prefix, in no order that matters.
    pub(crate) fn slots_under(
        self,
        table: Table,
        prefix: &Prefix,
    ) -> Result<impl Iterator<Item = Result<Slot>> + use<'t>> {
        let (from, to) = prefix.whole();
        let rows = self.view.range(table, Bound::Included(&from), Bound::Included(&to))?;
        Ok(rows.map(move |row| {
            let (key, bytes) = row?;
            read_slot_value(bytes).ok_or_else(|| seal::corrupted(table, key))
        }))
    }
}
