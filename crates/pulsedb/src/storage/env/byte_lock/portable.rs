//! Byte locks of systems without open-file-description locks: one small file for each byte.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use super::Mode;
use crate::storage::env::system::private;

/// An open lock file. The lock on byte `n` is a lock on the whole of `<file>-<n>` beside it.
#[derive(Debug)]
pub(crate) struct ByteLocks {
    path: PathBuf,
    // On Linux this file is built for its test only.
    #[cfg_attr(target_os = "linux", allow(dead_code))]
    file: File,
    writable: bool,
    held: Mutex<HashMap<u64, (File, Mode)>>,
}

impl ByteLocks {
    /// Opens the file, and creates it if `writable`. Only a writable one can lock exclusively.
    pub(crate) fn open(path: &Path, writable: bool) -> io::Result<Self> {
        let file = open(path, writable)?;
        Ok(Self { path: path.to_owned(), file, writable, held: Mutex::default() })
    }

    /// The file, for the bytes in it.
    #[cfg_attr(target_os = "linux", allow(dead_code))]
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Whether it can lock exclusively.
    pub(crate) fn is_writable(&self) -> bool {
        self.writable
    }

    /// Takes or changes the lock on a byte if nobody else is in the way; says whether it did.
    pub(crate) fn try_lock(&self, byte: u64, mode: Mode) -> io::Result<bool> {
        let mut held = self.held.lock();
        let Some(file) = self.open_byte(byte)? else { return Ok(true) };
        // A change is a new lock on a new open file, taken while the old one is out of the way.
        let before = held.remove(&byte);
        if let Some((old, _)) = &before {
            old.unlock()?;
        }
        if try_lock(&file, mode)? {
            held.insert(byte, (file, mode));
            return Ok(true);
        }
        if let Some((old, old_mode)) = before {
            // Whoever was in the way of the change holds the byte in a mode that the old lock got along with.
            if !try_lock(&old, old_mode)? {
                return Err(io::ErrorKind::ResourceBusy.into());
            }
            held.insert(byte, (old, old_mode));
        }
        Ok(false)
    }

    /// Takes the lock on a byte and waits for it.
    pub(crate) fn lock(&self, byte: u64, mode: Mode) -> io::Result<()> {
        let Some(file) = self.open_byte(byte)? else { return Ok(()) };
        match mode {
            Mode::Shared => file.lock_shared()?,
            Mode::Exclusive => file.lock()?,
        }
        self.held.lock().insert(byte, (file, mode));
        Ok(())
    }

    /// Gives the lock on a byte back.
    pub(crate) fn unlock(&self, byte: u64) -> io::Result<()> {
        self.held.lock().remove(&byte).map_or(Ok(()), |(file, _)| file.unlock())
    }

    /// Whether another `ByteLocks` holds any lock on the byte.
    pub(crate) fn is_locked(&self, byte: u64) -> io::Result<bool> {
        if self.held.lock().get(&byte).is_some_and(|(_, mode)| *mode == Mode::Exclusive) {
            return Ok(false);
        }
        match open(&self.byte_path(byte), false) {
            Ok(file) => Ok(!try_lock(&file, Mode::Exclusive)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The file of a byte; `None` where it is missing and may not be made, so that nobody can hold it.
    fn open_byte(&self, byte: u64) -> io::Result<Option<File>> {
        match open(&self.byte_path(byte), self.writable) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.writable => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn byte_path(&self, byte: u64) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!("-{byte}"));
        PathBuf::from(name)
    }
}

fn try_lock(file: &File, mode: Mode) -> io::Result<bool> {
    let outcome = match mode {
        Mode::Shared => file.try_lock_shared(),
        Mode::Exclusive => file.try_lock(),
    };
    match outcome {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn open(path: &Path, writable: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(writable).create(writable).truncate(false);
    private(&mut options).open(path)
}
