//! Byte locks of Linux: open-file-description locks, which belong to the open file and not to the process.
#![allow(unsafe_code)] // `fcntl` with these commands has no safe wrapper in any crate of the tree.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

use super::Mode;
use crate::storage::env::system::private;

/// An open lock file. Its locks conflict with those of every other `ByteLocks`, also in the same process,
/// and are released when it is dropped or its process dies.
#[derive(Debug)]
pub(crate) struct ByteLocks {
    file: File,
    writable: bool,
}

impl ByteLocks {
    /// Opens the file, and creates it if `writable`. Only a writable one can lock exclusively.
    pub(crate) fn open(path: &Path, writable: bool) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(writable).create(writable).truncate(false);
        let file = private(&mut options).open(path)?;
        Ok(Self { file, writable })
    }

    /// The file, for the bytes in it.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Whether it can lock exclusively.
    pub(crate) fn is_writable(&self) -> bool {
        self.writable
    }

    /// Takes or changes the lock on a byte if nobody else is in the way; says whether it did.
    pub(crate) fn try_lock(&self, byte: u64, mode: Mode) -> io::Result<bool> {
        let mut request = request(byte, mode_of(mode));
        match self.control(libc::F_OFD_SETLK, &mut request) {
            Ok(()) => Ok(true),
            Err(error) if is_busy(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes the lock on a byte and waits for it.
    pub(crate) fn lock(&self, byte: u64, mode: Mode) -> io::Result<()> {
        self.control(libc::F_OFD_SETLKW, &mut request(byte, mode_of(mode)))
    }

    /// Gives the lock on a byte back.
    pub(crate) fn unlock(&self, byte: u64) -> io::Result<()> {
        self.control(libc::F_OFD_SETLK, &mut request(byte, libc::F_UNLCK))
    }

    /// Whether another `ByteLocks` holds any lock on the byte.
    pub(crate) fn is_locked(&self, byte: u64) -> io::Result<bool> {
        let mut request = request(byte, libc::F_WRLCK);
        self.control(libc::F_OFD_GETLK, &mut request)?;
        Ok(libc::c_int::from(request.l_type) != libc::F_UNLCK)
    }

    fn control(&self, command: libc::c_int, request: &mut libc::flock) -> io::Result<()> {
        loop {
            // SAFETY: the descriptor is open for as long as `self.file` lives, and the commands used here read
            // and write exactly one `flock`, which `request` is.
            let outcome = unsafe { libc::fcntl(self.file.as_raw_fd(), command, std::ptr::from_mut(request)) };
            if outcome != -1 {
                return Ok(());
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }
}

fn request(byte: u64, kind: libc::c_int) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: byte as libc::off_t,
        l_len: 1,
        // The kernel asks for zero here: the lock belongs to the open file.
        l_pid: 0,
    }
}

fn mode_of(mode: Mode) -> libc::c_int {
    match mode {
        Mode::Shared => libc::F_RDLCK,
        Mode::Exclusive => libc::F_WRLCK,
    }
}

fn is_busy(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES))
}
