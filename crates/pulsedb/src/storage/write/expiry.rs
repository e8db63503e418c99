//! What has expired: no longer there for operations, and removed by later commits.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::error::{NotFoundError, Result};
use crate::id::{CollectiveId, ExperienceId};
use crate::model::Experience;
use crate::model::change::CollectiveNumber;
use crate::storage::format::experience::Place;
use crate::storage::format::keys;
use crate::storage::format::tables::Table;
use crate::storage::write::operations;
use crate::storage::write::relations;
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
        let of_row = |(place, one): &(Place, Experience)| {
            place.number == due.number
                && one.expires_at.is_some_and(|end| keys::expiry(end, due.number, one.id)[..] == due.key)
        };
        let Some((place, experience)) = self.view().experience_row(due.id)?.filter(of_row) else {
            // Nobody needs the row: what it was about has gone with its collective.
            return self.delete(Table::Expiry, &due.key);
        };
        if self.has_made(experience.sequence) {
            return Ok(false);
        }
        let collective = match collectives.entry(experience.collective_id) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(self.open_collective(experience.collective_id)?),
        };
        relations::remove_record(self, collective, place, &experience)?;
        Ok(true)
    }
}
