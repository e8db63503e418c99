//! Whether the files that are open are still those of the directory.
//!
//! A directory can be deleted, swapped or restored while a process has it open. The process would go on with files that
//! no one else sees, and acknowledge commits into them. So the names are compared with what is open: before and after
//! each commit, and before a snapshot if the last look was some time ago.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::engine::Engine;
use crate::clock;
use crate::error::{PulseDBError, Result, StorageError};
use crate::limits;

/// When the files were last looked at, and the newest commit that was seen.
#[derive(Debug)]
pub(super) struct Presence {
    opened: Instant,
    /// Milliseconds from then until the next look.
    due_ms: AtomicU64,
    newest_txn_id: AtomicU64,
}

impl Presence {
    /// Looks at once when asked for the first time.
    pub(super) fn new() -> Self {
        Self { opened: clock::monotonic(), due_ms: AtomicU64::new(0), newest_txn_id: AtomicU64::new(0) }
    }

    /// As [`Presence::confirm`], and that other processes use the same lock file of LMDB, unless the last look was a
    /// moment ago.
    pub(super) fn confirm_lately(&self, path: &Path, engine: &Engine) -> Result<()> {
        let now = self.now_ms();
        if now < self.due_ms.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.confirm(path, engine)?;
        if !engine.files.engine_lock_is_in_place() {
            return Err(replaced(path));
        }
        // Only now: while the files are missing, every call looks.
        self.due_ms.store(now + limits::PRESENCE_INTERVAL_MS, Ordering::Relaxed);
        Ok(())
    }

    /// Fails with `Replaced` if another data file than that of the engine is in the directory, or an older state is in it.
    pub(super) fn confirm(&self, path: &Path, engine: &Engine) -> Result<()> {
        if !engine.files.data_is_in_place() {
            return Err(replaced(path));
        }
        // A copy that was written over the file has its identity. Numbers of commits never fall; the greatest one is
        // read first, since others go on.
        let newest = self.newest_txn_id.load(Ordering::Acquire);
        let now = engine.last_txn_id();
        if now < newest {
            return Err(replaced(path));
        }
        self.newest_txn_id.fetch_max(now, Ordering::AcqRel);
        Ok(())
    }

    /// Makes the next look due.
    pub(super) fn forget(&self) {
        self.due_ms.store(0, Ordering::Relaxed);
    }

    fn now_ms(&self) -> u64 {
        let elapsed = self.opened.elapsed();
        elapsed.as_secs() * 1000 + u64::from(elapsed.subsec_millis())
    }
}

/// The error for a directory that is not the one that was opened.
pub(super) fn replaced(path: &Path) -> PulseDBError {
    StorageError::Replaced { path: path.to_owned() }.into()
}
