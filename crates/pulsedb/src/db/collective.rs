//! Calls on collectives.

use crate::db::PulseDB;
use crate::error::{NotFoundError, Result};
use crate::id::CollectiveId;
use crate::model::{Collective, CollectiveStats};
use crate::validate;

impl PulseDB {
    /// Creates a collective. Its name has 1 to 255 bytes, no white space at either end, and must be free.
    ///
    /// # Errors
    /// [`Validation`](crate::PulseDBError::Validation) for the name, also if another collective has it.
    pub fn create_collective(&self, name: &str) -> Result<CollectiveId> {
        self.create(name, None)
    }

    /// Creates a collective with an owner, whose name has 1 to 255 bytes and no white space at either end.
    ///
    /// # Errors
    /// [`Validation`](crate::PulseDBError::Validation) for either name, also if another collective has the first.
    pub fn create_collective_with_owner(&self, name: &str, owner: &str) -> Result<CollectiveId> {
        let owner = validate::owner(owner)?;
        self.create(name, Some(owner))
    }

    fn create(&self, name: &str, owner: Option<String>) -> Result<CollectiveId> {
        let store = self.writable()?;
        let name = validate::collective_name(name)?;
        store.create_collective(name, owner)
    }

    /// Stores collectives as they are, with their ids and times, so that what was in them can be restored into them: see
    /// [`restore_experiences`](Self::restore_experiences). All or none, in one commit, at most 10 000. The ids need not
    /// ascend; what is created later has an id above all of them.
    ///
    /// # Errors
    /// [`InvalidField`](crate::ValidationError::InvalidField) for an `id` or a `name` that exists already or is given
    /// twice, and for an id that leaves no room for later ones;
    /// [`DimensionMismatch`](crate::ValidationError::DimensionMismatch) if the vectors of this database have other
    /// dimensions; [`Validation`](crate::PulseDBError::Validation) for names as in
    /// [`create_collective`](Self::create_collective). Nothing is restored then.
    pub fn restore_collectives(&self, collectives: Vec<Collective>) -> Result<()> {
        let store = self.writable()?;
        let collectives = validate::restored_collectives(collectives)?;
        if collectives.is_empty() { Ok(()) } else { store.restore_collectives(collectives) }
    }

    /// The collective with this name, which is created if there is none. All callers, in all processes, get the same id.
    /// A read-only handle gets the one that is there.
    ///
    /// # Errors
    /// [`Validation`](crate::PulseDBError::Validation) for the name;
    /// [`ReadOnly`](crate::PulseDBError::ReadOnly) only if it would have to be created.
    pub fn get_or_create_collective(&self, name: &str) -> Result<CollectiveId> {
        let store = self.store()?;
        let name = validate::collective_name(name)?;
        // Most calls find it, and reading waits for nobody.
        if let Some(id) = store.snapshot()?.view().collective_named(&name)? {
            return Ok(id);
        }
        let store = self.writable()?;
        store.get_or_create_collective(name)
    }

    /// The collective with this id, or `None`.
    ///
    /// # Errors
    /// Those of [every call](PulseDB#errors).
    pub fn get_collective(&self, id: CollectiveId) -> Result<Option<Collective>> {
        self.store()?.snapshot()?.view().collective(id)
    }

    /// Every collective, oldest first.
    ///
    /// # Errors
    /// Those of [every call](PulseDB#errors).
    pub fn list_collectives(&self) -> Result<Vec<Collective>> {
        self.store()?.snapshot()?.view().collectives()
    }

    /// Every collective of one owner, oldest first.
    ///
    /// # Errors
    /// Those of [every call](PulseDB#errors).
    pub fn list_collectives_by_owner(&self, owner: &str) -> Result<Vec<Collective>> {
        let owner = validate::nfc(owner.to_owned());
        let mut collectives = self.list_collectives()?;
        collectives.retain(|collective| collective.owner_id.as_deref() == Some(owner.as_str()));
        Ok(collectives)
    }

    /// Exact counts of a collective, in a time that does not depend on its size.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such collective.
    pub fn get_collective_stats(&self, id: CollectiveId) -> Result<CollectiveStats> {
        let stats = self.store()?.snapshot()?.view().collective_stats(id)?;
        Ok(stats.ok_or(NotFoundError::Collective(id))?)
    }

    /// Deletes a collective with everything in it, in one atomic step that takes the same time for any size. Its pages
    /// are freed in the background, by this process or by the next one that opens the database.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such collective.
    pub fn delete_collective(&self, id: CollectiveId) -> Result<()> {
        self.writable()?.delete_collective(id)
    }

    /// Gives a collective another name, which has 1 to 255 bytes, no white space at either end, and must be free. Its id
    /// and everything in it stay.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such collective;
    /// [`Validation`](crate::PulseDBError::Validation) for the name, also if another collective has it.
    pub fn rename_collective(&self, id: CollectiveId, name: &str) -> Result<()> {
        let store = self.writable()?;
        let name = validate::collective_name(name)?;
        store.rename_collective(id, name)
    }
}
