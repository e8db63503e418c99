//! What can be done to a store: each verb is one operation, with an estimate of what it writes.

use crate::error::Result;
use crate::id::{CollectiveId, ExperienceId};
use crate::storage::env::Space;
use crate::storage::store::Store;
use crate::storage::write::operations::{
    self, COLLECTIVE, PreparedExperience, PreparedRestore, PreparedUpdate, RecordDefaults,
};
use crate::storage::write::rows;
use crate::storage::write::transaction::Size;
use crate::validate;

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
    pub(crate) fn create_collective(&self, name: String, owner: Option<String>) -> Result<CollectiveId> {
        self.write(COLLECTIVE, Space::Growth, move |txn| txn.create_collective(&name, owner.as_deref()))
    }

    /// The collective with this name, which is created if there is none.
    pub(crate) fn get_or_create_collective(&self, name: String) -> Result<CollectiveId> {
        self.write(COLLECTIVE, Space::Growth, move |txn| txn.get_or_create_collective(&name))
    }

    /// Gives a collective another name, which must be free.
    pub(crate) fn rename_collective(&self, id: CollectiveId, name: String) -> Result<()> {
        self.write(COLLECTIVE, Space::Growth, move |txn| txn.rename_collective(id, &name))
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
