//! The files of LMDB: how they are made and opened, and the size of the map that is kept in them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::failure::{damaged, file_error, unsupported};
use super::home::{DATA, DATA_NEW, ENGINE_LOCK, Home};
use super::lmdb::header::{self, Header};
use super::lmdb::state;
use super::lock_file::{LengthNote, LockFile};
use super::open_file::OpenFile;
use super::system;
use crate::error::{PulseDBError, Result, StorageError};

/// Bytes of LMDB's lock file that are set aside before LMDB makes it longer: less than it has on any system.
const ENGINE_LOCK_BYTES: u64 = 64 << 10;

/// The open files of an environment.
#[derive(Debug)]
pub(super) struct Files {
    /// The directory.
    pub(super) path: PathBuf,
    pub(super) page_size: u64,
    /// Whether both files of LMDB can be written.
    pub(super) writable: bool,
    /// Whether LMDB's locks cannot be used: this process may only read, or the file system is read-only.
    pub(super) unlocked: bool,
    data: File,
    data_name: OpenFile,
    /// Closing any descriptor of this file drops the locks that LMDB holds on it for the process, so it is opened
    /// before LMDB does so and closed after. `None` where it cannot be written.
    engine_lock: Option<(File, OpenFile)>,
}

impl Files {
    /// Opens the files of a database. Without one it makes an empty one with a map of `map_bytes`, unless it is
    /// read-only. The caller keeps other processes from doing the same.
    pub(super) fn open(home: &Home, read_only: bool, map_bytes: u64) -> Result<(Self, Header)> {
        let path = home.path.clone();
        let name = path.join(DATA);
        let found = match open_data(&name, read_only)? {
            Some((data, writable)) => state::read(&data, &name)?.map(|header| (data, writable, header)),
            None => None,
        };
        let (data, data_writable, header) = match found {
            Some(found) => found,
            None if read_only => return Err(StorageError::DatabaseNotFound { path }.into()),
            None => {
                let data = create_data(home, map_bytes)?;
                let header = state::read(&data, &name)?.ok_or_else(|| damaged("data.mdb is empty"))?;
                (data, true, header)
            }
        };
        let engine_lock = open_engine_lock(&path, read_only)?;
        let unlocked = engine_lock.is_none();
        let writable = data_writable && !unlocked;
        let data_name =
            OpenFile::of(&data, &name).map_err(|error| PulseDBError::io("look at", &name, error))?;
        let page_size = header.page_size;
        Ok((Self { path, page_size, writable, unlocked, data, data_name, engine_lock }, header))
    }

    /// Makes a database again in which nothing was ever stored, and opens its files.
    pub(super) fn make_again(home: &Home, map_bytes: u64) -> Result<(Self, Header)> {
        create_data(home, map_bytes)?;
        Self::open(home, false, map_bytes)
    }

    pub(super) fn data(&self) -> &File {
        &self.data
    }

    /// Whether the name of the data file leads to the one that is open, and it was not cut.
    pub(super) fn data_is_in_place(&self) -> bool {
        self.data_name.is_in_place_and_uncut()
    }

    /// Whether the name of LMDB's lock file leads to the one that is used, if one is.
    pub(super) fn engine_lock_is_in_place(&self) -> bool {
        self.engine_lock.as_ref().is_none_or(|(_, name)| name.is_in_place())
    }

    pub(super) fn engine_lock(&self) -> Option<&File> {
        self.engine_lock.as_ref().map(|(file, _)| file)
    }

    /// Bytes of the data file.
    pub(super) fn data_bytes(&self) -> Result<u64> {
        let metadata = self.data.metadata();
        metadata
            .map(|metadata| metadata.len())
            .map_err(|error| PulseDBError::io("read the length of", self.path.join(DATA), error))
    }

    /// Notes the length of the data file, which must be durable, in the lock file. Only a hint: the next open does
    /// without it.
    pub(super) fn note_length(&self, lock_file: &LockFile, bytes: u64, commit: u64) {
        let note = LengthNote { bytes, commit, file: system::file_number(&self.data) };
        if let Err(error) = lock_file.note_length(&note) {
            tracing::debug!(%error, "the length of the data file is not noted");
        }
    }

    /// Refuses a data file that is shorter than it was.
    pub(super) fn refuse_if_cut(&self, lock_file: &LockFile, header: &Header) -> Result<()> {
        let length = self.data_bytes()?;
        let cut = lock_file.noted_length().filter(|note| {
            note.file == system::file_number(&self.data)
                && note.commit <= header.txn_id
                && length < note.bytes
        });
        match cut {
            None => Ok(()),
            Some(note) => {
                Err(damaged(format!("data.mdb, truncated: it has {length} bytes and had {}", note.bytes)))
            }
        }
    }

    /// Bytes that this user may still write to the disk.
    pub(super) fn available_bytes(&self) -> io::Result<u64> {
        system::available_bytes(&self.data)
    }

    /// Stores a larger size of the map, so that every process maps the same. Nobody else may have the file open.
    pub(super) fn store_map_bytes(&self, header: &Header, map_bytes: u64) -> Result<()> {
        let mut data = &self.data;
        // The newer page first: a crash in between must not leave the older one with the larger size.
        let newer = header.txn_id % 2;
        for slot in [newer, 1 - newer] {
            data.seek(SeekFrom::Start(header::map_bytes_offset(slot, header.page_size)))
                .and_then(|_| data.write_all(&map_bytes.to_ne_bytes()))
                .and_then(|()| data.sync_data())
                .map_err(|error| file_error("write", &self.path.join(DATA), error))?;
        }
        Ok(())
    }

    /// Sets blocks aside for all of LMDB's lock file: LMDB writes it through a map, where a full disk is a signal.
    pub(super) fn fill_engine_lock(&self) -> Result<()> {
        let Some(file) = self.engine_lock().filter(|_| self.writable) else { return Ok(()) };
        fill(file).map_err(|error| file_error("set room aside in", &self.path.join(ENGINE_LOCK), error))
    }
}

/// The data file, if there is one, and whether it can be written. A reader opens it for writing if it may, so that
/// a later handle of this process can write through the same environment; nothing is written for the reader.
fn open_data(name: &Path, read_only: bool) -> Result<Option<(File, bool)>> {
    let refused = |error| PulseDBError::io("open", name, error);
    // Checked first: opening something else than a file, such as a pipe, could wait for ever.
    match fs::metadata(name) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(unsupported(format!("{} is not a regular file", name.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refused(error)),
    }
    match OpenOptions::new().read(true).write(true).open(name) {
        Ok(file) => Ok(Some((file, true))),
        Err(_) if read_only => Ok(Some((File::open(name).map_err(refused)?, false))),
        Err(error) => Err(refused(error)),
    }
}

/// Makes an empty data file aside and renames it, so that a crash leaves none or a whole one.
fn create_data(home: &Home, map_bytes: u64) -> Result<File> {
    let (aside, name) = (home.path.join(DATA_NEW), home.path.join(DATA));
    let write = || -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        let mut file = system::private(&mut options).open(&aside)?;
        file.write_all(&header::fresh(system::page_size(), map_bytes))?;
        file.sync_all()?;
        fs::rename(&aside, &name)?;
        home.directory.sync()?;
        Ok(file)
    };
    write().map_err(|error| {
        // What is left is overwritten by the next attempt; the first error is the one to tell.
        let _ = fs::remove_file(&aside);
        file_error("create", &name, error)
    })
}

/// LMDB's lock file, if it can be written.
fn open_engine_lock(path: &Path, read_only: bool) -> Result<Option<(File, OpenFile)>> {
    let name = path.join(ENGINE_LOCK);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    match system::private(&mut options).open(&name) {
        Ok(file) => {
            fill(&file).map_err(|error| file_error("set room aside in", &name, error))?;
            let opened =
                OpenFile::of(&file, &name).map_err(|error| PulseDBError::io("look at", &name, error))?;
            Ok(Some((file, opened)))
        }
        Err(error)
            if read_only
                && matches!(
                    error.kind(),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
                ) =>
        {
            Ok(None)
        }
        Err(error) => Err(PulseDBError::io("open", name, error)),
    }
}

fn fill(file: &File) -> io::Result<()> {
    let length = file.metadata()?.len().max(ENGINE_LOCK_BYTES);
    system::preallocate(file, 0, length)
}
