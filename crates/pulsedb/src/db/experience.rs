//! Calls on single experiences, and lists of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::clock::{self, Timestamp};
use crate::db::{Embedder, PulseDB, stored};
use crate::error::{NotFoundError, Result};
use crate::id::{CollectiveId, ExperienceId};
use crate::model::{Experience, ExperienceUpdate, TermsUpdate, energy};
use crate::storage::{NewVector, PreparedUpdate};
use crate::validate;

impl PulseDB {
    /// The experience with this id, in full, or `None`. Alone of all calls this one also returns what has expired, until
    /// it is removed.
    ///
    /// # Errors
    /// Those of [every call](PulseDB#errors).
    pub fn get_experience(&self, id: ExperienceId) -> Result<Option<Experience>> {
        self.store()?.snapshot()?.view().experience(id)
    }

    /// Changes what the update names. New content is embedded again.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such experience.
    /// [`Validation`](crate::PulseDBError::Validation) for what exceeds a limit, and for new content without an
    /// `embedding` where callers supply the vectors; [`Embedding`](crate::PulseDBError::Embedding) if the embedder fails.
    pub fn update_experience(&self, id: ExperienceId, update: ExperienceUpdate) -> Result<()> {
        self.update_experiences(vec![(id, update)])
    }

    /// As [`update_experience`](Self::update_experience), and changes the key and the end in the same commit.
    ///
    /// # Errors
    /// As [`update_experience`](Self::update_experience), and [`InvalidField`](crate::ValidationError::InvalidField) for a
    /// key that no experience may have or that another one has.
    pub fn update_experience_and_terms(
        &self,
        id: ExperienceId,
        update: ExperienceUpdate,
        terms: TermsUpdate,
    ) -> Result<()> {
        let store = self.writable()?;
        let terms = validate::terms_update(terms)?;
        let embedder = self.embedder();
        if brings_vector(&update) {
            embedder.expect_in_force(&store)?;
        }
        let prepared = embedder.prepare_updates(vec![(id, update)])?.into_iter();
        store.update(prepared.map(|update| PreparedUpdate { terms: terms.clone(), ..update }).collect())
    }

    /// Makes all of these updates or none, in one commit, in the order given: at most 10 000, with at most 64 MiB of
    /// texts and vectors.
    ///
    /// # Errors
    /// As [`update_experience`](Self::update_experience), if any of them is refused; nothing is changed then.
    pub fn update_experiences(&self, updates: Vec<(ExperienceId, ExperienceUpdate)>) -> Result<()> {
        let store = self.writable()?;
        validate::batch_rows(updates.len())?;
        validate::batch_bytes(updates.iter().map(|(_, update)| validate::update_bytes(update)).sum())?;
        if updates.is_empty() {
            return Ok(());
        }
        let embedder = self.embedder();
        if updates.iter().any(|(_, update)| brings_vector(update)) {
            embedder.expect_in_force(&store)?;
        }
        store.update(embedder.prepare_updates(updates)?)
    }

    /// Archives an experience: it is kept, but searches skip it unless they ask for archived ones.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such experience.
    pub fn archive_experience(&self, id: ExperienceId) -> Result<()> {
        self.writable()?.set_archived(vec![id], true)
    }

    /// Archives all of these experiences or none, in one commit: at most 10 000. One that is archived already stays as
    /// it is.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if any of them does not exist, and
    /// [`TooManyItems`](crate::ValidationError::TooManyItems); nothing is archived then.
    pub fn archive_experiences(&self, ids: &[ExperienceId]) -> Result<()> {
        let store = self.writable()?;
        validate::batch_rows(ids.len())?;
        if ids.is_empty() { Ok(()) } else { store.set_archived(ids.to_vec(), true) }
    }

    /// Takes an experience out of the archive.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such experience.
    pub fn unarchive_experience(&self, id: ExperienceId) -> Result<()> {
        self.writable()?.set_archived(vec![id], false)
    }

    /// Deletes an experience and everything that belongs to it, for good. If it superseded another one, which is back now,
    /// that one gets its key.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such experience.
    pub fn delete_experience(&self, id: ExperienceId) -> Result<()> {
        self.writable()?.delete(vec![id])
    }

    /// Deletes all of these experiences or none, in one commit: at most 10 000. An id that is given twice is deleted
    /// once. Where the disk or the map is full, smaller batches still succeed when a large one does not.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if any of them does not exist, and
    /// [`TooManyItems`](crate::ValidationError::TooManyItems); nothing is deleted then.
    pub fn delete_experiences(&self, ids: &[ExperienceId]) -> Result<()> {
        let store = self.writable()?;
        validate::batch_rows(ids.len())?;
        let mut seen = BTreeSet::new();
        let ids: Vec<ExperienceId> = ids.iter().copied().filter(|id| seen.insert(*id)).collect();
        if ids.is_empty() { Ok(()) } else { store.delete(ids) }
    }

    /// Records that an experience was useful again: counts an application and restarts its decay. Returns the number of
    /// applications.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such experience.
    pub fn reinforce_experience(&self, id: ExperienceId) -> Result<u32> {
        self.writable()?.reinforce(id)
    }

    /// The energy of an experience now, 0 to 1; see [`energy`].
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such experience.
    pub fn energy(&self, id: ExperienceId) -> Result<f32> {
        let store = self.store()?;
        let snapshot = store.snapshot()?;
        let row = snapshot.view().experience_row(id)?;
        let now = clock::now();
        let row = row.filter(|(_, experience)| !experience.has_expired(now));
        let (_, experience) = row.ok_or(NotFoundError::Experience(id))?;
        Ok(self.energy_of(&experience, now))
    }

    fn energy_of(&self, experience: &Experience, now: Timestamp) -> f32 {
        let decay = &self.inner.config.decay;
        energy(experience.importance, experience.applications, experience.last_reinforced, now, decay)
    }

    /// Experiences of a collective, including archived ones, in order of their ids, so oldest first by creation: at most
    /// `limit` (1 to 1000) after the first `offset`.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such collective;
    /// [`InvalidField`](crate::ValidationError::InvalidField) for the limit.
    pub fn list_experiences(
        &self,
        collective: CollectiveId,
        limit: usize,
        offset: usize,
    ) -> Result<Vec<Experience>> {
        let store = self.store()?;
        validate::result_count("limit", limit)?;
        let snapshot = store.snapshot()?;
        snapshot.view().in_collective(collective)?.listed(limit, offset)
    }

    /// Experiences of a collective, including archived ones, in order of their ids: at most `limit` (1 to 1000) with ids
    /// above the given one, or from the first one on. The time does not depend on how many come before.
    ///
    /// To continue, pass the id of the last experience; it need not exist any more.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such collective;
    /// [`InvalidField`](crate::ValidationError::InvalidField) for the limit.
    pub fn list_experiences_after(
        &self,
        collective: CollectiveId,
        after: Option<ExperienceId>,
        limit: usize,
    ) -> Result<Vec<Experience>> {
        let store = self.store()?;
        validate::result_count("limit", limit)?;
        let snapshot = store.snapshot()?;
        snapshot.view().in_collective(collective)?.listed_after(after, limit)
    }

    /// Experiences whose energy is below a bound, with their energies, in order of their ids: at most `limit` (1 to
    /// 1000). Archived ones are left out, since they have been put aside already.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such collective;
    /// [`InvalidField`](crate::ValidationError::InvalidField) for the bound or the limit.
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
        let mut cold = Vec::new();
        for id in view.in_collective(collective)?.members()? {
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

/// Whether a change needs a vector.
pub(super) fn brings_vector(update: &ExperienceUpdate) -> bool {
    update.embedding.is_some() || update.content.is_some()
}

/// The text that an update needs a vector for.
fn text_to_embed(update: &ExperienceUpdate) -> Option<&str> {
    if update.embedding.is_some() { None } else { update.content.as_deref() }
}

impl Embedder {
    /// Checks each update, and embeds the new contents without a vector.
    pub(super) fn prepare_updates(
        &self,
        updates: Vec<(ExperienceId, ExperienceUpdate)>,
    ) -> Result<Vec<PreparedUpdate>> {
        let updates = updates
            .into_iter()
            .map(|(id, update)| Ok((id, validate::experience_update(update)?)))
            .collect::<Result<Vec<_>>>()?;
        let texts: Vec<&str> = updates.iter().filter_map(|(_, update)| text_to_embed(update.get())).collect();
        let mut made = self.embed_texts(&texts)?.into_iter();
        let mut prepared = Vec::with_capacity(updates.len());
        for (id, update) in updates {
            let vector = match &update.get().embedding {
                Some(given) => {
                    validate::vector("embedding", given, self.dimension())?;
                    NewVector::Replace(stored(given.clone()))
                }
                None if update.get().content.is_some() => NewVector::Replace(made.next().flatten()),
                None => NewVector::Keep,
            };
            let (terms, embedder) =
                (validate::terms_update(TermsUpdate::default())?, Arc::clone(&self.stored));
            prepared.push(PreparedUpdate { id, update, terms, vector, embedder });
        }
        Ok(prepared)
    }
}
