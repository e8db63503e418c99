//! The calls that write and sync, in the place of those of the C library: they record, then ask the system.
//!
//! LMDB is linked into this binary and resolves its calls here. What Rust code asks of the kernel directly, such as
//! `fallocate`, shows as a change of the file's length before the next call.
#![allow(unsafe_code)] // Functions with the names and signatures of the C library, and system calls.

use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use libc::{c_char, c_int, c_void, iovec, off_t, size_t, ssize_t};

/// Which file of the database a write is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Data,
    Lock,
    /// The data file that a compaction makes.
    Copy,
    /// The directory, which holds the names.
    Names,
}

/// Something that happened below the engine, in order.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// The file got this long.
    Length { target: Target, length: u64 },
    /// `synced`: it was durable when the call returned.
    Write { target: Target, offset: u64, bytes: Vec<u8>, synced: bool },
    /// Everything that was written to the file before is durable.
    Sync(Target),
    /// The copy was given the name of the data file.
    Renamed,
    /// The caller was told that the change with this number is durable.
    Acknowledged(u64),
    /// A step of the index was taken; it is written with the commit that follows.
    Step(String),
}

struct Record {
    directory: PathBuf,
    /// Of the data file and of the copy.
    lengths: [u64; 2],
    events: Vec<Event>,
}

static RECORD: Mutex<Option<Record>> = Mutex::new(None);

/// Records what is done to the files of a database in a directory, from its creation on.
pub(crate) fn begin(directory: &Path) {
    let directory = directory.to_owned();
    *RECORD.lock().unwrap() = Some(Record { directory, lengths: [0; 2], events: Vec::new() });
}

/// Marks that a change was acknowledged.
pub(crate) fn acknowledge(sequence: u64) {
    RECORD.lock().unwrap().as_mut().unwrap().events.push(Event::Acknowledged(sequence));
}

/// Marks that a step of the index was taken, if there is a record.
pub(crate) fn step(what: &str) {
    if let Some(record) = RECORD.lock().unwrap().as_mut() {
        record.events.push(Event::Step(what.to_owned()));
    }
}

/// Ends the record and returns it.
pub(crate) fn end() -> Vec<Event> {
    RECORD.lock().unwrap().take().unwrap().events
}

impl Record {
    /// Which file a descriptor is of.
    fn target(&self, descriptor: c_int) -> Option<Target> {
        let path = std::fs::read_link(format!("/proc/self/fd/{descriptor}")).ok()?;
        match path.strip_prefix(&self.directory).ok()?.to_str()? {
            "" => Some(Target::Names),
            "data.mdb" | "data.mdb.new" => Some(Target::Data),
            "compact/data.mdb" | "compact/data.mdb.new" => Some(Target::Copy),
            "lock" => Some(Target::Lock),
            _ => None,
        }
    }

    fn length(&mut self, target: Target) -> &mut u64 {
        &mut self.lengths[usize::from(target == Target::Copy)]
    }

    /// Notes a length that was given by a call that is not seen here.
    fn note_length(&mut self, target: Target, descriptor: c_int) {
        let length = with_file(descriptor, |file| file.metadata().map_or(0, |metadata| metadata.size()));
        if length != *self.length(target) {
            *self.length(target) = length;
            self.events.push(Event::Length { target, length });
        }
    }

    fn note_write(&mut self, descriptor: c_int, offset: u64, bytes: Vec<u8>) {
        let Some(target) = self.target(descriptor) else { return };
        if target != Target::Lock {
            let length = self.length(target);
            *length = (*length).max(offset + bytes.len() as u64);
        }
        // SAFETY: asks for the flags of a descriptor that the caller has just written to.
        let flags = unsafe { libc::fcntl(descriptor, libc::F_GETFL) };
        self.events.push(Event::Write { target, offset, bytes, synced: flags & libc::O_DSYNC != 0 });
    }
}

/// Looks at a descriptor of somebody else as a file.
fn with_file<T>(descriptor: c_int, look: impl FnOnce(&File) -> T) -> T {
    // SAFETY: the descriptor is open while its owner calls, and the file is never dropped, so it stays open.
    let file = ManuallyDrop::new(unsafe { File::from_raw_fd(descriptor) });
    look(&file)
}

/// Does a call, and records it if it is one on a recorded file. No other call of ours is done meanwhile, so the
/// order of the record is the order of the calls.
fn recorded(
    descriptor: c_int,
    call: impl FnOnce() -> ssize_t,
    note: impl FnOnce(&mut Record, usize),
) -> ssize_t {
    // While the record itself is looked at by this thread, calls pass unseen.
    let Ok(mut record) = RECORD.try_lock().or_else(|error| match error {
        std::sync::TryLockError::WouldBlock if descriptor > 2 => Ok(RECORD.lock().unwrap()),
        error => Err(error),
    }) else {
        return call();
    };
    let Some(record) = record.as_mut().filter(|record| record.target(descriptor).is_some()) else {
        return call();
    };
    if let Some(target @ (Target::Data | Target::Copy)) = record.target(descriptor) {
        record.note_length(target, descriptor);
    }
    let outcome = call();
    if let Ok(bytes) = usize::try_from(outcome) {
        note(record, bytes);
    }
    outcome
}

/// The bytes at an address.
///
/// # Safety
/// `count` bytes must be readable there.
unsafe fn bytes_at(address: *const c_void, count: usize) -> Vec<u8> {
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts(address.cast::<u8>(), count) }.to_vec()
}

/// Where the next plain write of a descriptor goes.
fn position(descriptor: c_int) -> u64 {
    // SAFETY: asks for a position and changes nothing.
    unsafe { libc::lseek(descriptor, 0, libc::SEEK_CUR) }.try_into().unwrap_or(0)
}

/// # Safety
/// As that of the C library.
// SAFETY: it takes the place of the call of this name and does what that does.
#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite(descriptor: c_int, from: *const c_void, count: size_t, at: off_t) -> ssize_t {
    // SAFETY: the arguments are the caller's.
    let call = || unsafe { libc::syscall(libc::SYS_pwrite64, descriptor, from, count, at) } as ssize_t;
    recorded(descriptor, call, |record, written| {
        // SAFETY: the system has read these bytes.
        let bytes = unsafe { bytes_at(from, written) };
        record.note_write(descriptor, at as u64, bytes);
    })
}

/// # Safety
/// As that of the C library.
// SAFETY: it takes the place of the call of this name and does what that does.
#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite64(descriptor: c_int, from: *const c_void, count: size_t, at: off_t) -> ssize_t {
    // SAFETY: the arguments are the caller's.
    unsafe { pwrite(descriptor, from, count, at) }
}

/// # Safety
/// As that of the C library.
// SAFETY: it takes the place of the call of this name and does what that does.
#[unsafe(no_mangle)]
unsafe extern "C" fn write(descriptor: c_int, from: *const c_void, count: size_t) -> ssize_t {
    // SAFETY: the arguments are the caller's.
    let call = || unsafe { libc::syscall(libc::SYS_write, descriptor, from, count) } as ssize_t;
    if descriptor <= 2 {
        return call();
    }
    recorded(descriptor, call, |record, written| {
        let offset = position(descriptor) - written as u64;
        // SAFETY: the system has read these bytes.
        let bytes = unsafe { bytes_at(from, written) };
        record.note_write(descriptor, offset, bytes);
    })
}

/// # Safety
/// As that of the C library.
// SAFETY: it takes the place of the call of this name and does what that does.
#[unsafe(no_mangle)]
unsafe extern "C" fn writev(descriptor: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    // SAFETY: the arguments are the caller's.
    let call = || unsafe { libc::syscall(libc::SYS_writev, descriptor, parts, count) } as ssize_t;
    if descriptor <= 2 {
        return call();
    }
    recorded(descriptor, call, |record, written| {
        let offset = position(descriptor) - written as u64;
        // SAFETY: the system has read as many descriptions.
        let parts = unsafe { std::slice::from_raw_parts(parts, count as usize) };
        let mut bytes = Vec::with_capacity(written);
        for part in parts {
            let left = part.iov_len.min(written - bytes.len());
            // SAFETY: the system has read these bytes.
            bytes.extend(unsafe { bytes_at(part.iov_base, left) });
        }
        record.note_write(descriptor, offset, bytes);
    })
}

fn synced(descriptor: c_int, call: libc::c_long) -> c_int {
    // SAFETY: the call takes a descriptor and nothing else.
    let ask = || unsafe { libc::syscall(call, descriptor) } as ssize_t;
    recorded(descriptor, ask, |record, _| {
        if let Some(target @ (Target::Data | Target::Copy | Target::Names)) = record.target(descriptor) {
            record.events.push(Event::Sync(target));
        }
    }) as c_int
}

// SAFETY: it takes the place of the call of this name and does what that does.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(descriptor: c_int) -> c_int {
    synced(descriptor, libc::SYS_fdatasync)
}

// SAFETY: it takes the place of the call of this name and does what that does.
#[unsafe(no_mangle)]
extern "C" fn fsync(descriptor: c_int) -> c_int {
    synced(descriptor, libc::SYS_fsync)
}

/// # Safety
/// As that of the C library.
// SAFETY: it takes the place of the call of this name and does what that does.
#[unsafe(no_mangle)]
unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    let here = libc::AT_FDCWD;
    // SAFETY: the arguments are the caller's.
    let outcome = unsafe { libc::syscall(libc::SYS_renameat2, here, from, here, to, 0) } as c_int;
    // SAFETY: the system has read a name there.
    let from = unsafe { CStr::from_ptr(from) };
    if outcome == 0
        && let Some(record) = RECORD.lock().unwrap().as_mut()
        && Path::new(OsStr::from_bytes(from.to_bytes())) == record.directory.join("compact/data.mdb")
    {
        record.lengths.swap(0, 1);
        record.events.push(Event::Renamed);
    }
    outcome
}
