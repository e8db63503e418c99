//! Calls on experiences by their keys.

use crate::db::PulseDB;
use crate::error::Result;
use crate::id::CollectiveId;
use crate::model::Experience;
use crate::validate;

impl PulseDB {
    /// The experience with this key, in full, or `None`.
    ///
    /// ```
    /// # use pulsedb::{Config, NewExperience, PulseDB};
    /// # fn main() -> pulsedb::Result<()> {
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let db = PulseDB::open(directory.path().join("memory"), Config::default())?;
    /// let settings = db.get_or_create_collective("settings")?;
    /// let set = |content: &str| NewExperience {
    ///     collective_id: settings,
    ///     content: content.into(),
    ///     key: Some("editor/theme".into()),
    ///     ..Default::default()
    /// };
    /// let id = db.record_experience(set("dark"))?;
    /// assert_eq!(db.record_experience(set("light"))?, id);
    /// assert_eq!(db.get_by_key(settings, "editor/theme")?.unwrap().content, "light");
    /// assert_eq!(db.list_keys(settings, "editor/", None, 10)?, ["editor/theme"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Validation`](crate::PulseDBError::Validation) for a key that no experience may have;
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such collective.
    pub fn get_by_key(&self, collective: CollectiveId, key: &str) -> Result<Option<Experience>> {
        let store = self.store()?;
        let key = validate::key(key)?;
        let snapshot = store.snapshot()?;
        snapshot.view().in_collective(collective)?.keyed(&key)
    }

    /// The keys in a collective that begin with `prefix`, in the order of their bytes: at most `limit` (1 to 1000), those
    /// of archived experiences included.
    ///
    /// To continue, pass the last key as `after`; it need not exist any more.
    ///
    /// # Errors
    /// [`Validation`](crate::PulseDBError::Validation) for the limit, and for a prefix or an `after` of more than 400
    /// bytes; [`NotFound`](crate::PulseDBError::NotFound) if there is no such collective.
    pub fn list_keys(
        &self,
        collective: CollectiveId,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>> {
        let store = self.store()?;
        validate::result_count("limit", limit)?;
        let prefix = validate::key_part("prefix", prefix)?;
        let after = after.map(|after| validate::key_part("after", after)).transpose()?;
        let snapshot = store.snapshot()?;
        snapshot.view().in_collective(collective)?.keys(&prefix, after.as_deref(), limit)
    }
}
