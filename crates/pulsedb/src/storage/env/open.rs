//! Opening and closing: the order of the locks.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use parking_lot::{Mutex, RecursiveRwLock};

use super::engine::Engine;
use super::environment::{Environment, Writer};
use super::exclusive::Exclusive;
use super::files::Files;
use super::handle::EnvHandle;
use super::lock_file::LockFile;
use super::place::Place;
use super::presence::Presence;
use super::registry::{self, Entry};
use super::settings::{EnvOptions, GIB, Settings};
use crate::error::Result;

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
}

impl Drop for Environment {
    fn drop(&mut self) {
        if self.is_forked() {
            return;
        }
        // So that a backup which is put in its place is not taken for this file with its end cut off.
        if let Ok(engine) = self.engine() {
            self.writer.lock().note_length(&engine);
        }
        *self.engine.get_mut() = None;
        registry::forget(&self.place.key);
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
    let (files, header) = Files::open(&place, options.read_only, asked)?;
    let mut map_bytes = header.map_bytes;
    let mut file_bytes = files.data_bytes()?;
    if let Some(lock_file) = lock_file.as_ref().filter(|_| exclusive.is_none()) {
        files.refuse_if_cut(lock_file, &header)?;
    }
    if let Some(lock_file) = lock_file.as_mut().filter(|_| !options.read_only) {
        if asked > map_bytes && may_grow(lock_file, &place.path, exclusive)? {
            files.store_map_bytes(&header, asked)?;
            map_bytes = asked;
        }
        if header.main.is_empty() {
            file_bytes = files.set_aside(map_bytes)?;
            files.note_length(lock_file, file_bytes, header.txn_id);
        }
        lock_file.register_writer(&place.path)?;
    }
    let engine = Engine::open(&place, files, &header, map_bytes, names, options.read_only)?;
    if !options.read_only {
        engine.set_sync_mode(options.sync_mode)?;
    }
    engine.clear_stale_readers()?;
    Ok(Environment {
        engine: RecursiveRwLock::new(Some(engine)),
        place,
        writer: Mutex::new(Writer { lock_file, file_bytes }),
        settings: Mutex::new(Settings::of(options)),
        companion: Mutex::default(),
        presence: Presence::new(),
        poison: OnceLock::new(),
        #[cfg(test)]
        created: header.main.is_empty(),
        pid: std::process::id(),
    })
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
