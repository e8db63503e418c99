//! LMDB's table of readers, read from `lock.mdb`: which process holds which snapshot.
//!
//! LMDB lists it only through a pointer that `heed` keeps to itself. The table is a fixed layout behind a header
//! with two mutexes; `docs/pulsedb-format.md` has it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::environment::Environment;
use super::lmdb::tree::Fields;
use super::place::ENGINE_LOCK;
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

fn read(mut file: &File, start: usize) -> io::Result<Vec<RawReader>> {
    let most = start + limits::READER_SLOTS as usize * CACHE_LINE;
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(most as u64).read_to_end(&mut bytes)?;
    let slots = slots_in_use(&bytes).unwrap_or(0);
    let table = bytes.get(start..).unwrap_or_default();
    Ok(table.chunks_exact(CACHE_LINE).take(slots).filter_map(reader_in).collect())
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
