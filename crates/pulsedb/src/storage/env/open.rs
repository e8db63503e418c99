//! Opening and closing: the files, the order of the locks, and the settings that all handles share.
#![allow(unsafe_code)] // LMDB maps a file: opening it and changing its flags are unsafe by its interface.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use heed::types::Bytes;
use heed::{
    CommitOrAbort, CommitToken, Database, EnvFlags, EnvOpenOptions, FlagSetMode, OnCommit, WithoutTls,
};
use parking_lot::Mutex;

use super::failure::{damaged, file_error, unsupported};
use super::header::{self, Header};
use super::lock_file::LockFile;
use super::registry::{self, Place};
use super::system::{self, Directory, DirectoryKey};
use super::write::Writer;
use super::{EnvOptions, Environment, Table, engine_error};
use crate::config::SyncMode;
use crate::error::{PulseDBError, Result, StorageError};
use crate::limits;

const DATA: &str = "data.mdb";
/// A data file that is being made; renamed when it is whole.
const DATA_NEW: &str = "data.mdb.new";
const ENGINE_LOCK: &str = "lock.mdb";
const GIB: u64 = 1 << 30;

/// The open files of an environment.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) path: PathBuf,
    pub(super) page_size: u64,
    directory: Directory,
    key: DirectoryKey,
    data: File,
    /// LMDB's lock file. Closing any descriptor of it drops LMDB's locks, so this one lives longer than LMDB.
    engine_lock: ManuallyDrop<Option<File>>,
}

impl Files {
    /// Bytes of the data file.
    pub(super) fn data_bytes(&self) -> Result<u64> {
        let metadata = self.data.metadata();
        metadata
            .map(|metadata| metadata.len())
            .map_err(|error| PulseDBError::io("read the length of", self.path.join(DATA), error))
    }
}

/// The settings that all handles of an environment share.
#[derive(Debug)]
pub(super) struct Settings {
    /// What the first writable handle asked for; `None` while all handles are read-only.
    pub(super) requested: Option<Requested>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Requested {
    map_size_gb: usize,
    sync_mode: SyncMode,
}

impl Environment {
    /// Opens the environment of a directory, or joins the one that is open in this process.
    ///
    /// `tables` names every table. A new database gets them in one transaction; in an older one a writable handle
    /// makes those that are missing. `map_size_gb` above the stored size takes effect if no other process has the
    /// database open, else the stored one stays; a smaller one never shrinks it.
    pub(crate) fn open(options: &EnvOptions, tables: &'static [&'static str]) -> Result<Arc<Self>> {
        let path = directory_of(options)?;
        let directory = Directory::open(&path).map_err(|error| PulseDBError::io("open", &path, error))?;
        let key = directory.key(&path).map_err(|error| PulseDBError::io("open", &path, error))?;
        let environment = match registry::find(&key) {
            Place::Open(environment) => environment,
            Place::Vacant(vacancy) => {
                let environment = Arc::new(Opening { options, path, directory, key }.run(tables)?);
                vacancy.fill(&environment);
                environment
            }
        };
        environment.join(options)?;
        Ok(environment)
    }

    /// Adds a handle: settings must not contradict those of the handles that are open.
    fn join(&self, options: &EnvOptions) -> Result<()> {
        if options.read_only {
            return Ok(());
        }
        if self.engine_read_only {
            return Err(PulseDBError::Config {
                reason:
                    "this process has the database open read-only and could not open its files for writing; \
                         close those handles first, and check the permissions of the files"
                        .to_owned(),
            });
        }
        let asked = Requested { map_size_gb: options.map_size_gb, sync_mode: options.sync_mode };
        let mut settings = self.settings.lock();
        if let Some(requested) = settings.requested {
            return conflict(requested, asked, self.map_bytes());
        }
        let mut writer = self.writer.lock();
        let mut lock_file = LockFile::create(self.path())?;
        lock_file.share_open(self.path())?;
        lock_file.register_writer(self.path())?;
        writer.lock_file = Some(lock_file);
        self.set_sync_mode(asked.sync_mode)?;
        settings.requested = Some(asked);
        Ok(())
    }

    fn set_sync_mode(&self, mode: SyncMode) -> Result<()> {
        let switch = match mode {
            SyncMode::Normal => FlagSetMode::Disable,
            SyncMode::Fast => FlagSetMode::Enable,
        };
        // SAFETY: the caller holds the lock of the writer, so no transaction of this environment commits, and only
        // commits read this flag. Integrity does not depend on it: a commit still syncs its pages first.
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
        // SAFETY: this is the only place that drops it, and nothing uses it afterwards.
        unsafe { ManuallyDrop::drop(&mut self.engine) };
        // SAFETY: as above; LMDB has closed its own descriptors, so no lock is left to lose.
        unsafe { ManuallyDrop::drop(&mut self.files.engine_lock) };
        registry::forget(&self.files.key);
    }
}

fn conflict(open: Requested, asked: Requested, map_bytes: u64) -> Result<()> {
    let reason = if asked.sync_mode != open.sync_mode {
        format!(
            "sync_mode {:?} was asked for, but this process has it open with {:?}",
            asked.sync_mode, open.sync_mode
        )
    } else if asked.map_size_gb != open.map_size_gb && asked.map_size_gb as u64 * GIB != map_bytes {
        format!(
            "map_size_gb {} was asked for, but this process has it open with {}",
            asked.map_size_gb, open.map_size_gb
        )
    } else {
        return Ok(());
    };
    Err(PulseDBError::Config { reason: format!("{reason}; use the same settings, or close it first") })
}

/// The canonical directory of a database, made if it is missing and may be made.
fn directory_of(options: &EnvOptions) -> Result<PathBuf> {
    let path = &options.path;
    if !options.read_only {
        fs::create_dir_all(path).map_err(|error| file_error("create the directory", path, error))?;
    }
    path.canonicalize().map_err(|error| {
        if options.read_only && error.kind() == io::ErrorKind::NotFound {
            return StorageError::DatabaseNotFound { path: path.clone() }.into();
        }
        PulseDBError::io("open the directory", path, error)
    })
}

/// One run through the order in which an environment is opened.
struct Opening<'o> {
    options: &'o EnvOptions,
    path: PathBuf,
    directory: Directory,
    key: DirectoryKey,
}

impl Opening<'_> {
    fn run(self, names: &'static [&'static str]) -> Result<Environment> {
        if let Some(name) = system::refused_file_system(&self.directory)
            .map_err(|error| PulseDBError::io("inspect the file system of", &self.path, error))?
        {
            return Err(unsupported(format!(
                "{} is on {name}, a network file system, where locks and shared maps do not hold; \
                 put the database on a local disk",
                self.path.display()
            )));
        }
        let lock_file = if self.options.read_only {
            LockFile::open_existing(&self.path)
        } else {
            Some(LockFile::create(&self.path)?)
        };
        if let Some(lock_file) = &lock_file {
            lock_file.begin_setup(&self.path)?;
            lock_file.share_open(&self.path)?;
        }
        let outcome = self.open_files(lock_file, names);
        if let Ok(environment) = &outcome
            && let Some(lock_file) = &environment.writer.lock().lock_file
        {
            lock_file.end_setup();
        }
        outcome
    }

    /// Everything that happens while no other process can open the database.
    fn open_files(
        self,
        mut lock_file: Option<LockFile>,
        names: &'static [&'static str],
    ) -> Result<Environment> {
        let Opening { options, path, directory, key } = self;
        let (mut data, data_writable) = open_data(&path, options.read_only)?;
        let mut header = match &data {
            Some(data) => header::read(data, &path.join(DATA))?,
            None => None,
        };
        if header.is_none() {
            if options.read_only {
                return Err(StorageError::DatabaseNotFound { path }.into());
            }
            data = Some(create_data(&path, &directory, options)?);
        }
        let Some(data) = data else { return Err(damaged("data.mdb")) };
        let found = match header.take() {
            Some(found) => found,
            None => header::read(&data, &path.join(DATA))?.ok_or_else(|| damaged("data.mdb"))?,
        };
        let map_bytes = grow_map(options, &path, &data, &found, lock_file.as_ref())?;
        let engine_lock = open_engine_lock(&path, options.read_only)?;
        let engine_read_only = !data_writable || engine_lock.as_ref().is_none_or(|(_, writable)| !writable);
        let engine = open_engine(&path, map_bytes, engine_read_only)?;
        let created = found.main.is_empty();
        let tables = open_tables(&engine, names, &found, options.read_only, &path)?;
        let requested = (!options.read_only)
            .then_some(Requested { map_size_gb: options.map_size_gb, sync_mode: options.sync_mode });
        if let Some(lock_file) = lock_file.as_mut().filter(|_| !options.read_only) {
            lock_file.register_writer(&path)?;
        }
        let page_size = found.page_size;
        let engine_lock = ManuallyDrop::new(engine_lock.map(|(file, _)| file));
        let environment = Environment {
            engine: ManuallyDrop::new(engine),
            tables,
            files: Files { path, page_size, directory, key, data, engine_lock },
            writer: Mutex::new(Writer { lock_file }),
            settings: Mutex::new(Settings { requested }),
            poison: OnceLock::new(),
            created,
            engine_read_only,
            pid: std::process::id(),
            fast: AtomicBool::new(false),
        };
        if !options.read_only {
            environment.set_sync_mode(options.sync_mode)?;
        }
        if !engine_read_only {
            environment.clear_stale_readers()?;
        }
        Ok(environment)
    }
}

/// The data file, if there is one, and whether it can be written. A reader opens it for writing if it may, so that
/// a later handle of this process can write through the same environment; nothing is written for it.
fn open_data(path: &Path, read_only: bool) -> Result<(Option<File>, bool)> {
    let name = path.join(DATA);
    let both = OpenOptions::new().read(true).write(true).open(&name);
    let (file, writable) = match both {
        Err(error) if read_only && error.kind() != io::ErrorKind::NotFound => (File::open(&name), false),
        outcome => (outcome, true),
    };
    match file {
        Ok(file) => {
            let metadata = file.metadata().map_err(|error| PulseDBError::io("open", &name, error))?;
            if !metadata.is_file() {
                return Err(unsupported(format!("{} is no regular file", name.display())));
            }
            Ok((Some(file), writable))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((None, true)),
        Err(error) => Err(PulseDBError::io("open", name, error)),
    }
}

/// Makes an empty data file aside and renames it, so that a crash leaves none or a whole one.
fn create_data(path: &Path, directory: &Directory, options: &EnvOptions) -> Result<File> {
    let (aside, name) = (path.join(DATA_NEW), path.join(DATA));
    let page_size = system::page_size();
    let write = |aside: &Path| -> io::Result<File> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(aside)?;
        file.write_all(&header::fresh(page_size, options.map_size_gb as u64 * GIB))?;
        file.sync_all()?;
        fs::rename(aside, &name)?;
        directory.sync()?;
        Ok(file)
    };
    write(&aside).map_err(|error| {
        // What is left is overwritten by the next attempt; the first error is the one to tell.
        let _ = fs::remove_file(&aside);
        file_error("create", &name, error)
    })
}

/// The size of the map: the stored one, or a larger one if it was asked for and nobody else has the database open.
/// It is stored at once, so that every process maps the same.
fn grow_map(
    options: &EnvOptions,
    path: &Path,
    mut data: &File,
    header: &Header,
    lock_file: Option<&LockFile>,
) -> Result<u64> {
    use std::io::{Seek, SeekFrom};
    let asked = options.map_size_gb as u64 * GIB;
    let Some(lock_file) = lock_file.filter(|_| !options.read_only && asked > header.map_bytes) else {
        return Ok(header.map_bytes);
    };
    if !lock_file.try_exclude(path)? {
        tracing::info!(
            stored = header.map_bytes,
            asked,
            "the size of the map stays: another process has the database open"
        );
        return Ok(header.map_bytes);
    }
    // The newer page first: a crash in between must not leave the older one with the larger size.
    let newer = header.txn_id % 2;
    for slot in [newer, 1 - newer] {
        data.seek(SeekFrom::Start(header::map_bytes_offset(slot, header.page_size)))
            .and_then(|_| data.write_all(&asked.to_ne_bytes()))
            .and_then(|()| data.sync_data())
            .map_err(|error| file_error("write", &path.join(DATA), error))?;
    }
    lock_file.share_open(path)?;
    Ok(asked)
}

/// LMDB's lock file and whether it can be written. It is opened before LMDB does so, and closed after.
fn open_engine_lock(path: &Path, read_only: bool) -> Result<Option<(File, bool)>> {
    let name = path.join(ENGINE_LOCK);
    match OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&name) {
        Ok(file) => Ok(Some((file, true))),
        Err(error) if !read_only => Err(PulseDBError::io("open", name, error)),
        Err(_) => Ok(File::open(&name).ok().map(|file| (file, false))),
    }
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

fn open_tables(
    engine: &heed::Env<WithoutTls>,
    names: &'static [&'static str],
    header: &Header,
    read_only: bool,
    path: &Path,
) -> Result<Vec<Table>> {
    let found = find_tables(engine, names).map_err(|error| engine_error("opening the tables", error))?;
    if !header.main.is_empty() && found.iter().all(Option::is_none) {
        return Err(unsupported(format!(
            "{} is an LMDB file of another program; name another directory",
            path.join(DATA).display()
        )));
    }
    let missing = names.iter().zip(&found).find(|(_, table)| table.is_none()).map(|(name, _)| *name);
    match missing {
        None => Ok(found.into_iter().flatten().collect()),
        Some(_) if header.main.is_empty() && read_only => {
            Err(StorageError::DatabaseNotFound { path: path.to_owned() }.into())
        }
        Some(name) if read_only => Err(damaged(format!("table {name} is missing"))),
        Some(_) => make_tables(engine, names).map_err(|error| engine_error("making the tables", error)),
    }
}

fn find_tables(engine: &heed::Env<WithoutTls>, names: &[&str]) -> heed::Result<Vec<Option<Table>>> {
    let txn = engine.read_txn()?;
    let opened = engine.open_databases_and_commit(txn, |opener, txn| {
        let tables = names.iter().map(|name| opener.open_database::<Bytes, Bytes>(txn, Some(name)));
        tables.collect::<heed::Result<Vec<_>>>().map(|tables| CommitOrAbort::<_, ()>::Commit(Each(tables)))
    })?;
    Ok(opened.commit().unwrap_or_default())
}

fn make_tables(engine: &heed::Env<WithoutTls>, names: &[&str]) -> heed::Result<Vec<Table>> {
    let txn = engine.write_txn()?;
    let made = engine.create_databases_and_commit(txn, |opener, txn| {
        let tables = names.iter().map(|name| opener.create_database::<Bytes, Bytes>(txn, Some(name)));
        tables.collect::<heed::Result<Vec<_>>>().map(|tables| CommitOrAbort::<_, ()>::Commit(Each(tables)))
    })?;
    Ok(made.commit().unwrap_or_default())
}

/// As many tables as there are names; heed knows only arrays and tuples.
struct Each<T>(Vec<T>);

impl OnCommit for Each<Database<'_, Bytes, Bytes>> {
    type Committed = Vec<Table>;

    fn on_commit(self, token: &CommitToken) -> Self::Committed {
        self.0.into_iter().map(|table| table.on_commit(token)).collect()
    }
}

impl OnCommit for Each<Option<Database<'_, Bytes, Bytes>>> {
    type Committed = Vec<Option<Table>>;

    fn on_commit(self, token: &CommitToken) -> Self::Committed {
        self.0.into_iter().map(|table| table.on_commit(token)).collect()
    }
}
