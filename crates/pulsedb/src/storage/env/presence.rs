//! Whether the files that are open are still those of the directory.
//!
//! A directory can be deleted, swapped or restored while a process has it open. The process would go on with files that
//! no one else sees, and acknowledge commits into them. So the names are compared with what is open: before and after
//! each commit, and before a snapshot if the last look was some time ago.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::engine::Engine;
use super::place::{DATA, ENGINE_LOCK};
use super::system::{FileIdentity, file_identity};
use crate::clock;
use crate::error::{Result, StorageError};
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

    /// As [`Presence::confirm`], unless the last look was a moment ago.
    pub(super) fn confirm_lately(&self, path: &Path, engine: &Engine) -> Result<()> {
        let now = self.now_ms();
        if now < self.due_ms.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.confirm(path, engine)?;
        // Only now: while the files are missing, every call looks.
        self.due_ms.store(now + limits::PRESENCE_INTERVAL_MS, Ordering::Relaxed);
        Ok(())
    }

    /// Fails with `Replaced` if the directory has other files than those of the engine, or an older state in them.
    pub(super) fn confirm(&self, path: &Path, engine: &Engine) -> Result<()> {
        let files = &engine.files;
        // Never shorter than at the time it was opened: the map behind its end must not be read.
        let is_data = |found: &Metadata| {
            file_identity(found) == files.data_identity() && found.len() >= files.bytes_at_open()
        };
        let in_place = is_there(&path.join(DATA), is_data)
            && files.engine_lock_identity().is_none_or(|identity| is_file(&path.join(ENGINE_LOCK), identity));
        if !in_place {
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
    #[cfg(test)]
    pub(super) fn forget(&self) {
        self.due_ms.store(0, Ordering::Relaxed);
    }

    fn now_ms(&self) -> u64 {
        let elapsed = self.opened.elapsed();
        elapsed.as_secs() * 1000 + u64::from(elapsed.subsec_millis())
    }
}

/// The error for a directory that is not the one that was opened.
pub(super) fn replaced(path: &Path) -> crate::error::PulseDBError {
    StorageError::Replaced { path: path.to_owned() }.into()
}

/// Whether a name still leads to a file.
pub(super) fn is_file(path: &Path, identity: FileIdentity) -> bool {
    is_there(path, |found| file_identity(found) == identity)
}

/// Whether what a name leads to is right. A name that cannot be looked up for another reason than that it is gone
/// proves nothing.
fn is_there(path: &Path, is_right: impl FnOnce(&Metadata) -> bool) -> bool {
    match fs::metadata(path) {
        Ok(found) => is_right(&found),
        Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    }
}
