//! Opening and closing: the order of the locks.

use std::cell::Cell;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use parking_lot::{Mutex, RecursiveRwLock};

use super::engine::{Engine, map_of_length};
use super::environment::{Environment, Writer};
use super::exclusive::Exclusive;
use super::files::Files;
use super::handle::EnvHandle;
use super::home::Home;
use super::lock_file::LockFile;
use super::presence::Presence;
use super::readers::free_slots_left_under_this_number;
use super::registry::{self, Entry};
use super::settings::{EnvOptions, GIB, Settings};
use super::wake::Bell;
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
        registry::forget(&self.home.key);
    }
}

fn open(
    options: &EnvOptions,
    tables: &'static [&'static str],
    exclusive: Option<&Exclusive>,
) -> Result<EnvHandle> {
    let home = Home::find(&options.path, options.read_only)?;
    let environment = match registry::find(&home.key) {
        Entry::Open(environment) => environment,
        Entry::Vacant(vacancy) => {
            let environment = Arc::new(open_alone(options, home, tables, exclusive)?);
            vacancy.fill(&environment);
            environment
        }
    };
    EnvHandle::join(environment, options)
}

/// Opens a directory that is not open in this process, one process after the other.
fn open_alone(
    options: &EnvOptions,
    home: Home,
    tables: &'static [&'static str],
    exclusive: Option<&Exclusive>,
) -> Result<Environment> {
    home.refuse_network()?;
    let path = home.path.clone();
    let lock_file =
        // Where it may not be read, LMDB's own locks do, or `keep_others_from_writing` refuses.
        if options.read_only { LockFile::open_existing(&path).unwrap_or_default() } else { Some(LockFile::create(&path)?) };
    if let Some(lock_file) = &lock_file {
        lock_file.begin_setup(&path)?;
        if exclusive.is_none() {
            lock_file.share_open(&path)?;
        }
    }
    // On failure the lock file closes, and with it go its locks.
    let environment = open_in_turn(options, home, tables, exclusive, lock_file)?;
    if let Some(lock_file) = &environment.writer.lock().lock_file {
        lock_file.end_setup();
    }
    Ok(environment)
}

/// What happens while no other process can open the database.
fn open_in_turn(
    options: &EnvOptions,
    home: Home,
    names: &'static [&'static str],
    exclusive: Option<&Exclusive>,
    mut lock_file: Option<LockFile>,
) -> Result<Environment> {
    let asked = options.map_size_gb as u64 * GIB;
    if let Some(lock_file) = &lock_file {
        home.refuse_if_emptied(lock_file)?;
    }
    let (mut files, mut header) = Files::open(&home, options.read_only, asked)?;
    if let Some(lock_file) = lock_file.as_ref().filter(|_| exclusive.is_none()) {
        files.refuse_if_cut(lock_file, &header)?;
    }
    let mut maps = vec![header.map_bytes];
    if options.read_only {
        maps.push(map_of_length(&files)?);
    }
    let mut file_bytes = files.data_bytes()?;
    if let Some(lock_file) = lock_file.as_mut().filter(|_| !options.read_only) {
        if exclusive.is_none() {
            home.remove_leftovers();
        }
        if header.main.is_empty() {
            if asked != header.map_bytes && may_grow(lock_file, &home.path, exclusive)? {
                // Its making failed or was cut short, and it may have been asked for with another size.
                drop(files);
                (files, header) = Files::make_again(&home, asked)?;
                maps = vec![asked];
            }
            file_bytes = files.set_aside(header.map_bytes)?;
            files.note_length(lock_file, file_bytes, header.txn_id);
        } else if asked > header.map_bytes && may_grow(lock_file, &home.path, exclusive)? {
            maps.insert(0, asked);
        }
        lock_file.register_writer(&home.path)?;
    }
    let mut writer = Writer { lock_file, file_bytes: Cell::new(file_bytes), excludes_writers: false };
    if files.unlocked {
        writer.keep_others_from_writing(&home.path)?;
    }
    let engine = Engine::open(&home, files, &header, &maps, names, options.read_only)?;
    if engine.map_bytes() > header.map_bytes && !options.read_only {
        engine.files.store_map_bytes(&header, engine.map_bytes())?;
    }
    if !options.read_only {
        engine.set_sync_mode(options.sync_mode)?;
    }
    free_slots_of_the_dead(&engine)?;
    Ok(Environment {
        engine: RecursiveRwLock::new(Some(engine)),
        bell: Bell::new(&home.path),
        home,
        names,
        writer: Mutex::new(writer),
        settings: Mutex::new(Settings::of(options)),
        companion: Mutex::default(),
        presence: Presence::new(),
        poison: OnceLock::new(),
        #[cfg(test)]
        created: header.main.is_empty(),
        pid: std::process::id(),
    })
}

/// Frees what readers of processes that have died have left.
fn free_slots_of_the_dead(engine: &Engine) -> Result<()> {
    if let Some(file) = engine.files.engine_lock() {
        // Only frees pages earlier.
        if let Err(error) = free_slots_left_under_this_number(file) {
            tracing::debug!(%error, "slots of a process that has died stay");
        }
    }
    engine.clear_stale_readers()?;
    Ok(())
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
