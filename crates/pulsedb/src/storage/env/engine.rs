//! LMDB with its map of the data file and its tables: opened, switched and closed.
#![allow(unsafe_code)] // LMDB maps a file: opening it and changing its flags are unsafe by its interface.

use std::io;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use heed::{EnvFlags, EnvOpenOptions, FlagSetMode, WithoutTls};

use super::checked::Checked;
use super::failure::{engine_error, unsupported};
use super::files::Files;
use super::home::Home;
use super::lmdb::header::Header;
use super::system;
use super::tables::{self, Tree};
use crate::config::SyncMode;
use crate::error::{PulseDBError, Result, StorageError};
use crate::limits;

/// One LMDB environment and the files below it. Compaction puts another one in its place.
#[derive(Debug)]
pub(crate) struct Engine {
    /// Dropped by hand, because a forked child must leave it alone, and before the files.
    lmdb: ManuallyDrop<heed::Env<WithoutTls>>,
    tables: Vec<Tree>,
    checked: Checked,
    pub(super) files: Files,
    /// The size of the map that every process should have.
    full_map_bytes: u64,
    fast: AtomicBool,
    pid: u32,
}

impl Engine {
    /// Maps files that were judged, with the first of the sizes in `maps` for which there is address space. `names` are
    /// those of the tables.
    pub(super) fn open(
        home: &Home,
        files: Files,
        header: &Header,
        maps: &[u64],
        names: &[&str],
        read_only: bool,
    ) -> Result<Self> {
        let lmdb = open_largest(&home.path, &files, header, maps)?;
        files.fill_engine_lock()?;
        let tables = tables::open(&lmdb, names, header, read_only, &home.path)?;
        let (fast, pid) = (AtomicBool::new(false), std::process::id());
        let full_map_bytes = header.map_bytes;
        let checked = Checked::default();
        Ok(Self { lmdb: ManuallyDrop::new(lmdb), tables, checked, files, full_map_bytes, fast, pid })
    }

    /// What was asked for of each table, in the order of the names given to `open`.
    pub(crate) fn table(&self, index: usize) -> &Tree {
        &self.tables[index]
    }

    /// Which values that never change were checked.
    pub(crate) fn checked(&self) -> &Checked {
        &self.checked
    }

    pub(super) fn tables(&self) -> &[Tree] {
        &self.tables
    }

    /// LMDB itself, to begin transactions and to ask about the map.
    pub(super) fn lmdb(&self) -> &heed::Env<WithoutTls> {
        &self.lmdb
    }

    /// The number of the newest commit of any process, read from the mapped meta pages.
    pub(super) fn last_txn_id(&self) -> u64 {
        self.lmdb.info().last_txn_id as u64
    }

    /// The last page of the newest commit.
    pub(super) fn last_page(&self) -> u64 {
        self.lmdb.info().last_page_number as u64
    }

    /// Bytes of the map, which is the largest size of the data file.
    pub(super) fn map_bytes(&self) -> u64 {
        self.lmdb.info().map_size as u64
    }

    /// The size that the map should have, if there was no address space for it. What is mapped then serves readers for
    /// as long as the file does not outgrow it.
    pub(super) fn missing_map(&self) -> Option<u64> {
        (self.map_bytes() < self.full_map_bytes).then_some(self.full_map_bytes)
    }

    /// Frees the slots of readers whose process has died; returns how many.
    pub(super) fn clear_stale_readers(&self) -> Result<usize> {
        self.lmdb.clear_stale_readers().map_err(|error| engine_error("clearing stale readers", error))
    }

    /// What a commit waits for.
    pub(super) fn sync_mode(&self) -> SyncMode {
        if self.fast.load(Ordering::Relaxed) { SyncMode::Fast } else { SyncMode::Normal }
    }

    /// Sets what a commit waits for.
    pub(super) fn set_sync_mode(&self, mode: SyncMode) -> Result<()> {
        let switch = match mode {
            SyncMode::Normal => FlagSetMode::Disable,
            SyncMode::Fast => FlagSetMode::Enable,
        };
        // SAFETY: the caller is the only one that could write through this environment, so no transaction commits,
        // and only commits read this flag. A commit syncs its pages before its meta page in both modes.
        unsafe { self.lmdb.set_flags(EnvFlags::NO_META_SYNC, switch) }
            .map_err(|error| engine_error("setting the sync mode", error))?;
        self.fast.store(mode == SyncMode::Fast, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.pid == std::process::id() {
            // SAFETY: this is the only place that drops it, and nothing uses it afterwards.
            unsafe { ManuallyDrop::drop(&mut self.lmdb) };
        }
        // Else the parent uses it: LMDB would give back reader slots and unmap what it must not.
    }
}

/// What a read-only map is made of: as much as there is of the file, its end included.
pub(super) fn map_of_length(files: &Files) -> Result<u64> {
    let unit = files.page_size.max(system::page_size());
    Ok(files.data_bytes()?.next_multiple_of(unit))
}

fn open_largest(path: &Path, files: &Files, header: &Header, maps: &[u64]) -> Result<heed::Env<WithoutTls>> {
    let mut refused = None;
    for map_bytes in maps {
        // Rows lie scattered, and what is read in a row is asked for by name.
        let mut flags = EnvFlags::NO_READ_AHEAD;
        if !files.writable || *map_bytes < header.map_bytes {
            flags |= EnvFlags::READ_ONLY;
        }
        if files.unlocked {
            flags |= EnvFlags::NO_LOCK;
        }
        match open_lmdb(path, *map_bytes, flags) {
            Err(PulseDBError::Storage(error @ StorageError::MapTooLarge { .. })) => {
                tracing::info!(path = %path.display(), %error, "trying a smaller map");
                // The first one is what was asked for.
                refused.get_or_insert(error);
            }
            outcome => return outcome,
        }
    }
    Err(refused.map_or_else(|| unsupported("a map of no size"), PulseDBError::from))
}

fn open_lmdb(path: &Path, map_bytes: u64, flags: EnvFlags) -> Result<heed::Env<WithoutTls>> {
    let map_size = usize::try_from(map_bytes).map_err(|_| StorageError::MapTooLarge { bytes: map_bytes })?;
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(map_size).max_readers(limits::READER_SLOTS).max_dbs(limits::TABLES_MAX);
    // SAFETY: read-only does not weaken the engine. Without its lock nobody may write: a reader that may not take it
    // keeps writers away by a lock of ours, or is on a file system that nobody can write to.
    unsafe { options.flags(flags) };
    // SAFETY: both meta pages were judged and the file reaches to its last page, so the map has every page that
    // they name. The registry keeps this process from opening it twice, the file system is not a network one, and
    // only LMDB writes to the pages while it is open.
    unsafe { options.open(path) }.map_err(|error| match error {
        heed::Error::Io(error) if error.kind() == io::ErrorKind::OutOfMemory => {
            StorageError::MapTooLarge { bytes: map_bytes }.into()
        }
        heed::Error::Io(error) => PulseDBError::io("open the engine in", path, error),
        other => engine_error("opening", other),
    })
}
