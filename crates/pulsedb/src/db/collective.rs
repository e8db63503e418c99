//! Calls on collectives.

use crate::db::PulseDB;
use crate::error::{NotFoundError, Result};
use crate::id::CollectiveId;
use crate::model::{Collective, CollectiveStats};
use crate::validate;

impl PulseDB {
    /// Makes a collective. Its name, 1 to 255 bytes and not blank, must be free.
    pub fn create_collective(&self, name: &str) -> Result<CollectiveId> {
        self.create(name, None)
    }

    /// Makes a collective that belongs to someone.
    pub fn create_collective_with_owner(&self, name: &str, owner: &str) -> Result<CollectiveId> {
        let owner = validate::owner(owner)?;
        self.create(name, Some(owner))
    }

    fn create(&self, name: &str, owner: Option<String>) -> Result<CollectiveId> {
        let store = self.writable()?;
        let name = validate::collective_name(name)?;
        store.create_collective(name, owner, self.defaults().dimension)
    }

    /// The collective of this name, made if there is none. Any number of callers, in any processes, get one id.
    pub fn get_or_create_collective(&self, name: &str) -> Result<CollectiveId> {
        let store = self.store()?;
        let name = validate::collective_name(name)?;
        // Most calls find it, and reading waits for nobody.
        if let Some(id) = store.snapshot()?.view().collective_named(&name)? {
            return Ok(id);
        }
        let store = self.writable()?;
        store.get_or_create_collective(name, self.defaults().dimension)
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
        let owner = validate::nfc(owner.to_owned());
        let mut collectives = self.list_collectives()?;
        collectives.retain(|collective| collective.owner_id.as_deref() == Some(owner.as_str()));
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
        self.writable()?.delete_collective(id)
    }

    /// Gives a collective another name, 1 to 255 bytes, not blank, and free in this database. Its id stays.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) for the collective;
    /// [`InvalidField`](crate::ValidationError::InvalidField) if another one has the name.
    pub fn rename_collective(&self, id: CollectiveId, name: &str) -> Result<()> {
        let store = self.writable()?;
        let name = validate::collective_name(name)?;
        store.rename_collective(id, name)
    }
}
