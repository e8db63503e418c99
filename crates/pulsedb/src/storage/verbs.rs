//! What can be done to a store: each verb is one operation, with an estimate of what it writes.

use std::time::Duration;

use crate::clock;
use crate::error::Result;
use crate::id::{CollectiveId, ExperienceId};
use crate::limits;
use crate::model::{NewActivity, Outcome};
use crate::storage::env::Space;
use crate::storage::store::Store;
use crate::storage::write::activities::no_activity;
use crate::storage::write::apply;
use crate::storage::write::operations::{
    self, ACTIVITY, COLLECTIVE, PreparedChange, PreparedExperience, PreparedRestore, PreparedUpdate,
    RecordDefaults,
};
use crate::storage::write::rows;
use crate::storage::write::transaction::Size;
use crate::validate::{self, Valid};

impl Store {
    /// Stores new experiences, all or none; returns their ids in the order given.
    pub(crate) fn record(
        &self,
        prepared: Vec<PreparedExperience>,
        defaults: RecordDefaults,
    ) -> Result<Vec<ExperienceId>> {
        let size = operations::size_of_records(&prepared);
        self.write(size, Space::Growth, move |txn| operations::record(txn, &prepared, defaults))
    }

    /// Stores experiences as they are, all or none.
    pub(crate) fn restore(&self, prepared: Vec<PreparedRestore>) -> Result<()> {
        let size = operations::size_of_restores(&prepared);
        self.write(size, Space::Growth, move |txn| operations::restore(txn, &prepared))
    }

    /// Changes experiences, all or none.
    pub(crate) fn update(&self, prepared: Vec<PreparedUpdate>) -> Result<()> {
        let given = prepared.iter().map(|row| validate::update_bytes(row.update.get())).sum();
        let size = self.size_of_changes(prepared.iter().map(|row| &row.id), given)?;
        self.write(size, Space::Growth, move |txn| {
            prepared.iter().try_for_each(|update| operations::update(txn, update))
        })
    }

    /// Archives or unarchives experiences, all or none.
    pub(crate) fn set_archived(&self, ids: Vec<ExperienceId>, archived: bool) -> Result<()> {
        let size = self.size_of_changes(ids.iter(), 0)?;
        self.write(size, Space::Growth, move |txn| {
            ids.iter().try_for_each(|id| operations::set_archived(txn, *id, archived))
        })
    }

    /// Deletes experiences, all or none.
    pub(crate) fn delete(&self, ids: Vec<ExperienceId>) -> Result<()> {
        let size = self.size_of_changes(ids.iter(), 0)?;
        self.write(size, Space::Reclaim, move |txn| ids.iter().try_for_each(|id| rows::delete(txn, *id)))
    }

    /// Counts one more application of an experience; returns how many there are.
    pub(crate) fn reinforce(&self, id: ExperienceId) -> Result<u32> {
        let size = operations::size_of_change(0);
        self.write(size, Space::Growth, move |txn| operations::reinforce(txn, id))
    }

    /// Removes what has expired and what deleted collectives have left, in bounded steps.
    pub(super) fn clear_out(&self) -> Result<()> {
        let step = Size { records: 1, bytes: 0 };
        while self.write(step, Space::Reclaim, |txn| txn.remove_expired(limits::EXPIRED_A_STEP))? > 0 {}
        let step = Size { records: limits::RECLAIM_ROWS, bytes: limits::COMMIT_BYTES_MAX };
        while self.write(step, Space::Reclaim, |txn| txn.reclaim_step())? {}
        Ok(())
    }

    /// Makes changes of one collective, all or none.
    pub(crate) fn apply(
        &self,
        collective: CollectiveId,
        changes: Vec<PreparedChange>,
        defaults: RecordDefaults,
    ) -> Result<Vec<Outcome>> {
        let size = operations::size_of_applied(self.snapshot()?.view(), &changes)?;
        let frees = changes.iter().all(|change| matches!(change, PreparedChange::Delete(_)));
        let space = if frees { Space::Reclaim } else { Space::Growth };
        self.write(size, space, move |txn| apply::apply(txn, collective, &changes, defaults))
    }

    /// About what changes of these records write. For a single one, its size is not worth a look.
    fn size_of_changes<'i>(
        &self,
        ids: impl ExactSizeIterator<Item = &'i ExperienceId>,
        given: usize,
    ) -> Result<Size> {
        if ids.len() == 1 {
            return Ok(operations::size_of_change(given));
        }
        operations::size_of_changes(self.snapshot()?.view(), ids, given)
    }

    /// Creates a collective; its name must be free.
    pub(crate) fn create_collective(
        &self,
        name: String,
        owner: Option<String>,
        dimension: u16,
    ) -> Result<CollectiveId> {
        self.write(COLLECTIVE, Space::Growth, move |txn| {
            txn.create_collective(&name, owner.as_deref(), dimension)
        })
    }

    /// The collective with this name, which is created if there is none.
    pub(crate) fn get_or_create_collective(&self, name: String, dimension: u16) -> Result<CollectiveId> {
        self.write(COLLECTIVE, Space::Growth, move |txn| txn.get_or_create_collective(&name, dimension))
    }

    /// Gives a collective another name, which must be free.
    pub(crate) fn rename_collective(&self, id: CollectiveId, name: String) -> Result<()> {
        self.write(COLLECTIVE, Space::Growth, move |txn| txn.rename_collective(id, &name))
    }

    /// Begins an activity; those whose agents have been silent for longer than `kept` may go.
    pub(crate) fn register_activity(&self, new: Valid<NewActivity>, kept: Duration) -> Result<()> {
        self.write(ACTIVITY, Space::Growth, move |txn| txn.register_activity(new.get(), kept))
    }

    /// Notes that an agent is alive, unless that was noted less than `interval` ago.
    pub(crate) fn heartbeat(&self, id: CollectiveId, agent: String, interval: Duration) -> Result<()> {
        // Most calls find a young one, and reading waits for nobody.
        let collective = self.snapshot()?;
        let collective = collective.view().in_collective(id)?;
        let activity = collective.activity(id, &agent)?.ok_or_else(|| no_activity(id, &agent))?;
        if activity.last_heartbeat.is_within(interval, clock::now()) {
            return Ok(());
        }
        self.write(ACTIVITY, Space::Growth, move |txn| txn.heartbeat(id, &agent, interval))
    }

    /// Ends an activity.
    pub(crate) fn end_activity(&self, id: CollectiveId, agent: String) -> Result<()> {
        self.write(ACTIVITY, Space::Reclaim, move |txn| txn.end_activity(id, &agent))
    }

    /// Deletes a collective in one step; its rows are removed in the background.
    pub(crate) fn delete_collective(&self, id: CollectiveId) -> Result<()> {
        self.write(COLLECTIVE, Space::Reclaim, move |txn| txn.delete_collective(id))?;
        // What cannot be started now is started by the next open; the deletion itself is done.
        if let Err(error) = self.reclaim() {
            tracing::warn!(%error, "the rows of a deleted collective are removed later");
        }
        Ok(())
    }
}
