//! LMDB's table of readers, read from `lock.mdb`: which process holds which snapshot.
//!
//! LMDB lists it only through a pointer that `heed` keeps to itself. The table is a fixed layout behind a header
//! with two mutexes; `docs/pulsedb-format.md` has it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::environment::Environment;
use super::home::ENGINE_LOCK;
use super::lmdb::tree::Fields;
use crate::error::{PulseDBError, Result};
use crate::limits;

/// A snapshot that some process holds at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawReader {
    /// The process.
    pub(crate) pid: u32,
    /// The number of the commit that it sees.
    pub(crate) txn_id: u64,
}

const MAGIC: u32 = 0xBEEF_C0DE;
/// Everything in the table is padded to this.
const CACHE_LINE: usize = 64;
/// Where a slot has the number of its process.
const PID_AT: usize = 8;
/// `txnid` of a slot whose snapshot has ended.
const NONE: u64 = u64::MAX;

/// Bytes before the first slot: magic, format, newest transaction, count of slots and one mutex; then the other.
#[cfg(target_os = "linux")]
const TABLE_START: Option<usize> = {
    let mutex = size_of::<libc::pthread_mutex_t>();
    let head = 20_usize.next_multiple_of(align_of::<libc::pthread_mutex_t>()) + mutex;
    Some(head.next_multiple_of(CACHE_LINE) + mutex.next_multiple_of(CACHE_LINE))
};
/// Other systems lock in other ways; their table is not read and no reader is listed.
#[cfg(not(target_os = "linux"))]
const TABLE_START: Option<usize> = None;

impl Environment {
    /// The snapshots that living processes hold, this one included. None are known where the system is not Linux
    /// or the database is on a read-only file system.
    pub(crate) fn readers(&self) -> Result<Vec<RawReader>> {
        self.clear_stale_readers()?;
        let engine = self.engine()?;
        let (Some(start), Some(file)) = (TABLE_START, engine.files.engine_lock()) else {
            return Ok(Vec::new());
        };
        read(file, start).map_err(|error| PulseDBError::io("read", self.path().join(ENGINE_LOCK), error))
    }
}

/// Frees the slots that a process with the number of this one has left when it died. LMDB takes them for its own, so
/// that their snapshots would keep pages for as long as this process lives; a container is started again and again with
/// the same numbers. The caller has the lock on its number, has no snapshot yet, and lets no other thread take one.
pub(super) fn free_slots_left_under_this_number(file: &File) -> io::Result<()> {
    let Some(start) = TABLE_START else { return Ok(()) };
    let table = read_table(file, start)?;
    let Some(slots) = table.get(start..) else { return Ok(()) };
    let own = std::process::id().to_ne_bytes();
    for (at, slot) in slots.chunks_exact(CACHE_LINE).enumerate() {
        if slot.get(PID_AT..PID_AT + own.len()) == Some(&own) {
            let mut file = file;
            file.seek(SeekFrom::Start((start + at * CACHE_LINE + PID_AT) as u64))?;
            file.write_all(&0_u32.to_ne_bytes())?;
        }
    }
    Ok(())
}

fn read(file: &File, start: usize) -> io::Result<Vec<RawReader>> {
    let bytes = read_table(file, start)?;
    let slots = slots_in_use(&bytes).unwrap_or(0);
    let table = bytes.get(start..).unwrap_or_default();
    Ok(table.chunks_exact(CACHE_LINE).take(slots).filter_map(reader_in).collect())
}

fn read_table(mut file: &File, start: usize) -> io::Result<Vec<u8>> {
    let most = start + limits::READER_SLOTS as usize * CACHE_LINE;
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn slots_in_use(header: &[u8]) -> Option<usize> {
    let mut fields = Fields(header);
    let magic = fields.u32()?;
    fields.take(12)?;
    let count = fields.u32()?;
    (magic == MAGIC).then_some(count as usize)
}

fn reader_in(slot: &[u8]) -> Option<RawReader> {
    let mut fields = Fields(slot);
    let txn_id = fields.u64()?;
    let pid = fields.u32()?;
    (pid != 0 && txn_id != NONE).then_some(RawReader { pid, txn_id })
}
