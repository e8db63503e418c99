//! Room in the data file: set aside before it is needed, with a reserve that only deletes may use.
//!
//! LMDB writes a page where its number says and lets the file end anywhere. Two things follow that are bad here:
//! a full disk shows in the middle of a commit, and a file may be shorter than its last page number says, which a
//! truncated file is too. So the file is extended, with blocks behind it, before a transaction needs it. It is
//! always longer than what a commit can write, and what cannot be had is refused before anything is written.
//!
//! How far a transaction can move the last page: it copies each page of the trees that it touches at most once,
//! and what it adds fills pages at least half. So `2 * bytes`, and for each operation the pages on the paths to its
//! rows, but in all no more than there are pages.

use std::io;

use heed::RoTxn;

use super::engine::Engine;
use super::environment::{Environment, ReadTxn, Writer};
use super::failure::{INPUT_OUTPUT_ERROR, engine_error, file_error, map_full, means_no_room};
use super::files::Files;
use super::home::DATA;
use super::lmdb::state;
use super::system;
use super::turn::WriteGuard;
use crate::error::{PulseDBError, Result, StorageError};
use crate::limits;

/// What room is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    /// To add something: the reserve must be left.
    Growth,
    /// To remove something: the reserve may be used, and nothing is refused here.
    Reclaim,
}

impl WriteGuard<'_> {
    /// Makes sure of room before about `bytes` are written, keys and values and 16 for each row.
    ///
    /// Called once for each operation of a transaction, such as one record or one deleted row with its index rows;
    /// what was asked for before in the same transaction still counts. A refusal leaves the transaction usable.
    ///
    /// A delete in an environment that is full to the last page can still fail with `Full` while it writes or when
    /// it commits. Smaller steps then succeed: each commit leaves its old pages to the next but one.
    pub(crate) fn reserve(&self, bytes: usize, space: Space) -> Result<()> {
        let page_size = self.engine().files.page_size;
        let need = self.plan(page_size, bytes as u64);
        let end = (self.last_page() + 1 + need) * page_size;
        let wanted = end + limits::RESERVE_BYTES;
        if wanted <= self.file_bytes() {
            return Ok(());
        }
        let shortage = match self.extend(wanted) {
            Ok(()) => return Ok(()),
            Err(shortage) => shortage,
        };
        let behind = self.file_bytes().saturating_sub((self.last_page() + 1) * page_size);
        let free = self.engine().free_pages(self)? * page_size + behind;
        let enough = free >= need * page_size + limits::RESERVE_BYTES;
        if space == Space::Reclaim || enough { Ok(()) } else { Err(shortage.into()) }
    }

    /// Makes the file at least `wanted` long, if the map and the disk allow.
    fn extend(&self, wanted: u64) -> std::result::Result<(), StorageError> {
        let engine = self.engine();
        // A reader that has died keeps the pages that it saw from being used again.
        if let Err(error) = engine.clear_stale_readers() {
            tracing::debug!(%error, "cannot look for readers that have died");
        }
        if wanted > engine.map_bytes() {
            return Err(map_full());
        }
        match engine.files.extend(wanted, engine.map_bytes()) {
            Ok(bytes) => {
                self.set_file_bytes(bytes);
                self.writer().note_length(engine);
                Ok(())
            }
            Err(error) => Err(StorageError::Full {
                reason: format!(
                    "the disk has no room for {}: {error}; free space on it, or delete something",
                    engine.files.path.join(DATA).display()
                ),
            }),
        }
    }
}

impl Environment {
    /// After a commit: the file must reach to the last page, whatever the plan was. It does not fail, because after
    /// a commit nothing may; the next `reserve` meets the same trouble and reports it.
    pub(super) fn follow_last_page(&self, engine: &Engine, writer: &Writer) {
        let end = (engine.last_page() + 1) * engine.files.page_size;
        if end + limits::RESERVE_BYTES / 2 <= writer.file_bytes.get() {
            return;
        }
        // Behind the writer's lock: two processes that lengthen the file at once could shorten it.
        let Ok((txn, writing)) = self.wait_for_txn(engine, writer) else { return };
        let wanted = (end + limits::RESERVE_BYTES).min(engine.map_bytes());
        match engine.files.extend(wanted, engine.map_bytes()) {
            Ok(bytes) => {
                writer.file_bytes.set(bytes);
                writer.note_length(engine);
            }
            Err(error) => {
                tracing::warn!(%error, "no room behind the last page");
                // Without blocks if there are none: only the length is promised.
                let _ = engine.files.lengthen(end);
            }
        }
        drop(txn);
        drop(writing);
    }
}

impl ReadTxn<'_> {
    /// Pages inside the file that later writes use again. Those that a snapshot still needs are counted too.
    pub(crate) fn free_pages(&self) -> Result<u64> {
        self.engine().free_pages(self)
    }
}

impl Engine {
    /// Every page is either in a tree or on the free list, so the free ones are what the trees leave.
    fn free_pages(&self, txn: &RoTxn<'_>) -> Result<u64> {
        let id = txn.id() as u64;
        let committed = state::read_for(self.files.data(), &self.files.path.join(DATA), id)?;
        let mut used = 2 + committed.free.pages() + committed.main.pages();
        for table in self.tables() {
            let stat = table.stat(txn).map_err(|error| engine_error("counting pages", error))?;
            used += (stat.branch_pages + stat.leaf_pages + stat.overflow_pages) as u64;
        }
        Ok((committed.last_page + 1).saturating_sub(used))
    }

    /// What an error of a write means; as [`engine_error`], but knows a full disk by what is left on it: LMDB reports a
    /// short write as `EIO`, as the system does a broken disk.
    pub(crate) fn write_error(&self, during: &'static str, error: heed::Error) -> PulseDBError {
        match error {
            heed::Error::Io(error) if means_no_room(&error) || self.is_short_write(&error) => {
                StorageError::Full {
                    reason: format!("{during} failed: {error}; free space on the disk, or delete something"),
                }
                .into()
            }
            error => engine_error(during, error),
        }
    }

    fn is_short_write(&self, error: &io::Error) -> bool {
        error.raw_os_error() == Some(INPUT_OUTPUT_ERROR)
            && self.files.available_bytes().is_ok_and(|bytes| bytes < limits::RESERVE_BYTES)
    }
}

impl Files {
    /// Makes the file at least `wanted` long, in steps that grow with it and never beyond `most`; its length is then
    /// durable. Returns that length.
    pub(super) fn extend(&self, wanted: u64, most: u64) -> io::Result<u64> {
        let length = self.data().metadata()?.len();
        if length >= wanted {
            return Ok(length);
        }
        let step = (length / 16).clamp(limits::EXTEND_BYTES_MIN, limits::EXTEND_BYTES_MAX);
        let generous = (length + step).max(wanted).min(most.max(wanted)).next_multiple_of(self.page_size);
        let reached = match system::preallocate(self.data(), length, generous) {
            Err(error) if means_no_room(&error) && generous > wanted => {
                system::preallocate(self.data(), length, wanted)?;
                wanted
            }
            outcome => outcome.map(|()| generous)?,
        };
        self.data().sync_data()?;
        Ok(reached)
    }

    fn lengthen(&self, bytes: u64) -> io::Result<()> {
        if self.data().metadata()?.len() < bytes { self.data().set_len(bytes) } else { Ok(()) }
    }

    /// Gives a new database its reserve, before its first transaction.
    pub(super) fn set_aside(&self, most: u64) -> Result<u64> {
        let wanted = limits::RESERVE_BYTES + limits::EXTEND_BYTES_MIN;
        self.extend(wanted.min(most), most)
            .map_err(|error| file_error("set room aside in", &self.path.join(DATA), error))
    }
}
