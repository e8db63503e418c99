//! Calls that maintain the database as a whole.

use std::path::Path;

use crate::config::Config;
use crate::db::PulseDB;
use crate::db::open::identity_of;
use crate::error::Result;
use crate::index::Builder;
use crate::model::{BackupReport, CheckReport, CompactReport, DatabaseStats, Holder};
use crate::storage::{self, RepairOptions};

impl PulseDB {
    /// Live processes that have the database in this directory open for writing.
    ///
    /// # Errors
    /// [`Io`](crate::PulseDBError::Io) if the lock file is there and cannot be read.
    pub fn writers(path: impl AsRef<Path>) -> Result<Vec<Holder>> {
        storage::env::writers(path.as_ref())
    }

    /// Writes a consistent copy into a directory, which is created if it is missing and must be empty. Readers and
    /// writers are not stopped; the copy is the state at some moment during the call, and can be opened as a database.
    ///
    /// # Errors
    /// [`Io`](crate::PulseDBError::Io) if the directory is not empty or cannot be written, besides those of
    /// [every call](PulseDB#errors).
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<BackupReport> {
        let (bytes, sequence) = self.store()?.backup(to.as_ref())?;
        Ok(BackupReport { path: to.as_ref().to_owned(), bytes, sequence })
    }

    /// Rewrites the data file without the free and half-empty pages that deletes and updates leave, and returns their
    /// space to the disk. What has expired and what deleted collectives have left is removed
    /// first. Otherwise the contents do not change, and handles and sequence numbers stay valid. While it runs, it needs
    /// room for a second copy. A file that would not get smaller is left as it is.
    ///
    /// Calls of this process that write wait until it is done; those that read wait only at its end. Another process that
    /// opens the database meanwhile waits up to ten seconds.
    ///
    /// # Errors
    /// [`DatabaseLocked`](crate::StorageError::DatabaseLocked) if another process has the database open, or if a call of
    /// this process keeps reading; [`Full`](crate::StorageError::Full) if there is no room for the copy;
    /// [`Corrupted`](crate::StorageError::Corrupted) for a damaged file, which is left as it is;
    /// [`ReadOnly`](crate::PulseDBError::ReadOnly).
    pub fn compact(&self) -> Result<CompactReport> {
        let (bytes_before, bytes_after) = self.writable()?.compact()?;
        Ok(CompactReport { bytes_before, bytes_after })
    }

    /// Compares every record with its index rows and every index row with its record, and checks every checksum, the
    /// counts and the change log. Readers and writers are not stopped; the state at the beginning is checked, and its
    /// pages are kept until the end.
    ///
    /// # Errors
    /// Those of [every call](PulseDB#errors). What is wrong with the database is in the report, and is no error.
    pub fn check(&self) -> Result<CheckReport> {
        self.store()?.check()
    }

    /// Checks the database in a directory and, if anything is wrong, builds a new data file from its records: all that
    /// is derived from them is rebuilt, and a lost vector is embedded again if the embedder is the one that made it. The
    /// damaged file is kept beside the new one and named in the report. Where pages are damaged, the rows on the other
    /// pages are saved. Sequence numbers are kept; if a record or a part of the change log is lost, the log begins after
    /// the last number, and polling from before it is [`ChangesGone`](crate::PulseDBError::ChangesGone).
    ///
    /// # Errors
    /// [`DatabaseLocked`](crate::StorageError::DatabaseLocked) if any process has the database open;
    /// [`FormatTooNew`](crate::StorageError::FormatTooNew) if a newer version has written it;
    /// [`Corrupted`](crate::StorageError::Corrupted) if nothing in the file can be read, so that only a backup helps;
    /// [`Config`](crate::PulseDBError::Config) and [`Validation`](crate::PulseDBError::Validation) for settings, as
    /// [`open`](Self::open).
    pub fn repair(path: impl AsRef<Path>, config: Config) -> Result<CheckReport> {
        config.validate()?;
        let embedder = config.embedding_provider.service()?;
        let identity = identity_of(embedder.as_deref(), &config)?;
        let embed = |text: &str| embedder.as_ref().and_then(|embedder| embedder.embed(text).ok());
        storage::repair(&RepairOptions {
            path: path.as_ref(),
            map_size_gb: config.map_size_gb,
            identity: &identity,
            builder: &Builder,
            seal_rows: config.vector.seal_rows as u32,
            embed: &embed,
        })
    }

    /// Sizes, readers, writers and counts.
    ///
    /// # Errors
    /// Those of [every call](PulseDB#errors).
    pub fn stats(&self) -> Result<DatabaseStats> {
        self.store()?.stats()
    }
}
