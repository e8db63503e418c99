//! LMDB with its map of the data file and its tables: opened, switched and closed.
#![allow(unsafe_code)] // LMDB maps a file: opening it and changing its flags are unsafe by its interface.

use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use heed::{EnvFlags, EnvOpenOptions, FlagSetMode, WithoutTls};

use super::failure::{engine_error, unsupported};
use super::files::Files;
use super::lmdb::header::Header;
use super::place::Place;
use super::tables::{self, Table};
use crate::config::SyncMode;
use crate::error::{PulseDBError, Result};
use crate::limits;

/// One LMDB environment and the files below it. Compaction puts another one in its place.
#[derive(Debug)]
pub(crate) struct Engine {
    /// Dropped by hand, because a forked child must leave it alone, and before the files.
    lmdb: ManuallyDrop<heed::Env<WithoutTls>>,
    tables: Vec<Table>,
    pub(super) files: Files,
    fast: AtomicBool,
    pid: u32,
}

impl Engine {
    /// Maps files that were judged. `names` are those of the tables.
    pub(super) fn open(
        place: &Place,
        files: Files,
        header: &Header,
        map_bytes: u64,
        names: &[&str],
        read_only: bool,
    ) -> Result<Self> {
        let lmdb = open_lmdb(&place.path, map_bytes, !files.writable)?;
        files.fill_engine_lock()?;
        let tables = tables::open(&lmdb, names, header, read_only, &place.path)?;
        let (fast, pid) = (AtomicBool::new(false), std::process::id());
        Ok(Self { lmdb: ManuallyDrop::new(lmdb), tables, files, fast, pid })
    }

    /// What was asked for of each table, in the order of the names given to `open`.
    pub(crate) fn table(&self, index: usize) -> &Table {
        &self.tables[index]
    }

    pub(super) fn tables(&self) -> &[Table] {
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

    /// Gives back the slots of readers whose process has died; says how many.
    pub(super) fn clear_stale_readers(&self) -> Result<usize> {
        self.lmdb.clear_stale_readers().map_err(|error| engine_error("clearing stale readers", error))
    }

    /// What a commit waits for.
    #[cfg(test)]
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

fn open_lmdb(path: &Path, map_bytes: u64, read_only: bool) -> Result<heed::Env<WithoutTls>> {
    let map_size = usize::try_from(map_bytes)
        .map_err(|_| unsupported(format!("a map of {map_bytes} bytes does not fit the address space")))?;
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(map_size).max_readers(limits::READER_SLOTS).max_dbs(limits::TABLES_MAX);
    if read_only {
        // SAFETY: read-only is not one of the flags that weaken the engine.
        unsafe { options.flags(EnvFlags::READ_ONLY) };
    }
    // SAFETY: both meta pages were judged and the file reaches to its last page, so the map has every page that
    // they name. The registry keeps this process from opening it twice, the file system is not a network one, and
    // only LMDB writes to the pages while it is open.
    unsafe { options.open(path) }.map_err(|error| match error {
        heed::Error::Io(error) => PulseDBError::io("open the engine in", path, error),
        other => engine_error("opening", other),
    })
}
