//! Write transactions: one at a time over all processes, in turn.

use std::ops::Deref;

use heed::RwTxn;
use parking_lot::MutexGuard;

use super::lock_file::LockFile;
use super::{Environment, engine_error, failure};
use crate::error::{PulseDBError, Result, StorageError};

/// What only the writing thread of this process touches.
#[derive(Debug)]
pub(super) struct Writer {
    /// The lock file; `None` where a read-only handle found none.
    pub(super) lock_file: Option<LockFile>,
}

/// The one write transaction of this process. Dropping it aborts. It must end in the thread that began it.
pub(crate) struct WriteGuard<'e> {
    // Before `turn`, so that the transaction ends before another thread of this process begins one.
    txn: RwTxn<'e>,
    environment: &'e Environment,
    turn: MutexGuard<'e, Writer>,
}

impl std::fmt::Debug for WriteGuard<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WriteGuard").field("txn_id", &self.txn.id()).finish_non_exhaustive()
    }
}

impl<'e> WriteGuard<'e> {
    /// The transaction, to write with.
    pub(crate) fn txn(&mut self) -> &mut RwTxn<'e> {
        &mut self.txn
    }

    /// Makes everything that was written visible to all processes and, with `SyncMode::Normal`, durable.
    ///
    /// After a failure other than a full disk or map every later write is refused.
    pub(crate) fn commit(self) -> Result<()> {
        let Self { txn, environment, turn } = self;
        let outcome = txn.commit().map_err(|error| environment.commit_failed(error));
        drop(turn);
        outcome
    }
}

impl<'e> Deref for WriteGuard<'e> {
    type Target = RwTxn<'e>;

    fn deref(&self) -> &Self::Target {
        &self.txn
    }
}

impl Environment {
    /// Begins the write transaction, after those of all threads and processes that asked before.
    ///
    /// A thread that holds one must not ask for another.
    pub(crate) fn begin_write(&self) -> Result<WriteGuard<'_>> {
        self.refuse_after_fork()?;
        self.refuse_when_read_only()?;
        let turn = self.writer.lock();
        self.refuse_when_poisoned()?;
        let txn = self.wait_for_txn(&turn)?;
        Ok(WriteGuard { txn, environment: self, turn })
    }

    /// Waits for LMDB's writer lock behind the turnstile: LMDB's lock goes to whoever is running when it is
    /// released, which is the process that has just committed. Only the one that is next in line may wait for it.
    fn wait_for_txn(&self, turn: &Writer) -> Result<RwTxn<'_>> {
        let Some(lock_file) = &turn.lock_file else { return Err(PulseDBError::ReadOnly) };
        let refused = |error| PulseDBError::io("lock", self.path().join(super::lock_file::NAME), error);
        lock_file.wait_for_turn().map_err(refused)?;
        let txn = self.engine.write_txn();
        lock_file.pass_turn().map_err(refused)?;
        txn.map_err(|error| {
            if matches!(error, heed::Error::Mdb(heed::MdbError::Panic)) {
                self.poison("the engine reported a fatal error");
            }
            engine_error("beginning a write", error)
        })
    }

    fn refuse_when_read_only(&self) -> Result<()> {
        if self.settings.lock().requested.is_none() { Err(PulseDBError::ReadOnly) } else { Ok(()) }
    }

    /// A full disk or map leaves the database as it was before the transaction. Of any other failure nobody knows
    /// what has reached the disk.
    fn commit_failed(&self, error: heed::Error) -> PulseDBError {
        let full = match &error {
            heed::Error::Mdb(heed::MdbError::MapFull) => true,
            heed::Error::Io(error) => failure::means_no_room(error),
            _ => false,
        };
        let error = engine_error("commit", error);
        if !full {
            self.poison(error.to_string());
        }
        debug_assert!(!full || matches!(error, PulseDBError::Storage(StorageError::Full { .. })));
        error
    }
}
