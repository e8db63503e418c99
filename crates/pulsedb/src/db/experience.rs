//! Calls on single experiences, and lists of them.

use crate::clock::{self, Timestamp};
use crate::db::record::CHANGE;
use crate::db::{PulseDB, stored};
use crate::error::{NotFoundError, Result};
use crate::id::{CollectiveId, ExperienceId};
use crate::model::{Experience, ExperienceUpdate, energy};
use crate::storage::{self, NewVector, PreparedUpdate, Size, Space};
use crate::validate;

impl PulseDB {
    /// The experience of this id, whole, or `None`.
    pub fn get_experience(&self, id: ExperienceId) -> Result<Option<Experience>> {
        self.store()?.snapshot()?.view().experience(id)
    }

    /// Changes what the update names. A new content is embedded again.
    ///
    /// # Errors
    /// `NotFound`; `Validation`, also for a new content without `embedding` where callers bring the vectors.
    pub fn update_experience(&self, id: ExperienceId, update: ExperienceUpdate) -> Result<()> {
        let store = self.writable()?;
        let update = validate::experience_update(update)?;
        let vector = match (&update.get().embedding, &update.get().content) {
            (Some(given), _) => {
                validate::vector("embedding", given, self.inner.dimension)?;
                NewVector::Replace(stored(given.clone()))
            }
            (None, Some(content)) => {
                NewVector::Replace(self.embed_texts(&[content])?.into_iter().next().flatten())
            }
            (None, None) => NewVector::Keep,
        };
        let prepared = PreparedUpdate { update, vector };
        let given = prepared.update.get().content.as_ref().map_or(0, String::len);
        let size = Size { bytes: CHANGE.bytes + 2 * given, ..CHANGE };
        store.write(size, Space::Growth, move |txn| storage::update(txn, id, &prepared))
    }

    /// Archives an experience: it is kept, but searches that exclude archived ones pass it by.
    pub fn archive_experience(&self, id: ExperienceId) -> Result<()> {
        self.set_archived(id, true)
    }

    /// Takes an experience out of the archive.
    pub fn unarchive_experience(&self, id: ExperienceId) -> Result<()> {
        self.set_archived(id, false)
    }

    fn set_archived(&self, id: ExperienceId, archived: bool) -> Result<()> {
        let store = self.writable()?;
        store.write(CHANGE, Space::Growth, move |txn| storage::set_archived(txn, id, archived))
    }

    /// Deletes an experience and everything that belongs to it, for good.
    pub fn delete_experience(&self, id: ExperienceId) -> Result<()> {
        let store = self.writable()?;
        store.write(CHANGE, Space::Reclaim, move |txn| storage::delete(txn, id))
    }

    /// Says that an experience was useful again: counts an application and starts its decay anew. Returns how
    /// many applications there are.
    pub fn reinforce_experience(&self, id: ExperienceId) -> Result<u32> {
        let store = self.writable()?;
        store.write(CHANGE, Space::Growth, move |txn| storage::reinforce(txn, id))
    }

    /// How present an experience is now, 0 to 1; see [`energy`].
    pub fn energy(&self, id: ExperienceId) -> Result<f32> {
        let store = self.store()?;
        let snapshot = store.snapshot()?;
        let row = snapshot.view().experience_row(id)?;
        let (_, experience) = row.ok_or(NotFoundError::Experience(id))?;
        Ok(self.energy_of(&experience, clock::now()))
    }

    fn energy_of(&self, experience: &Experience, now: Timestamp) -> f32 {
        let decay = &self.inner.config.decay;
        energy(experience.importance, experience.applications, experience.last_reinforced, now, decay)
    }

    /// Experiences of a collective, archived ones included, oldest first by creation: `limit` of them (1 to
    /// 1000) after the first `offset`.
    pub fn list_experiences(
        &self,
        collective: CollectiveId,
        limit: usize,
        offset: usize,
    ) -> Result<Vec<Experience>> {
        let store = self.store()?;
        validate::result_count("limit", limit)?;
        let snapshot = store.snapshot()?;
        let view = snapshot.view();
        let room = view.room(collective)?.ok_or(NotFoundError::Collective(collective))?;
        view.listed(room.number, limit, offset)
    }

    /// Experiences whose energy is below a bound, with their energies, oldest first by creation: at most
    /// `limit` (1 to 1000). Archived ones have been put aside already and are left out.
    pub fn list_cold_experiences(
        &self,
        collective: CollectiveId,
        below: f32,
        limit: usize,
    ) -> Result<Vec<(ExperienceId, f32)>> {
        let store = self.store()?;
        validate::result_count("limit", limit)?;
        validate::energy_bound(below)?;
        let now = clock::now();
        let snapshot = store.snapshot()?;
        let view = snapshot.view();
        let room = view.room(collective)?.ok_or(NotFoundError::Collective(collective))?;
        let mut cold = Vec::new();
        for id in view.members(room.number)? {
            let (_, experience) = view.indexed_row(id?)?;
            let energy = self.energy_of(&experience, now);
            if energy < below && !experience.archived {
                cold.push((experience.id, energy));
                if cold.len() == limit {
                    break;
                }
            }
        }
        Ok(cold)
    }
}
