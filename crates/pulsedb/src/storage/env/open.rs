//! Opening and closing: the order of the locks, and the settings that all handles share.
#![allow(unsafe_code)] // LMDB maps a file: opening it and changing its flags are unsafe by its interface.

use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use heed::{EnvFlags, EnvOpenOptions, FlagSetMode, WithoutTls};
use parking_lot::Mutex;

use super::exclusive::Exclusive;
use super::failure::unsupported;
use super::files::{Files, Place};
use super::handle::{EnvHandle, GIB, Settings};
use super::lock_file::LockFile;
use super::registry::{self, Entry};
use super::write::Writer;
use super::{EnvOptions, Environment, engine_error, tables};
use crate::config::SyncMode;
use crate::error::{PulseDBError, Result};
use crate::limits;

impl Environment {
    /// Opens the environment of a directory, or joins the one that is open in this process.
    ///
    /// `tables` names every table. A new database gets them in one transaction; in an older one a writable handle
    /// makes those that are missing. `map_size_gb` above the stored size takes effect if no other process has the
    /// database open, else the stored one stays; a smaller one never shrinks it. A read-only handle takes the
    /// settings as they are.
    pub(crate) fn open(options: &EnvOptions, tables: &'static [&'static str]) -> Result<EnvHandle> {
        open(options, tables, None)
    }

    /// As [`Environment::open`], for the holder of the exclusive lock, which must outlive the environment.
    pub(crate) fn open_exclusive(
        options: &EnvOptions,
        tables: &'static [&'static str],
        exclusive: &Exclusive,
    ) -> Result<EnvHandle> {
        open(options, tables, Some(exclusive))
    }

    /// Sets what a commit waits for.
    pub(super) fn set_sync_mode(&self, mode: SyncMode) -> Result<()> {
        let switch = match mode {
            SyncMode::Normal => FlagSetMode::Disable,
            SyncMode::Fast => FlagSetMode::Enable,
        };
        // SAFETY: the caller is the only one that could write through this environment, so no transaction commits,
        // and only commits read this flag. A commit syncs its pages before its meta page in both modes.
        unsafe { self.engine.set_flags(EnvFlags::NO_META_SYNC, switch) }
            .map_err(|error| engine_error("setting the sync mode", error))?;
        self.fast.store(mode == SyncMode::Fast, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        if self.is_forked() {
            // The parent uses it: LMDB would give back reader slots and unmap what it must not.
            return;
        }
        // So that a backup which is put in its place is not taken for this file with its end cut off.
        self.note_length(&self.writer.lock());
        // SAFETY: this is the only place that drops it, and nothing uses it afterwards.
        unsafe { ManuallyDrop::drop(&mut self.engine) };
        registry::forget(&self.files.key);
    }
}

fn open(
    options: &EnvOptions,
    tables: &'static [&'static str],
    exclusive: Option<&Exclusive>,
) -> Result<EnvHandle> {
    let place = Place::find(&options.path, options.read_only)?;
    let environment = match registry::find(&place.key) {
        Entry::Open(environment) => environment,
        Entry::Vacant(vacancy) => {
            let environment = Arc::new(open_alone(options, place, tables, exclusive)?);
            vacancy.fill(&environment);
            environment
        }
    };
    EnvHandle::join(environment, options)
}

/// Opens a directory that is not open in this process, one process after the other.
fn open_alone(
    options: &EnvOptions,
    place: Place,
    tables: &'static [&'static str],
    exclusive: Option<&Exclusive>,
) -> Result<Environment> {
    place.refuse_network()?;
    let path = place.path.clone();
    let lock_file =
        if options.read_only { LockFile::open_existing(&path) } else { Some(LockFile::create(&path)?) };
    if let Some(lock_file) = &lock_file {
        lock_file.begin_setup(&path)?;
        if exclusive.is_none() {
            lock_file.share_open(&path)?;
        }
    }
    // On failure the lock file closes, and with it go its locks.
    let environment = open_in_turn(options, place, tables, exclusive, lock_file)?;
    if let Some(lock_file) = &environment.writer.lock().lock_file {
        lock_file.end_setup();
    }
    Ok(environment)
}

/// What happens while no other process can open the database.
fn open_in_turn(
    options: &EnvOptions,
    place: Place,
    names: &'static [&'static str],
    exclusive: Option<&Exclusive>,
    mut lock_file: Option<LockFile>,
) -> Result<Environment> {
    let asked = options.map_size_gb as u64 * GIB;
    if let Some(lock_file) = &lock_file {
        place.refuse_if_emptied(lock_file)?;
    }
    let (files, header) = Files::open(place, options.read_only, asked)?;
    let mut map_bytes = header.map_bytes;
    let mut file_bytes = files.data_bytes()?;
    if let Some(lock_file) = lock_file.as_ref().filter(|_| exclusive.is_none()) {
        files.refuse_if_cut(lock_file, &header)?;
    }
    if let Some(lock_file) = lock_file.as_mut().filter(|_| !options.read_only) {
        if asked > map_bytes && may_grow(lock_file, &files.path, exclusive)? {
            files.store_map_bytes(&header, asked)?;
            map_bytes = asked;
        }
        if header.main.is_empty() {
            file_bytes = files.set_aside(map_bytes)?;
            files.note_length(lock_file, file_bytes, header.txn_id);
        }
        lock_file.register_writer(&files.path)?;
    }
    let engine = open_engine(&files.path, map_bytes, !files.writable)?;
    files.fill_engine_lock()?;
    let tables = tables::open(&engine, names, &header, options.read_only, &files.path)?;
    let environment = Environment {
        engine: ManuallyDrop::new(engine),
        tables,
        files,
        writer: Mutex::new(Writer { lock_file, file_bytes }),
        settings: Mutex::new(Settings::of(options)),
        companion: Mutex::default(),
        checked: super::checked::Checked::default(),
        poison: OnceLock::new(),
        #[cfg(test)]
        created: header.main.is_empty(),
        pid: std::process::id(),
        fast: AtomicBool::new(false),
    };
    if !options.read_only {
        environment.set_sync_mode(options.sync_mode)?;
    }
    environment.clear_stale_readers()?;
    Ok(environment)
}

/// Whether nobody else has the database open, so that its map may grow.
fn may_grow(lock_file: &LockFile, path: &Path, exclusive: Option<&Exclusive>) -> Result<bool> {
    if exclusive.is_some() {
        return Ok(true);
    }
    let alone = lock_file.try_exclude(path)?;
    // Back to shared at once: others wait for this process to finish opening, whatever they want.
    lock_file.share_open(path)?;
    if !alone {
        tracing::info!(path = %path.display(), "the size of the map stays: another process has the database open");
    }
    Ok(alone)
}

fn open_engine(path: &Path, map_bytes: u64, read_only: bool) -> Result<heed::Env<WithoutTls>> {
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
