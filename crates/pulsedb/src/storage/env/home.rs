//! The directory of a database: where it is, whether it may be used, and whether it is still the same.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::failure::{damaged, file_error, unsupported};
use super::lock_file::LockFile;
use super::system::{self, Directory, DirectoryKey};
use crate::error::{PulseDBError, Result, StorageError};

/// The data file of LMDB.
pub(crate) const DATA: &str = "data.mdb";
/// A data file that is being made; renamed when it is whole.
pub(super) const DATA_NEW: &str = "data.mdb.new";
/// Where a compaction makes the copy; a leftover means nothing.
pub(super) const COMPACT: &str = "compact";
/// The lock file of LMDB.
pub(crate) const ENGINE_LOCK: &str = "lock.mdb";

/// Makes what was renamed in a directory durable.
pub(crate) fn sync_directory(path: &Path) -> Result<()> {
    Directory::open(path)
        .and_then(|directory| directory.sync())
        .map_err(|error| file_error("sync", path, error))
}

/// Makes a directory that only its owner can enter, unless it is there, and what leads to it.
pub(super) fn create_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    match system::create_private_directory(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        outcome => outcome,
    }
}

/// An open directory and its names.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) path: PathBuf,
    pub(super) directory: Directory,
    pub(super) key: DirectoryKey,
}

impl Home {
    /// Refuses a data file of no bytes that had some: it was cut, and making a database in its place would hide that.
    pub(super) fn refuse_if_emptied(&self, lock_file: &LockFile) -> Result<()> {
        let Ok(data) = File::open(self.path.join(DATA)) else { return Ok(()) };
        let is_empty = data.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0);
        let had = lock_file.noted_length().filter(|note| note.file == system::file_number(&data));
        match had {
            Some(note) if is_empty && note.bytes > 0 => Err(damaged(format!(
                "data.mdb, truncated: it has 0 bytes and had {}; restore a backup, or remove it to start over",
                note.bytes
            ))),
            _ => Ok(()),
        }
    }

    /// Finds the directory of a database; makes it if it is missing and may be made.
    pub(super) fn find(path: &Path, read_only: bool) -> Result<Self> {
        if !read_only {
            create_directory(path).map_err(|error| file_error("create the directory", path, error))?;
        }
        let canonical = path.canonicalize().map_err(|error| {
            if read_only && error.kind() == io::ErrorKind::NotFound {
                return StorageError::DatabaseNotFound { path: path.to_owned() }.into();
            }
            PulseDBError::io("open the directory", path, error)
        })?;
        let refused = |error| PulseDBError::io("open the directory", path, error);
        let directory = Directory::open(&canonical).map_err(refused)?;
        let key = directory.key().map_err(refused)?;
        Ok(Self { path: canonical, directory, key })
    }

    /// Removes what a compaction that was cut short has left. The caller keeps other processes from compacting.
    pub(super) fn remove_leftovers(&self) {
        // It means nothing; what cannot be removed now takes room until it can.
        let _ = fs::remove_dir_all(self.path.join(COMPACT));
    }

    /// Refuses a file system on which a database does not hold.
    pub(super) fn refuse_network(&self) -> Result<()> {
        let name = system::refused_file_system(&self.directory)
            .map_err(|error| PulseDBError::io("inspect the file system of", &self.path, error))?;
        let Some(name) = name else { return Ok(()) };
        Err(unsupported(format!(
            "{} is on {name}, a network file system, where locks and shared maps do not hold; \
             put the database on a local disk",
            self.path.display()
        )))
    }
}
