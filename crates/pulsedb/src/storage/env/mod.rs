//! The LMDB environment below the tables: files, locks, the map, space, snapshots and commits.
//!
//! A directory holds `data.mdb` and `lock.mdb`, which are LMDB's, and `lock`, which is ours (see [`lock_file`]).
//! LMDB keeps process-wide locks on `lock.mdb` that vanish when *any* descriptor of it is closed in this process:
//! nothing here opens that file while an environment is open, except the one descriptor that outlives it.

mod backup;
mod byte_lock;
mod check;
mod checked;
mod exclusive;
mod failure;
mod files;
mod handle;
mod lmdb;
mod lock_file;
mod open;
mod readers;
mod registry;
mod space;
mod system;
mod tables;
#[cfg(test)]
mod tests;
mod write;

use std::any::Any;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{OnceLock, Weak};

use heed::WithoutTls;
use parking_lot::Mutex;

pub(crate) use exclusive::{Exclusive, lock_exclusive};
pub(crate) use failure::engine_error;
pub(crate) use files::{DATA, ENGINE_LOCK};
pub(crate) use handle::EnvHandle;
#[cfg(any(test, fuzzing))]
pub(crate) use lmdb::header::judge as judge_header;
pub(crate) use readers::RawReader;
pub(crate) use space::Space;
pub(crate) use write::WriteGuard;

use crate::config::SyncMode;
use crate::error::{PulseDBError, Result, StorageError};
use crate::limits;
use crate::model::Holder;

/// What an environment is opened with.
#[derive(Debug, Clone)]
pub(crate) struct EnvOptions {
    /// The directory of the database.
    pub(crate) path: PathBuf,
    /// The size of the map in GiB; see [`Environment::open`].
    pub(crate) map_size_gb: usize,
    /// What a commit waits for.
    pub(crate) sync_mode: SyncMode,
    /// Create nothing and write nothing.
    pub(crate) read_only: bool,
}

/// One table: keys and values are plain bytes.
pub(crate) type Table = heed::Database<'static, heed::types::Bytes, heed::types::Bytes>;

/// A snapshot. It holds a reader slot and pins pages until it is dropped, so it must be short.
pub(crate) type ReadTxn<'e> = heed::RoTxn<'e, WithoutTls>;

/// The open environment of one directory, shared by all handles of this process.
#[derive(Debug)]
pub(crate) struct Environment {
    /// Dropped by hand, because a forked child must leave it alone.
    engine: ManuallyDrop<heed::Env<WithoutTls>>,
    tables: Vec<Table>,
    files: files::Files,
    writer: Mutex<write::Writer>,
    settings: Mutex<handle::Settings>,
    /// What the layer above keeps beside it.
    companion: Mutex<Option<Weak<dyn Any + Send + Sync>>>,
    checked: checked::Checked,
    poison: OnceLock<String>,
    /// Asked for by tests only.
    #[cfg(test)]
    created: bool,
    pid: u32,
    fast: AtomicBool,
}

impl Environment {
    /// Which values that never change were checked.
    pub(crate) fn checked(&self) -> &checked::Checked {
        &self.checked
    }

    /// What was asked for of each table, in the order of the names given to `open`.
    pub(crate) fn table(&self, index: usize) -> &Table {
        &self.tables[index]
    }

    /// Whether this environment has made the tables: the database was new, or its creation was cut short.
    #[cfg(test)]
    pub(crate) fn was_created(&self) -> bool {
        self.created
    }

    /// Takes a snapshot of the newest commit.
    pub(crate) fn read(&self) -> Result<ReadTxn<'_>> {
        self.refuse_after_fork()?;
        for attempt in 0..limits::READER_ATTEMPTS {
            match self.engine.read_txn() {
                Ok(txn) => return Ok(txn),
                Err(heed::Error::Mdb(heed::MdbError::ReadersFull)) => {}
                Err(error) => return Err(engine_error("taking a snapshot", error)),
            }
            // Slots of dead processes first, then those that living ones give back.
            if self.clear_stale_readers()? == 0 {
                std::thread::sleep(limits::READER_WAIT * attempt);
            }
        }
        Err(StorageError::TooManyReaders { slots: self.engine.max_readers() }.into())
    }

    /// The number of the newest commit of any process, read from the mapped meta pages.
    ///
    /// It can be one ahead of the snapshot that [`Environment::read`] takes at this moment, for as long as the
    /// commit is being published or if its process died while publishing it: compare it with the number that
    /// was seen before a snapshot was taken, or with the snapshot's own.
    pub(crate) fn last_txn_id(&self) -> u64 {
        self.engine.info().last_txn_id as u64
    }

    /// Fails in a process that was forked from the one that opened the environment.
    pub(crate) fn refuse_after_fork(&self) -> Result<()> {
        if self.is_forked() { Err(PulseDBError::Closed) } else { Ok(()) }
    }

    fn is_forked(&self) -> bool {
        std::process::id() != self.pid
    }

    /// Bytes of the map, which is the largest size of the data file.
    pub(crate) fn map_bytes(&self) -> u64 {
        self.engine.info().map_size as u64
    }

    /// Bytes of the data file, room set aside included.
    pub(crate) fn file_bytes(&self) -> Result<u64> {
        self.refuse_after_fork()?;
        self.files.data_bytes()
    }

    /// Bytes of a page.
    pub(crate) fn page_size(&self) -> u64 {
        self.files.page_size
    }

    /// The directory, canonical.
    pub(crate) fn path(&self) -> &Path {
        &self.files.path
    }

    /// What a commit waits for.
    #[cfg(test)]
    pub(crate) fn sync_mode(&self) -> SyncMode {
        if self.fast.load(std::sync::atomic::Ordering::Relaxed) { SyncMode::Fast } else { SyncMode::Normal }
    }

    /// Gives back the slots of readers whose process has died; says how many.
    pub(crate) fn clear_stale_readers(&self) -> Result<usize> {
        self.refuse_after_fork()?;
        self.engine.clear_stale_readers().map_err(|error| engine_error("clearing stale readers", error))
    }

    /// Refuses writes from now on, until every handle is closed and the database is opened again.
    pub(crate) fn poison(&self, reason: impl Into<String>) {
        // The first reason stays: it started the trouble.
        let _ = self.poison.set(reason.into());
    }

    /// Whether writes are refused.
    #[cfg(test)]
    pub(crate) fn is_poisoned(&self) -> bool {
        self.poison.get().is_some()
    }

    fn refuse_when_poisoned(&self) -> Result<()> {
        match self.poison.get() {
            None => Ok(()),
            Some(reason) => Err(StorageError::WritesRefused { reason: reason.clone() }.into()),
        }
    }
}

/// Makes what was renamed in a directory durable.
pub(crate) fn sync_directory(path: &Path) -> Result<()> {
    system::Directory::open(path)
        .and_then(|directory| directory.sync())
        .map_err(|error| failure::file_error("sync", path, error))
}

/// The live writing processes of the database in a directory.
pub(crate) fn writers(path: &Path) -> Result<Vec<Holder>> {
    lock_file::writers(path)
}
