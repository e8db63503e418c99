//! The open environment of one directory, shared by all handles of this process, and its snapshots.

use std::any::Any;
use std::cell::Cell;
use std::ops::Deref;
use std::path::Path;
use std::sync::{OnceLock, Weak};

use heed::{RoTxn, WithoutTls};
use parking_lot::{MappedRecursiveRwLockReadGuard, Mutex, RecursiveRwLock, RecursiveRwLockReadGuard};

use super::engine::Engine;
use super::failure::engine_error;
use super::home::{ENGINE_LOCK, Home};
use super::lock_file::LockFile;
use super::presence::Presence;
use super::settings::Settings;
#[cfg(test)]
use super::tables::Tree;
use super::wake::Bell;
#[cfg(test)]
use crate::config::SyncMode;
use crate::error::{PulseDBError, Result, StorageError};
use crate::limits;

/// The open environment of one directory, shared by all handles of this process.
///
/// Locks are taken in this order: settings, writer, engine. Only what exchanges the engine takes the last one
/// exclusively, and it does not wait for long: a thread that holds a snapshot may be waiting for the writer.
#[derive(Debug)]
pub(crate) struct Environment {
    /// `None` only if it could not be opened again after an exchange.
    pub(super) engine: RecursiveRwLock<Option<Engine>>,
    pub(super) home: Home,
    /// Names of the tables.
    pub(super) names: &'static [&'static str],
    pub(super) writer: Mutex<Writer>,
    pub(super) settings: Mutex<Settings>,
    /// What the layer above keeps beside it.
    pub(super) companion: Mutex<Option<Weak<dyn Any + Send + Sync>>>,
    pub(super) presence: Presence,
    pub(super) bell: Bell,
    pub(super) poison: OnceLock<String>,
    /// Asked for by tests only.
    #[cfg(test)]
    pub(super) created: bool,
    pub(super) pid: u32,
}

/// What only the writing thread of this process touches.
#[derive(Debug)]
pub(super) struct Writer {
    /// The lock file; `None` where a read-only handle found none.
    pub(super) lock_file: Option<LockFile>,
    /// Bytes that the data file has at the least: it never shrinks while it is open.
    pub(super) file_bytes: Cell<u64>,
    /// Whether it keeps all writers away, because LMDB's locks cannot be used.
    pub(super) excludes_writers: bool,
}

impl Writer {
    /// For a reader that cannot use LMDB's locks: makes sure that nobody writes, and that nobody begins to.
    pub(super) fn keep_others_from_writing(&mut self, path: &Path) -> Result<()> {
        if self.excludes_writers {
            return Ok(());
        }
        if self.lock_file.is_none() {
            self.lock_file = LockFile::open_existing(path)?;
        }
        // Where there is no lock file, nobody has ever written; the next snapshot looks again.
        if let Some(lock_file) = &self.lock_file {
            lock_file.exclude_writers(path, &path.join(ENGINE_LOCK))?;
            self.excludes_writers = true;
        }
        Ok(())
    }

    /// Writes down how long the file is, so that a cut is known.
    pub(super) fn note_length(&self, engine: &Engine) {
        if let Some(lock_file) = self.lock_file.as_ref().filter(|file| file.is_writable())
            && let Ok(bytes) = engine.files.data_bytes()
        {
            engine.files.note_length(lock_file, bytes, engine.last_txn_id());
        }
    }
}

/// The engine, which nobody exchanges while this is held.
pub(super) type EngineGuard<'e> = MappedRecursiveRwLockReadGuard<'e, Engine>;

/// A snapshot. It holds a reader slot and pins pages until it is dropped, so it must be short.
#[derive(Debug)]
pub(crate) struct ReadTxn<'e> {
    // Before the engine, so that it ends first.
    txn: Transaction,
    engine: EngineGuard<'e>,
}

struct Transaction(RoTxn<'static, WithoutTls>);

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.id())
    }
}

impl Deref for ReadTxn<'_> {
    type Target = RoTxn<'static, WithoutTls>;

    fn deref(&self) -> &Self::Target {
        &self.txn.0
    }
}

impl ReadTxn<'_> {
    /// The engine whose state it is.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl Environment {
    /// What was asked for of each table, in the order of the names given to `open`.
    #[cfg(test)]
    pub(crate) fn table(&self, index: usize) -> Tree {
        *self.engine().unwrap().table(index)
    }

    /// Whether this environment has made the tables: the database was new, or its creation was cut short.
    #[cfg(test)]
    pub(crate) fn was_created(&self) -> bool {
        self.created
    }

    /// The engine, for as long as the guard lives. A thread may hold several.
    pub(super) fn engine(&self) -> Result<EngineGuard<'_>> {
        // Recursive: who holds a snapshot may ask for another one, or wait for a thread that does.
        RecursiveRwLockReadGuard::try_map(self.engine.read(), Option::as_ref).map_err(|_| {
            let reason = "the database could not be opened again after it was compacted; \
                          close every handle and open it again";
            StorageError::Engine { reason: reason.to_owned() }.into()
        })
    }

    /// Whether a writable handle is open on it.
    pub(crate) fn is_writable(&self) -> bool {
        self.settings.lock().requested.is_some()
    }

    /// Takes a snapshot of the newest commit.
    pub(crate) fn read(&self) -> Result<ReadTxn<'_>> {
        self.refuse_after_fork()?;
        for attempt in 0..limits::READER_ATTEMPTS {
            let engine = self.engine()?;
            self.presence.confirm_lately(self.path(), &engine)?;
            if engine.files.unlocked {
                self.writer.lock().keep_others_from_writing(self.path())?;
            }
            match engine.lmdb().clone().static_read_txn() {
                Ok(txn) => return Ok(ReadTxn { txn: Transaction(txn), engine }),
                Err(heed::Error::Mdb(heed::MdbError::ReadersFull)) => {}
                Err(heed::Error::Mdb(heed::MdbError::MapResized)) => {
                    drop(engine);
                    self.map_more()?;
                    continue;
                }
                Err(error) => return Err(engine_error("taking a snapshot", error)),
            }
            // First the slots of dead processes, then those that living ones free.
            if engine.clear_stale_readers()? == 0 {
                drop(engine);
                std::thread::sleep(limits::READER_WAIT * attempt);
            }
        }
        Err(StorageError::TooManyReaders { slots: self.engine()?.lmdb().max_readers() }.into())
    }

    /// The number of the newest commit of any process, read from the mapped meta pages.
    ///
    /// It can be one ahead of the snapshot that [`Environment::read`] takes at this moment, for as long as the
    /// commit is being published or if its process died while publishing it: compare it with the number that
    /// was seen before a snapshot was taken, or with the snapshot's own.
    pub(crate) fn last_txn_id(&self) -> Result<u64> {
        self.refuse_after_fork()?;
        let engine = self.engine()?;
        self.presence.confirm_lately(self.path(), &engine)?;
        Ok(engine.last_txn_id())
    }

    /// Fails with `Replaced` if the files that are open are not those of the directory, whenever that was last looked at.
    pub(crate) fn confirm_in_place(&self) -> Result<()> {
        self.refuse_after_fork()?;
        let engine = self.engine()?;
        self.presence.forget();
        self.presence.confirm_lately(self.path(), &engine)
    }

    /// How the processes tell each other of commits.
    pub(crate) fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Fails in a process that was forked from the one that opened the environment.
    pub(crate) fn refuse_after_fork(&self) -> Result<()> {
        if self.is_forked() { Err(PulseDBError::Closed) } else { Ok(()) }
    }

    pub(super) fn is_forked(&self) -> bool {
        std::process::id() != self.pid
    }

    /// Bytes of the map, which is the largest size of the data file.
    pub(crate) fn map_bytes(&self) -> Result<u64> {
        Ok(self.engine()?.map_bytes())
    }

    /// Bytes of the data file, room set aside included.
    pub(crate) fn file_bytes(&self) -> Result<u64> {
        self.refuse_after_fork()?;
        self.engine()?.files.data_bytes()
    }

    /// Bytes of a page.
    pub(crate) fn page_size(&self) -> Result<u64> {
        Ok(self.engine()?.files.page_size)
    }

    /// The directory, canonical.
    pub(crate) fn path(&self) -> &Path {
        &self.home.path
    }

    /// What a commit waits for.
    #[cfg(test)]
    pub(crate) fn sync_mode(&self) -> SyncMode {
        self.engine().unwrap().sync_mode()
    }

    /// Frees the slots of readers whose process has died; returns how many.
    pub(crate) fn clear_stale_readers(&self) -> Result<usize> {
        self.refuse_after_fork()?;
        self.engine()?.clear_stale_readers()
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

    pub(super) fn refuse_when_poisoned(&self) -> Result<()> {
        match self.poison.get() {
            None => Ok(()),
            Some(reason) => Err(StorageError::WritesRefused { reason: reason.clone() }.into()),
        }
    }

    pub(super) fn refuse_when_read_only(&self) -> Result<()> {
        if self.is_writable() { Ok(()) } else { Err(PulseDBError::ReadOnly) }
    }
}
