//! Having a database alone: for repair, and for whatever replaces its files.

use std::path::{Path, PathBuf};

use super::home::{DATA, Home};
use super::lmdb::salvage::{self, GiveNamedRow, Salvage};
use super::lock_file::{self, LengthNote, LockFile};
use super::registry;
use crate::error::{PulseDBError, Result, StorageError};

/// As long as this lives no other process can open the database, and this one only through
/// [`Environment::open_exclusive`](super::Environment::open_exclusive).
#[derive(Debug)]
pub(crate) struct Exclusive {
    path: PathBuf,
    lock_file: LockFile,
}

impl Exclusive {
    /// The directory, canonical.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives each row of each table that can be read of a damaged file, without the engine.
    ///
    /// The newest commit is read, or the one before it if the newest has no readable list of tables. `Corrupted` if
    /// neither has.
    pub(crate) fn salvage(&self, visit: &mut GiveNamedRow<'_>) -> Result<Salvage> {
        salvage::salvage(&self.path.join(DATA), visit)
    }

    /// Forgets how long the data file was: what there is of it has been found whole.
    pub(crate) fn forget_length(&self) -> Result<()> {
        if self.lock_file.noted_length().is_none() {
            return Ok(());
        }
        let nothing = LengthNote { bytes: 0, commit: 0, file: 0 };
        self.lock_file
            .note_length(&nothing)
            .map_err(|error| PulseDBError::io("write", self.path.join(lock_file::NAME), error))
    }
}

/// Takes a database for this caller alone; `DatabaseLocked` if any process has it open, this one included.
pub(crate) fn lock_exclusive(path: &Path) -> Result<Exclusive> {
    let Home { path, key, .. } = Home::find(path, true)?;
    if registry::is_open(&key) {
        return Err(StorageError::DatabaseLocked { holder: "a handle of this process".to_owned() }.into());
    }
    let lock_file = LockFile::create(&path)?;
    lock_file.begin_setup(&path)?;
    let alone = lock_file.try_exclude(&path)?;
    lock_file.end_setup();
    if !alone {
        return Err(lock_file::locked(&path, "a process that reads it"));
    }
    Ok(Exclusive { path, lock_file })
}
