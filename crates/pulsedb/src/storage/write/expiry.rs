//! What has expired: no longer there for operations, and removed by later commits.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::error::{NotFoundError, PulseDBError, Result, StorageError};
use crate::id::{CollectiveId, ExperienceId};
use crate::model::Experience;
use crate::model::change::CollectiveNumber;
use crate::storage::format::experience::Place;
use crate::storage::format::keys;
use crate::storage::format::series::SeriesId;
use crate::storage::format::tables::Table;
use crate::storage::write::operations;
use crate::storage::write::relations;
use crate::storage::write::rows;
use crate::storage::write::transaction::{OpenCollective, WriteTxn};

/// Expired experiences for which room is made at a time.
const REMOVED_TOGETHER: usize = 8;

/// A row of `expiry` whose time has come.
struct Due {
    key: Vec<u8>,
    number: CollectiveNumber,
    id: ExperienceId,
}

impl WriteTxn<'_> {
    /// The experience of this id, without its vector, if it is there for callers.
    pub(super) fn existing(&self, id: ExperienceId) -> Result<(Place, Experience)> {
        let found = self.view().experience_row(id)?.filter(|(_, one)| !one.has_expired(self.now));
        Ok(found.ok_or(NotFoundError::Experience(id))?)
    }

    /// The experience that has a key. One that has expired is removed, and the key is free.
    pub(super) fn holder(
        &mut self,
        collective: &mut OpenCollective,
        key: &str,
    ) -> Result<Option<(Place, Experience)>> {
        let Some((place, experience)) = self.view().keyed(collective.number, key)? else { return Ok(None) };
        if !experience.has_expired(self.now) {
            return Ok(Some((place, experience)));
        }
        relations::remove_record(self, collective, place, &experience)?;
        Ok(None)
    }

    /// Removes what has expired, at most so much of it, and logs its deletion; returns how many rows have gone. What this
    /// transaction has made itself stays, so that its caller can see it.
    ///
    /// Damage does not stop a commit: what is not whole is left to a repair.
    pub(in crate::storage) fn remove_expired(&mut self, most: usize) -> Result<usize> {
        let due: Vec<Due> = self
            .view()
            .expired_until(self.now)?
            .take(most)
            .map(|row| row.map(|row| Due { key: row.key.to_vec(), number: row.number, id: row.id }))
            .collect::<Result<_>>()?;
        let mut collectives = BTreeMap::new();
        let mut removed = 0;
        for some in due.chunks(REMOVED_TOGETHER) {
            let ids: Vec<ExperienceId> = some.iter().map(|row| row.id).collect();
            let size = operations::size_of_changes(self.view(), ids.iter())?;
            if !self.has_room(size.bytes) {
                break;
            }
            for row in some {
                removed += usize::from(self.remove_due(row, &mut collectives)?);
            }
        }
        collectives.values_mut().try_for_each(|collective| self.close_collective(collective))?;
        Ok(removed)
    }

    /// Removes one; whether a row has gone.
    fn remove_due(
        &mut self,
        due: &Due,
        collectives: &mut BTreeMap<CollectiveId, OpenCollective>,
    ) -> Result<bool> {
        let Some(record) = unless_damaged(self.view().experience_row(due.id))? else { return Ok(false) };
        let of_row = |(place, one): &(Place, Experience)| {
            place.number == due.number
                && one.expires_at.is_some_and(|end| keys::expiry(end, due.number, one.id)[..] == due.key)
        };
        let Some((place, experience)) = record.filter(of_row) else {
            // Nobody needs the row: what it was about has gone with its collective.
            return self.delete(Table::Expiry, &due.key);
        };
        if self.has_made(experience.sequence) {
            return Ok(false);
        }
        let collective = match collectives.entry(experience.collective_id) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let opened = unless_damaged(self.open_collective(experience.collective_id))?;
                let Some(opened) = opened else { return Ok(false) };
                entry.insert(opened)
            }
        };
        if unless_damaged(self.is_whole(place, &experience))? != Some(true) {
            tracing::warn!(id = %experience.id, "an expired experience is damaged and stays; run `repair`");
            return Ok(false);
        }
        relations::remove_record(self, collective, place, &experience)?;
        Ok(true)
    }

    /// Whether every row of an experience is there, so that removing it cannot fail half-way. Blocks may be damaged.
    fn is_whole(&self, place: Place, experience: &Experience) -> Result<bool> {
        let view = self.view();
        let slot = keys::slot(place.number, place.slot).to_vec();
        let mut needed = rows::index_keys(place.number, experience);
        needed.push((Table::Member, keys::member(place.number, experience.id).to_vec()));
        needed.push((Table::Piece, slot));
        let vector = SeriesId::of(place.number).vector_key(self.embedding.generation, place.slot);
        needed.push((Table::Vector, vector.to_vec()));
        for (table, key) in needed {
            if view.sealed(table, &key)?.is_none() {
                return Ok(false);
            }
        }
        Ok(view.slot_row(place.number, place.slot)?.is_some()
            && relations::are_whole(view, place.number, experience.id)?)
    }
}

/// The outcome, or `None` if something that is stored is damaged.
fn unless_damaged<T>(outcome: Result<T>) -> Result<Option<T>> {
    match outcome {
        Err(PulseDBError::Storage(StorageError::Corrupted { .. })) => Ok(None),
        outcome => outcome.map(Some),
    }
}
