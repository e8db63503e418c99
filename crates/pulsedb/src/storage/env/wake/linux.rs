//! Linux: a page of the file is mapped, and its address is what the kernel lets processes wait for.
#![allow(unsafe_code)] // Mapping a page, and the futex call, which has no safe wrapper for an address that nobody reads.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::ptr::NonNull;
use std::time::Duration;

use super::super::open_file::OpenFile;
use super::super::system::{self, read_at};
use super::layout::{PAGE_BYTES, WORD};

/// The file, open, and its first page, mapped.
///
/// The process reads and writes the file by calls, never through the map: a file that somebody cuts short would make that
/// a signal. The kernel answers with an error instead.
#[derive(Debug)]
pub(super) struct Page {
    file: File,
    name: OpenFile,
    map: NonNull<libc::c_void>,
    writable: bool,
}

// SAFETY: the map is an address that is only given to the kernel; it stays mapped until this is dropped.
unsafe impl Send for Page {}
// SAFETY: as for `Send`; nobody reads or writes through it.
unsafe impl Sync for Page {}

impl Page {
    /// Opens the file; who may write makes it if it is missing. `None` if it is not there.
    pub(super) fn open(path: &Path, writable: bool) -> io::Result<Option<Self>> {
        // Checked first: opening something else than a file, such as a pipe, could wait for ever.
        match fs::metadata(path) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Err(io::ErrorKind::InvalidInput.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound && writable => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        let mut options = OpenOptions::new();
        options.read(true).write(writable).create(writable).truncate(false);
        let file = system::private(&mut options).open(path)?;
        let length = file.metadata()?.len();
        if length < PAGE_BYTES && writable {
            // With bytes, not with a hole: the disk may be full later.
            file.write_all_at(&vec![0; (PAGE_BYTES - length) as usize], length)?;
        }
        let name = OpenFile::of(&file, path)?;
        let map = map(&file)?;
        Ok(Some(Self { file, name, map, writable }))
    }

    pub(super) fn is_writable(&self) -> bool {
        self.writable
    }

    /// Whether its name leads to it, so that other processes use the same.
    pub(super) fn is_in_place(&self) -> bool {
        self.name.is_in_place()
    }

    /// Its first bytes, fewer where the file ends.
    pub(super) fn read(&self, count: usize) -> io::Result<Vec<u8>> {
        read_at(&self.file, 0, count)
    }

    pub(super) fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    /// Wakes all who wait.
    pub(super) fn wake(&self) {
        let none = std::ptr::null::<libc::timespec>();
        // SAFETY: wakes waiters of an address; the kernel reads nothing there and answers a bad one with an error.
        unsafe { libc::syscall(libc::SYS_futex, self.word(), libc::FUTEX_WAKE, i32::MAX, none) };
    }

    /// Waits until the word is woken, if it still is `word`, or for `limit`. May return early.
    pub(super) fn wait(&self, word: u32, limit: Duration) {
        let limit = libc::timespec {
            tv_sec: libc::time_t::try_from(limit.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: libc::c_long::from(limit.subsec_nanos()),
        };
        // SAFETY: the kernel compares the four bytes at the address, which answers with an error if they are gone, and
        // reads the time, which outlives the call.
        unsafe { libc::syscall(libc::SYS_futex, self.word(), libc::FUTEX_WAIT, word, &raw const limit) };
    }

    /// The address of the word, which nobody here reads.
    fn word(&self) -> *const u32 {
        self.map.as_ptr().cast::<u32>().wrapping_add(WORD as usize / size_of::<u32>())
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nobody has its address any more.
        unsafe { libc::munmap(self.map.as_ptr(), PAGE_BYTES as usize) };
    }
}

fn map(file: &File) -> io::Result<NonNull<libc::c_void>> {
    let (length, shared) = (PAGE_BYTES as usize, libc::MAP_SHARED);
    // SAFETY: a new map at an address that the kernel chooses, of a descriptor that is open.
    let map =
        unsafe { libc::mmap(std::ptr::null_mut(), length, libc::PROT_READ, shared, file.as_raw_fd(), 0) };
    match NonNull::new(map) {
        Some(map) if map.as_ptr() != libc::MAP_FAILED => Ok(map),
        _ => Err(io::Error::last_os_error()),
    }
}
