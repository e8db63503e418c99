//! The open memory of a server, and the collectives in it.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use pulsedb::{CollectiveId, PulseDBError, StorageError};
use unicode_normalization::UnicodeNormalization;

use crate::error::ToolError;
use crate::store::Store;

/// Opens the database, and makes it if it is missing. It is called in a thread that may block, of a Tokio runtime or not, and
/// must not wait for the runtime of the server.
pub type Opener = Arc<dyn Fn() -> pulsedb::Result<Arc<dyn Store>> + Send + Sync>;

/// The database, opened when it is first needed: a handshake waits for no disk, and a database that cannot be opened is
/// an answer that says so, again at each call until it can.
pub(crate) struct Memory {
    open: Opener,
    db: Mutex<Option<Arc<dyn Store>>>,
    /// The name of the collective that is meant where none is named.
    collective: String,
}

impl Memory {
    pub(crate) fn new(open: Opener, collective: String) -> Self {
        Self { open, db: Mutex::new(None), collective }
    }

    /// The name of its own collective.
    pub(crate) fn own(&self) -> &str {
        &self.collective
    }

    /// The open database.
    pub(crate) fn db(&self) -> pulsedb::Result<Arc<dyn Store>> {
        let mut held = self.db.lock();
        if let Some(db) = held.as_ref() {
            return Ok(Arc::clone(db));
        }
        let db = (self.open)()?;
        *held = Some(Arc::clone(&db));
        Ok(db)
    }

    /// Lets go of a database that was closed or replaced, so that the next call opens what is there now.
    pub(crate) fn note(&self, error: &ToolError) {
        let is_gone = matches!(
            error,
            ToolError::Database(PulseDBError::Closed | PulseDBError::Storage(StorageError::Replaced { .. }))
        );
        if is_gone {
            *self.db.lock() = None;
        }
    }

    /// The collective of that name, else its own; `None` where its own holds nothing yet. Nothing is made.
    pub(crate) fn existing(
        &self,
        db: &dyn Store,
        name: Option<&str>,
    ) -> Result<Option<CollectiveId>, ToolError> {
        // The database keeps names in NFC, whatever a client or a file system gave.
        let wanted: String = name.unwrap_or(&self.collective).nfc().collect();
        let all = db.list_collectives()?;
        if let Some(found) = all.iter().find(|it| it.name == wanted) {
            return Ok(Some(found.id));
        }
        if name.is_none_or(|name| name == self.collective) {
            return Ok(None);
        }
        let names: Vec<String> = all.iter().take(10).map(|it| format!("`{}`", it.name)).collect();
        let others = match (names.len(), all.len()) {
            (0, _) => "there is none yet".to_owned(),
            (shown, all) if shown < all => format!("there are {} and {} more", names.join(", "), all - shown),
            _ => format!("there are {}", names.join(", ")),
        };
        Err(ToolError::Collective { name: wanted, others, own: self.collective.clone() })
    }

    /// The collective of that name, else its own, made if it is missing.
    pub(crate) fn made(&self, db: &dyn Store, name: Option<&str>) -> Result<CollectiveId, ToolError> {
        Ok(db.get_or_create_collective(name.unwrap_or(&self.collective))?)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("collective", &self.collective).finish_non_exhaustive()
    }
}
