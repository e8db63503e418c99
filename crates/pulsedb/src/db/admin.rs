//! Calls that look after the database as a whole.

use std::path::Path;

use crate::config::Config;
use crate::db::PulseDB;
use crate::db::open::{embedder_of, identity_of};
use crate::error::Result;
use crate::index::Builder;
use crate::model::{BackupReport, CheckReport, DatabaseStats, Holder};
use crate::storage::{self, RepairOptions};
use crate::vector::Norm;

impl PulseDB {
    /// Live processes that have the database in this directory open for writing.
    pub fn writers(path: impl AsRef<Path>) -> Result<Vec<Holder>> {
        storage::env::writers(path.as_ref())
    }

    /// Writes a consistent copy into a directory, which is made if it is missing and must be empty. Readers and
    /// writers go on; the copy is the state at some moment of the call and can be opened as a database.
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<BackupReport> {
        let (bytes, sequence) = self.store()?.backup(to.as_ref())?;
        Ok(BackupReport { path: to.as_ref().to_owned(), bytes, sequence })
    }

    /// Compares every record with its index rows and every index row with its record, every value with its
    /// checksum, the counts and the change log. Readers and writers go on; the state at the beginning is checked,
    /// and its pages are kept until the end.
    pub fn check(&self) -> Result<CheckReport> {
        self.store()?.check(norm_bits)
    }

    /// Checks the database in a directory and, if anything is wrong, builds a new data file from its records:
    /// everything derived is made anew, a lost vector is embedded again where the embedder can. The damaged file is
    /// kept beside the new one and named in the report. Where pages are damaged, the rows on the others are saved.
    /// Sequence numbers are kept; if a record or a part of the
    /// change log is lost, the log begins after the last number, and polling from before it is `ChangesGone`.
    ///
    /// # Errors
    /// `DatabaseLocked` if any process has the database open; `FormatTooNew`; `Corrupted` for a file of which nothing
    /// can be read: a backup is the way back then.
    pub fn repair(path: impl AsRef<Path>, config: Config) -> Result<CheckReport> {
        config.validate()?;
        let embedder = embedder_of(&config)?;
        let identity = identity_of(embedder.as_deref(), &config)?;
        let embed = |text: &str| embedder.as_ref().and_then(|embedder| embedder.embed(text).ok());
        storage::repair(&RepairOptions {
            path: path.as_ref(),
            map_size_gb: config.map_size_gb,
            identity: &identity,
            norm_of: norm_bits,
            builder: &Builder,
            seal_rows: config.vector.seal_rows as u32,
            embed: &embed,
        })
    }

    /// Sizes, readers, writers and counts.
    pub fn stats(&self) -> Result<DatabaseStats> {
        self.store()?.stats()
    }
}

fn norm_bits(vector: &[f32]) -> Option<u32> {
    Norm::of(vector).map(Norm::to_bits)
}
