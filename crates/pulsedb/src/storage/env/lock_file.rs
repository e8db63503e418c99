//! The file `lock`: who has the database open, who writes, and whose turn it is.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 1 | lock "open": shared by each process that has the database open, exclusive for repair and map growth |
//! | 1 | 1 | lock "setup": exclusive while a process opens the database, shared while it does so read-only |
//! | 2 | 1 | lock "next": exclusive for the one process that is next in line for the writer's lock of LMDB |
//! | 3 | 1 | lock "writing": exclusive for the one process that has a write transaction |
//! | 4 | 1 | lock "unlocked": shared by readers that may not use LMDB's locks, and so exclude writers |
//! | 64 | 32 | the length of `data.mdb`, so that a cut is known even where nothing was lost |
//! | 128 + 128 n | 128 | record of writer n, whose first byte is locked exclusively as long as it lives |
//!
//! The length is `bytes u64`, `commit u64` (the newest one at that time), `file u64` (the inode, zero where there is
//! none), `checksum u64` (XXH3 of the rest). It counts only for the same file with no older commit, so another
//! data file may be put in its place. It is written after the longer file is durable.
//!
//! A record is `pid u32`, `host length u32`, `start i64` (Unix milliseconds), `checksum u64` (XXH3 of the rest),
//! `host [u8; 104]`. Bytes that no record covers have no meaning.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use super::byte_lock::{ByteLocks, Mode};
use super::open_file::OpenFile;
use super::system;
use crate::clock::{self, Timestamp};
use crate::error::{PulseDBError, Result, StorageError};
use crate::limits;
use crate::model::Holder;

/// Its name in the directory of a database.
pub(super) const NAME: &str = "lock";

const OPEN: u64 = 0;
const SETUP: u64 = 1;
const NEXT: u64 = 2;
const WRITING: u64 = 3;
const UNLOCKED: u64 = 4;
const LENGTH: u64 = 64;
const RECORD_BYTES: u64 = 128;
const HOST_BYTES: usize = 104;

/// The lock file of one environment, open.
#[derive(Debug)]
pub(super) struct LockFile {
    locks: ByteLocks,
    name: OpenFile,
    slot: Option<u64>,
    /// The process that opened it.
    pid: u32,
}

impl Drop for LockFile {
    /// Gives the locks back, which closing does not always do: a process that another thread is starting at this
    /// moment has copies of all descriptors until it runs its own program, and locks belong to what they share. So
    /// a forked child must not give back those of its parent.
    fn drop(&mut self) {
        if self.pid != std::process::id() {
            return;
        }
        let bytes = [OPEN, SETUP, NEXT, WRITING, UNLOCKED].into_iter().chain(self.slot.map(offset));
        for byte in bytes {
            // A failure leaves the lock until the last descriptor closes.
            let _ = self.locks.unlock(byte);
        }
    }
}

impl LockFile {
    /// Opens the file in a directory and creates it.
    pub(super) fn create(directory: &Path) -> Result<Self> {
        let path = directory.join(NAME);
        Self::open(&path, true).map_err(|error| PulseDBError::io("open", path, error))
    }

    /// Opens the file for a reader, if it is there. An error says that it is and may not be read.
    pub(super) fn open_existing(directory: &Path) -> Result<Option<Self>> {
        let path = directory.join(NAME);
        match Self::open(&path, false) {
            Ok(lock_file) => Ok(Some(lock_file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(PulseDBError::io("open", path, error)),
        }
    }

    fn open(path: &Path, writable: bool) -> io::Result<Self> {
        let locks = ByteLocks::open(path, writable)?;
        let name = OpenFile::of(locks.file(), path)?;
        Ok(Self { locks, name, slot: None, pid: std::process::id() })
    }

    /// Whether its name leads to it, so that other processes use the same.
    pub(super) fn is_in_place(&self) -> bool {
        self.name.is_in_place()
    }

    /// Whether it may be written.
    pub(super) fn is_writable(&self) -> bool {
        self.locks.is_writable()
    }

    /// Waits for processes that open the database at this moment.
    pub(super) fn begin_setup(&self, directory: &Path) -> Result<()> {
        let mode = if self.locks.is_writable() { Mode::Exclusive } else { Mode::Shared };
        let deadline = clock::monotonic() + limits::SETUP_WAIT;
        while !self.locks.try_lock(SETUP, mode).map_err(|error| refused(directory, error))? {
            if clock::monotonic() >= deadline {
                return Err(locked(
                    directory,
                    "a process that has been opening or compacting it for a long time",
                ));
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok(())
    }

    /// Lets the next process open the database.
    pub(super) fn end_setup(&self) {
        // A failure leaves the lock until this file closes; nothing can be done about it here.
        let _ = self.locks.unlock(SETUP);
    }

    /// Marks the database as open by this process.
    pub(super) fn share_open(&self, directory: &Path) -> Result<()> {
        match self.locks.try_lock(OPEN, Mode::Shared) {
            Ok(true) => Ok(()),
            Ok(false) => Err(locked(directory, "a process that repairs or compacts it, or raises its size")),
            Err(error) => Err(refused(directory, error)),
        }
    }

    /// Makes sure that no other process has the database open; the mark of this one becomes exclusive.
    pub(super) fn try_exclude(&self, directory: &Path) -> Result<bool> {
        if !self.locks.is_writable() {
            return Ok(false);
        }
        self.locks.try_lock(OPEN, Mode::Exclusive).map_err(|error| refused(directory, error))
    }

    /// Waits until this process is next in line for LMDB's writer lock.
    pub(super) fn wait_for_turn(&self) -> io::Result<()> {
        self.locks.lock(NEXT, Mode::Exclusive)
    }

    /// Lets another process be next in line.
    pub(super) fn pass_turn(&self) -> io::Result<()> {
        self.locks.unlock(NEXT)
    }

    /// Waits until no other process writes. LMDB's own lock does not suffice: it goes by thread numbers, which two PID
    /// namespaces may both have, and takes the death of one for that of the other.
    pub(super) fn begin_writing(&self) -> io::Result<Writing<'_>> {
        self.locks.lock(WRITING, Mode::Exclusive)?;
        Ok(Writing(self))
    }

    /// Keeps writers away for as long as this lives, for a reader that cannot use LMDB's locks.
    /// `needed` is the file that it would have to write.
    pub(super) fn exclude_writers(&self, directory: &Path, needed: &Path) -> Result<()> {
        let refused = |error| refused(directory, error);
        // Those who write register first and look at this mark then, so that one of the two sees the other.
        self.locks.try_lock(UNLOCKED, Mode::Shared).map_err(refused)?;
        if !self.has_writers().map_err(refused)? {
            return Ok(());
        }
        let why = format!("; reading beside one that writes takes permission to write {}", needed.display());
        Err(StorageError::DatabaseLocked { holder: holders(directory, "a process that writes it") + &why }
            .into())
    }

    fn has_writers(&self) -> io::Result<bool> {
        let length = self.locks.file().metadata()?.len();
        for slot in (0..limits::WRITERS_MAX).take_while(|slot| offset(*slot) < length) {
            if self.locks.is_locked(offset(slot))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes a free record for this process.
    pub(super) fn register_writer(&mut self, directory: &Path) -> Result<()> {
        if self.slot.is_some() {
            return Ok(());
        }
        let refused = |error| PulseDBError::io("write", directory.join(NAME), error);
        for slot in 0..limits::WRITERS_MAX {
            if self.locks.try_lock(offset(slot), Mode::Exclusive).map_err(refused)? {
                let record = Record { pid: std::process::id(), started: clock::now(), host: system::host() };
                let mut file = self.locks.file();
                file.seek(SeekFrom::Start(offset(slot))).map_err(refused)?;
                file.write_all(&record.encode()).map_err(refused)?;
                self.slot = Some(slot);
                if self.locks.is_locked(UNLOCKED).map_err(refused)? {
                    self.release_writer();
                    let holder = "a process that may only read it, and so cannot read beside one that writes";
                    return Err(StorageError::DatabaseLocked { holder: holder.to_owned() }.into());
                }
                return Ok(());
            }
        }
        Err(StorageError::Unsupported {
            reason: format!("{} processes already write this database; close some", limits::WRITERS_MAX),
        }
        .into())
    }

    /// Notes how long the data file is.
    pub(super) fn note_length(&self, note: &LengthNote) -> io::Result<()> {
        let mut file = self.locks.file();
        file.seek(SeekFrom::Start(LENGTH))?;
        file.write_all(&note.encode())
    }

    /// How long the data file was when it was last extended, if that is known.
    pub(super) fn noted_length(&self) -> Option<LengthNote> {
        let mut file = self.locks.file();
        let mut bytes = [0; LengthNote::BYTES];
        file.seek(SeekFrom::Start(LENGTH)).ok()?;
        file.read_exact(&mut bytes).ok()?;
        LengthNote::decode(&bytes)
    }

    /// Frees the record.
    pub(super) fn release_writer(&mut self) {
        if let Some(slot) = self.slot.take() {
            // A failure leaves the record until this file closes; nothing can be done about it here.
            let _ = self.locks.unlock(offset(slot));
        }
    }
}

/// The right to write, over all processes.
pub(super) struct Writing<'l>(&'l LockFile);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if self.0.pid == std::process::id() {
            // A failure leaves the lock until this file closes; nothing can be done about it here.
            let _ = self.0.locks.unlock(WRITING);
        }
    }
}

fn refused(directory: &Path, error: io::Error) -> PulseDBError {
    PulseDBError::io("lock", directory.join(NAME), error)
}

/// The live writing processes of a database.
pub(crate) fn writers(directory: &Path) -> Result<Vec<Holder>> {
    let path = directory.join(NAME);
    let locks = match ByteLocks::open(&path, false) {
        Ok(locks) => locks,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(PulseDBError::io("open", path, error)),
    };
    let unreadable = |error| PulseDBError::io("read", path.clone(), error);
    let length = locks.file().metadata().map_err(unreadable)?.len();
    let mut holders = Vec::new();
    for slot in (0..limits::WRITERS_MAX).take_while(|slot| offset(*slot) < length) {
        if !locks.is_locked(offset(slot)).map_err(unreadable)? {
            continue;
        }
        // A record that is being written has no valid checksum yet: its process has not opened the database.
        if let Some(record) = read_record(locks.file(), slot).map_err(unreadable)? {
            holders.push(Holder { pid: record.pid, started: record.started, host: record.host });
        }
    }
    Ok(holders)
}

/// The error for a database that somebody else holds: names the writers if there are any.
pub(super) fn locked(directory: &Path, otherwise: &str) -> PulseDBError {
    StorageError::DatabaseLocked { holder: holders(directory, otherwise) }.into()
}

/// As [`locked`], for a process that writes itself.
pub(super) fn locked_by_others(directory: &Path, otherwise: &str) -> PulseDBError {
    let mut others = writers(directory).unwrap_or_default();
    let host = system::host();
    if let Some(own) =
        others.iter().position(|holder| holder.pid == std::process::id() && holder.host == host)
    {
        others.remove(own);
    }
    StorageError::DatabaseLocked { holder: named(others, otherwise) }.into()
}

fn holders(directory: &Path, otherwise: &str) -> String {
    named(writers(directory).unwrap_or_default(), otherwise)
}

fn named(holders: Vec<Holder>, otherwise: &str) -> String {
    let holders: Vec<String> =
        holders.into_iter().map(|holder| format!("process {} on {}", holder.pid, holder.host)).collect();
    if holders.is_empty() { otherwise.to_owned() } else { holders.join(", ") }
}

fn offset(slot: u64) -> u64 {
    RECORD_BYTES + slot * RECORD_BYTES
}

fn read_record(mut file: &File, slot: u64) -> io::Result<Option<Record>> {
    let mut bytes = Vec::with_capacity(RECORD_BYTES as usize);
    file.seek(SeekFrom::Start(offset(slot)))?;
    file.take(RECORD_BYTES).read_to_end(&mut bytes)?;
    Ok(Record::decode(&bytes))
}

/// What the lock file says about the length of the data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LengthNote {
    pub(super) bytes: u64,
    /// The newest commit at that time.
    pub(super) commit: u64,
    /// Which file it was.
    pub(super) file: u64,
}

impl LengthNote {
    const BYTES: usize = 32;

    fn encode(&self) -> Vec<u8> {
        let mut bytes = [self.bytes, self.commit, self.file].map(u64::to_le_bytes).concat();
        bytes.extend_from_slice(&xxh3_64(&bytes).to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let (body, checksum) = bytes.split_last_chunk::<8>()?;
        if xxh3_64(body) != u64::from_le_bytes(*checksum) {
            return None;
        }
        let mut fields =
            body.chunks_exact(8).filter_map(|field| field.try_into().ok().map(u64::from_le_bytes));
        Some(Self { bytes: fields.next()?, commit: fields.next()?, file: fields.next()? })
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Record {
    pid: u32,
    started: Timestamp,
    host: String,
}

impl Record {
    fn encode(&self) -> Vec<u8> {
        let mut host = self.host.as_bytes();
        while host.len() > HOST_BYTES || std::str::from_utf8(host).is_err() {
            host = host.split_last().map_or(&[], |(_, rest)| rest);
        }
        let mut body = Vec::with_capacity(RECORD_BYTES as usize);
        body.extend_from_slice(&self.pid.to_le_bytes());
        body.extend_from_slice(&(host.len() as u32).to_le_bytes());
        body.extend_from_slice(&self.started.as_millis().to_le_bytes());
        let start = body.len();
        body.extend_from_slice(host);
        body.resize(start + HOST_BYTES, 0);
        let checksum = xxh3_64(&body).to_le_bytes();
        body.splice(start..start, checksum);
        body
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (start, rest) = bytes.split_at_checked(16)?;
        let (checksum, host) = rest.split_first_chunk::<8>()?;
        let host = host.get(..HOST_BYTES)?;
        if xxh3_64(&[start, host].concat()) != u64::from_le_bytes(*checksum) {
            return None;
        }
        let (pid, start) = start.split_first_chunk::<4>()?;
        let (length, started) = start.split_first_chunk::<4>()?;
        let host = host.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        Some(Self {
            pid: u32::from_le_bytes(*pid),
            started: Timestamp::from_millis(i64::from_le_bytes(started.try_into().ok()?)),
            host: String::from_utf8(host.to_vec()).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_and_no_flipped_bit_does() {
        let host = "\u{e9}".repeat(80);
        let record = Record { pid: 7, started: Timestamp::from_millis(-3), host };
        let bytes = record.encode();
        assert_eq!(bytes.len() as u64, RECORD_BYTES);
        let found = Record::decode(&bytes).unwrap();
        assert_eq!((found.pid, found.started), (record.pid, record.started));
        assert_eq!(found.host, "\u{e9}".repeat(HOST_BYTES / 2));
        for length in 0..bytes.len() {
            assert_eq!(Record::decode(&bytes[..length]), None);
            let mut damaged = bytes.clone();
            damaged[length] ^= 0x10;
            assert_eq!(Record::decode(&damaged), None, "byte {length}");
        }
    }

    #[test]
    fn length_notes_come_back_and_no_flipped_bit_does() {
        let note = LengthNote { bytes: 1 << 40, commit: 9, file: 77 };
        let bytes: [u8; LengthNote::BYTES] = note.encode().try_into().unwrap();
        assert_eq!(LengthNote::decode(&bytes), Some(note));
        assert_eq!(LengthNote::decode(&[0; LengthNote::BYTES]), None);
        for place in 0..bytes.len() {
            let mut damaged = bytes;
            damaged[place] ^= 0x10;
            assert_eq!(LengthNote::decode(&damaged), None, "byte {place}");
        }
    }
}
