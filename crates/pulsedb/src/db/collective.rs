//! Calls on collectives.

use crate::db::PulseDB;
use crate::error::{NotFoundError, Result};
use crate::id::CollectiveId;
use crate::model::{Collective, CollectiveStats};
use crate::storage::{self, Size, Space};
use crate::validate;

/// About what a collective's own rows take.
const COLLECTIVE: Size = Size { records: 1, bytes: 4096 };

impl PulseDB {
    /// Makes a collective. Its name, 1 to 255 bytes and not blank, must be free.
    pub fn create_collective(&self, name: &str) -> Result<CollectiveId> {
        self.create(name, None)
    }

    /// Makes a collective that belongs to someone.
    pub fn create_collective_with_owner(&self, name: &str, owner: &str) -> Result<CollectiveId> {
        validate::owner(owner)?;
        self.create(name, Some(owner.to_owned()))
    }

    fn create(&self, name: &str, owner: Option<String>) -> Result<CollectiveId> {
        let store = self.writable()?;
        validate::collective_name(name)?;
        let (name, dimension) = (name.to_owned(), self.defaults().dimension);
        store.write(COLLECTIVE, Space::Growth, move |txn| {
            storage::create_collective(txn, &name, owner.as_deref(), dimension)
        })
    }

    /// The collective of this name, made if there is none. Any number of callers, in any processes, get one id.
    pub fn get_or_create_collective(&self, name: &str) -> Result<CollectiveId> {
        let store = self.store()?;
        validate::collective_name(name)?;
        // Most calls find it, and reading waits for nobody.
        if let Some(id) = store.snapshot()?.view().collective_named(name)? {
            return Ok(id);
        }
        let store = self.writable()?;
        let (name, dimension) = (name.to_owned(), self.defaults().dimension);
        store.write(COLLECTIVE, Space::Growth, move |txn| {
            storage::get_or_create_collective(txn, &name, dimension)
        })
    }

    /// The collective of this id, or `None`.
    pub fn get_collective(&self, id: CollectiveId) -> Result<Option<Collective>> {
        self.store()?.snapshot()?.view().collective(id)
    }

    /// Every collective, oldest first.
    pub fn list_collectives(&self) -> Result<Vec<Collective>> {
        self.store()?.snapshot()?.view().collectives()
    }

    /// Every collective of one owner, oldest first.
    pub fn list_collectives_by_owner(&self, owner: &str) -> Result<Vec<Collective>> {
        let mut collectives = self.list_collectives()?;
        collectives.retain(|collective| collective.owner_id.as_deref() == Some(owner));
        Ok(collectives)
    }

    /// Exact counts of a collective, in a time that does not depend on its size.
    pub fn get_collective_stats(&self, id: CollectiveId) -> Result<CollectiveStats> {
        let stats = self.store()?.snapshot()?.view().collective_stats(id)?;
        Ok(stats.ok_or(NotFoundError::Collective(id))?)
    }

    /// Deletes a collective with everything in it, in one atomic step that takes the same time for any size.
    /// Its pages are freed in the background, by this process or the next that opens the database.
    pub fn delete_collective(&self, id: CollectiveId) -> Result<()> {
        let store = self.writable()?;
        store.write(COLLECTIVE, Space::Reclaim, move |txn| txn.delete_collective(id))?;
        // What cannot be started now is started by the next open; the deletion itself is done.
        if let Err(error) = store.reclaim() {
            tracing::warn!(%error, "reclaiming is put off");
        }
        Ok(())
    }
}
