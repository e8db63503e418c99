//! The files of LMDB: how they are made and opened, and the size of the map that is kept in them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::failure::{damaged, file_error, unsupported};
use super::lmdb::header::{self, Header};
use super::lmdb::state;
use super::lock_file::{LengthNote, LockFile};
use super::place::{DATA, DATA_NEW, ENGINE_LOCK, Place};
use super::system::{self, FileIdentity};
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
    data: File,
    data_identity: FileIdentity,
    bytes_at_open: u64,
    /// Closing any descriptor of this file drops the locks that LMDB holds on it for the process, so it is opened
    /// before LMDB does so and closed after. `None` on a read-only file system that has none.
    engine_lock: Option<File>,
}

impl Files {
    /// Opens the files of a database. Without one it makes an empty one with a map of `map_bytes`, unless it is
    /// read-only. The caller keeps other processes from doing the same.
    pub(super) fn open(place: &Place, read_only: bool, map_bytes: u64) -> Result<(Self, Header)> {
        let path = place.path.clone();
        let name = path.join(DATA);
        let found = match open_data(&name, read_only)? {
            Some((data, writable)) => state::read(&data, &name)?.map(|header| (data, writable, header)),
            None => None,
        };
        let (data, data_writable, header) = match found {
            Some(found) => found,
            None if read_only => return Err(StorageError::DatabaseNotFound { path }.into()),
            None => {
                let data = create_data(place, map_bytes)?;
                let header = state::read(&data, &name)?.ok_or_else(|| damaged("data.mdb is empty"))?;
                (data, true, header)
            }
        };
        let (engine_lock, lock_writable) = open_engine_lock(&path, read_only)?;
        let writable = data_writable && lock_writable;
        let metadata = data.metadata().map_err(|error| PulseDBError::io("look at", &name, error))?;
        let page_size = header.page_size;
        let (data_identity, bytes_at_open) = (system::file_identity(&metadata), metadata.len());
        Ok((Self { path, page_size, writable, data, data_identity, bytes_at_open, engine_lock }, header))
    }

    pub(super) fn data(&self) -> &File {
        &self.data
    }

    /// What tells the data file from one that is put in its place.
    pub(super) fn data_identity(&self) -> FileIdentity {
        self.data_identity
    }

    /// Bytes that the data file had when it was opened; it never shrinks.
    pub(super) fn bytes_at_open(&self) -> u64 {
        self.bytes_at_open
    }

    /// What tells LMDB's lock file from another one, if there is one.
    pub(super) fn engine_lock_identity(&self) -> Option<FileIdentity> {
        let metadata = self.engine_lock.as_ref()?.metadata().ok()?;
        Some(system::file_identity(&metadata))
    }

    pub(super) fn engine_lock(&self) -> Option<&File> {
        self.engine_lock.as_ref()
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

    /// Stores a larger size of the map, so that every process maps the same. Nobody may have the file open.
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
        let Some(file) = self.engine_lock.as_ref().filter(|_| self.writable) else { return Ok(()) };
        fill(file).map_err(|error| file_error("set room aside in", &self.path.join(ENGINE_LOCK), error))
    }
}

/// The data file, if there is one, and whether it can be written. A reader opens it for writing if it may, so that
/// a later handle of this process can write through the same environment; nothing is written for the reader.
fn open_data(name: &Path, read_only: bool) -> Result<Option<(File, bool)>> {
    let refused = |error| PulseDBError::io("open", name, error);
    // Looked at first: opening what is no file, such as a pipe, could wait for ever.
    match fs::metadata(name) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(unsupported(format!("{} is no regular file", name.display()))),
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
fn create_data(place: &Place, map_bytes: u64) -> Result<File> {
    let (aside, name) = (place.path.join(DATA_NEW), place.path.join(DATA));
    let write = || -> io::Result<File> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&aside)?;
        file.write_all(&header::fresh(system::page_size(), map_bytes))?;
        file.sync_all()?;
        fs::rename(&aside, &name)?;
        place.directory.sync()?;
        Ok(file)
    };
    write().map_err(|error| {
        // What is left is overwritten by the next attempt; the first error is the one to tell.
        let _ = fs::remove_file(&aside);
        file_error("create", &name, error)
    })
}

/// LMDB's lock file and whether it can be written.
fn open_engine_lock(path: &Path, read_only: bool) -> Result<(Option<File>, bool)> {
    let name = path.join(ENGINE_LOCK);
    match OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&name) {
        Ok(file) => {
            fill(&file).map_err(|error| file_error("set room aside in", &name, error))?;
            Ok((Some(file), true))
        }
        Err(error) if !read_only => Err(PulseDBError::io("open", name, error)),
        // Without it LMDB reads unlocked where the file system is read-only, and refuses elsewhere.
        Err(_) => Ok((File::open(&name).ok(), false)),
    }
}

fn fill(file: &File) -> io::Result<()> {
    let length = file.metadata()?.len().max(ENGINE_LOCK_BYTES);
    system::preallocate(file, 0, length)
}
