//! An engram that is open for writing: locked, and as its last commit says.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::time::UNIX_EPOCH;

use embeddenator_io::Compression;

use crate::create::lock;
use crate::entry::{Entry, Timestamp};
use crate::error::{Error, Result};
use crate::medium::Medium;
use crate::platform::file;
use crate::platform::found::FileId;
use crate::store::read::Store;
use crate::transaction::{Base, Transaction};
use crate::tree::Tree;

/// An engram and its lock, which is held until this is dropped.
pub(crate) struct Opened {
    pub(crate) store: Store,
    /// The handle that has the lock, and that is written to.
    file: File,
}

impl Opened {
    /// Opens and locks an engram whose last commit is whole.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let failed = |error| Error::of_system("open", path, error);
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
        lock(&file, path)?;
        if !file::is_at(&file, path).unwrap_or(false) {
            // Another writer has put a new one in its place since.
            return Err(Error::Busy { path: path.to_owned() });
        }
        let store = Store::open(file.try_clone().map_err(failed)?, path)?;
        if store.rolled_back {
            return Err(Error::RolledBack { path: path.to_owned() });
        }
        Ok(Self { store, file })
    }

    /// What a commit is written to.
    pub(crate) fn medium(&self) -> &File {
        &self.file
    }

    /// The commit after the last one.
    pub(crate) fn begin<M: Medium>(&self, medium: M, compression: Compression) -> Result<Transaction<M>> {
        let (path, end) = (&self.store.path, self.store.footer.end());
        if self.store.length > end {
            // What an unfinished commit left behind might be taken for a later one if it were overwritten in part.
            self.file.set_len(end).map_err(|error| Error::of_system("cut", path, error))?;
        }
        let base = Base { footer: self.store.footer, runs: self.store.runs.clone() };
        Ok(Transaction::begin(medium, path, Some(base), compression))
    }

    /// The number of its file.
    pub(crate) fn id(&self) -> Result<FileId> {
        file::id_of(&self.file).map_err(|error| Error::of_system("look at", &self.store.path, error))
    }

    /// When it was written last, as far as the file system knows.
    pub(crate) fn written(&self) -> Option<Timestamp> {
        let since = self.file.metadata().ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Timestamp { seconds: since.as_secs() as i64, nanoseconds: since.subsec_nanos() })
    }

    /// The entries of the newest snapshot; none if there is no snapshot.
    pub(crate) fn newest(&self) -> Result<Vec<Entry>> {
        match self.store.snapshots.snapshots.last() {
            Some(snapshot) => Tree::new(&self.store, snapshot)?.entries().collect(),
            None => Ok(Vec::new()),
        }
    }
}
