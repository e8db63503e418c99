//! A new engram: written aside under a name of its own, and put in place when it is whole.
//!
//! The file aside has one name for each engram and is locked, so a second writer finds out, and what a killed one left
//! behind is used again.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::platform::file;
use crate::platform::found::FileId;

/// An engram that is being made.
#[derive(Debug)]
pub(crate) struct NewFile {
    file: File,
    target: PathBuf,
    aside: PathBuf,
    /// The engram that is replaced, locked so that nobody appends to it meanwhile.
    replaced: Option<File>,
    placed: bool,
}

impl NewFile {
    /// Creates the file aside.
    pub(crate) fn create(target: &Path, overwrite: bool) -> Result<Self> {
        let invalid =
            || Error::InvalidPath { path: target.display().to_string(), reason: "it ends with no name" };
        let name = target.file_name().ok_or_else(invalid)?;
        let mut aside_name = OsString::from(".");
        aside_name.push(name);
        aside_name.push(".partial");
        let aside = target.with_file_name(aside_name);
        let replaced = match OpenOptions::new().read(true).open(target) {
            Ok(_) if !overwrite => return Err(Error::Exists { path: target.to_owned() }),
            Ok(replaced) => {
                lock(&replaced, target)?;
                Some(replaced)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::of_system("open", target, error)),
        };
        let failed = |error| Error::of_system("create", &aside, error);
        // Not truncated before it is locked: it may be another's.
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&aside);
        let file = options.map_err(failed)?;
        lock(&file, target)?;
        if !file::is_at(&file, &aside).unwrap_or(false) {
            // Another writer has finished since, and put it in place.
            return Err(Error::Busy { path: target.to_owned() });
        }
        let created = Self { file, target: target.to_owned(), aside, replaced, placed: false };
        created.file.set_len(0).map_err(|error| Error::of_system("empty", &created.aside, error))?;
        Ok(created)
    }

    /// The file to write to.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Gives it the permissions of another file.
    pub(crate) fn take_mode_of(&self, other: &File) -> Result<()> {
        let permissions = other.metadata().map(|metadata| metadata.permissions());
        let set = permissions.and_then(|permissions| self.file.set_permissions(permissions));
        set.map_err(|error| Error::of_system("set the permissions of", &self.aside, error))
    }

    /// The files that must not be taken in: this one, and the one that it replaces.
    pub(crate) fn ids(&self) -> Result<Vec<FileId>> {
        let files = std::iter::once(&self.file).chain(&self.replaced);
        let ids = files.map(file::id_of);
        ids.collect::<std::io::Result<_>>().map_err(|error| Error::of_system("look at", &self.target, error))
    }

    /// Puts the file, which was synced, in its place.
    pub(crate) fn place(mut self) -> Result<()> {
        let renamed = fs::rename(&self.aside, &self.target);
        renamed.map_err(|error| Error::of_system("put in place", &self.target, error))?;
        self.placed = true;
        let directory = match self.target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let synced = file::sync_directory(directory);
        synced.map_err(|source| Error::NotDurable { path: self.target.clone(), source })
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.placed {
            // Nobody is there to be told; what is left behind is used again.
            let _ = fs::remove_file(&self.aside);
        }
    }
}

/// Takes the lock of a writer; `path` is what the caller knows it as.
pub(crate) fn lock(file: &File, path: &Path) -> Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(Error::Busy { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(Error::of_system("lock", path, error)),
    }
}
