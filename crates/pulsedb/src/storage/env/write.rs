//! Write transactions: one at a time over all processes, in turn.

use std::cell::Cell;
use std::ops::Deref;

use heed::RwTxn;
use parking_lot::MutexGuard;

use super::lock_file::LockFile;
use super::{Environment, engine_error};
use crate::error::{PulseDBError, Result, StorageError};
use crate::limits;

/// What only the writing thread of this process touches.
#[derive(Debug)]
pub(super) struct Writer {
    /// The lock file; `None` where a read-only handle found none.
    pub(super) lock_file: Option<LockFile>,
    /// Bytes that the data file has at the least: it never shrinks while it is open.
    pub(super) file_bytes: u64,
}

/// The one write transaction of this process. Dropping it aborts. It must end in the thread that began it.
pub(crate) struct WriteGuard<'e> {
    // Before `turn`, so that the transaction ends before another thread of this process begins one.
    txn: RwTxn<'e>,
    environment: &'e Environment,
    /// The last page when the transaction began.
    last_page: u64,
    plan: Cell<Plan>,
    turn: MutexGuard<'e, Writer>,
}

/// What the operations of a transaction have asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Plan {
    bytes: u64,
    operations: u64,
    file_bytes: u64,
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
        let Self { txn, environment, mut turn, plan, .. } = self;
        turn.file_bytes = plan.get().file_bytes;
        txn.commit().map_err(|error| environment.commit_failed(error))?;
        environment.follow_last_page(&mut turn);
        Ok(())
    }

    /// Adds an operation to the plan; gives the pages that the whole transaction needs at the most.
    pub(super) fn plan(&self, page_size: u64, bytes: u64) -> u64 {
        let mut plan = self.plan.get();
        plan.bytes = plan.bytes.saturating_add(bytes);
        plan.operations += 1;
        self.plan.set(plan);
        let copied = (plan.operations * limits::PAGES_OF_OPERATION).min(self.last_page + 1);
        plan.bytes.saturating_mul(2).div_ceil(page_size) + copied + limits::PAGES_OF_PATHS
    }

    /// The plan so far, to go back to where an operation is refused.
    pub(crate) fn planned(&self) -> Plan {
        self.plan.get()
    }

    /// Goes back to an earlier plan; the file stays as long as it has become.
    pub(crate) fn plan_again(&self, plan: Plan) {
        self.plan.set(Plan { file_bytes: self.plan.get().file_bytes, ..plan });
    }

    pub(super) fn writer(&self) -> &Writer {
        &self.turn
    }

    pub(super) fn last_page(&self) -> u64 {
        self.last_page
    }

    /// Bytes that the data file has at the least.
    pub(super) fn file_bytes(&self) -> u64 {
        self.plan.get().file_bytes
    }

    pub(super) fn set_file_bytes(&self, bytes: u64) {
        self.plan.set(Plan { file_bytes: bytes, ..self.plan.get() });
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
        let last_page = self.engine.info().last_page_number as u64;
        let plan = Cell::new(Plan { file_bytes: turn.file_bytes, ..Plan::default() });
        Ok(WriteGuard { txn, environment: self, last_page, plan, turn })
    }

    /// Waits for LMDB's writer lock behind the turnstile: LMDB's lock goes to whoever is running when it is
    /// released, which is the process that has just committed. Only the one that is next in line may wait for it.
    pub(super) fn wait_for_txn(&self, turn: &Writer) -> Result<RwTxn<'_>> {
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
        if self.is_writable() { Ok(()) } else { Err(PulseDBError::ReadOnly) }
    }

    /// A full disk or map leaves the database as it was before the transaction. Of any other failure nobody knows
    /// what has reached the disk.
    fn commit_failed(&self, error: heed::Error) -> PulseDBError {
        let error = self.write_error("commit", error);
        if !matches!(error, PulseDBError::Storage(StorageError::Full { .. })) {
            self.poison(error.to_string());
        }
        error
    }
}
