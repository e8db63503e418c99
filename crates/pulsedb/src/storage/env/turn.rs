//! Write transactions: one at a time over all processes, in turn.

use std::cell::Cell;
use std::ops::Deref;

use heed::RwTxn;
use parking_lot::MutexGuard;

use super::engine::Engine;
use super::environment::{EngineGuard, Environment, Writer};
use super::failure::engine_error;
use super::lock_file::{self, LockFile, Writing};
use super::presence::replaced;
use crate::error::{PulseDBError, Result, StorageError};
use crate::limits;

/// The right of this thread to write for its process. It must end in the thread that took it.
pub(crate) struct Turn<'e> {
    environment: &'e Environment,
    // Before the writer, so that the engine is left before another thread of this process has its turn.
    engine: EngineGuard<'e>,
    writer: MutexGuard<'e, Writer>,
}

/// The one write transaction of all processes. Dropping it aborts. It must end in the thread that began it.
pub(crate) struct WriteGuard<'t> {
    // Before the right to write, so that it ends first.
    txn: RwTxn<'t>,
    writing: Writing<'t>,
    environment: &'t Environment,
    engine: &'t Engine,
    writer: &'t Writer,
    /// The last page when the transaction began.
    last_page: u64,
    plan: Cell<Plan>,
}

/// What the operations of a transaction have asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Plan {
    bytes: u64,
    operations: u64,
    file_bytes: u64,
}

impl std::fmt::Debug for Turn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turn").field("writer", &*self.writer).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for WriteGuard<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WriteGuard").field("txn_id", &self.txn.id()).finish_non_exhaustive()
    }
}

impl<'t> WriteGuard<'t> {
    /// The transaction, to write with.
    pub(crate) fn txn(&mut self) -> &mut RwTxn<'t> {
        &mut self.txn
    }

    /// The engine that it writes to.
    pub(crate) fn engine(&self) -> &'t Engine {
        self.engine
    }

    /// Makes everything that was written visible to all processes and, with `SyncMode::Normal`, durable.
    ///
    /// After a failure other than a full disk or map every later write is refused.
    pub(crate) fn commit(self) -> Result<()> {
        let Self { txn, writing, environment, engine, writer, plan, .. } = self;
        writer.file_bytes.set(plan.get().file_bytes);
        txn.commit().map_err(|error| environment.commit_failed(engine, error))?;
        drop(writing);
        // Whoever replaced the files meanwhile has not seen this commit, and nobody else will.
        environment
            .confirm_presence(engine, writer)
            .inspect_err(|error| environment.poison(error.to_string()))?;
        environment.follow_last_page(engine, writer);
        Ok(())
    }

    /// Adds an operation to the plan; returns the pages that the whole transaction needs at most.
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
        self.writer
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

impl<'t> Deref for WriteGuard<'t> {
    type Target = RwTxn<'t>;

    fn deref(&self) -> &Self::Target {
        &self.txn
    }
}

impl Environment {
    /// Waits until the threads of this process that asked before have written.
    ///
    /// A thread that has a turn must not ask for another.
    pub(crate) fn turn(&self) -> Result<Turn<'_>> {
        self.refuse_after_fork()?;
        self.refuse_when_read_only()?;
        let writer = self.writer.lock();
        let engine = self.engine()?;
        self.confirm_presence(&engine, &writer)?;
        self.refuse_when_poisoned()?;
        Ok(Turn { environment: self, engine, writer })
    }

    /// Waits behind the turnstile: a lock goes to the process that is running when it is released, which is the one that has
    /// just committed. Only the one that is next in line may wait for it.
    pub(super) fn wait_for_txn<'t>(
        &self,
        engine: &'t Engine,
        writer: &'t Writer,
    ) -> Result<(RwTxn<'t>, Writing<'t>)> {
        let Some(lock_file) = &writer.lock_file else { return Err(PulseDBError::ReadOnly) };
        let refused = |error| PulseDBError::io("lock", self.path().join(lock_file::NAME), error);
        lock_file.wait_for_turn().map_err(refused)?;
        let begun = lock_file.begin_writing().map_err(refused).and_then(|writing| {
            let txn = engine.lmdb().write_txn().map_err(|error| {
                if matches!(error, heed::Error::Mdb(heed::MdbError::Panic)) {
                    self.poison("the engine reported a fatal error");
                }
                engine_error("beginning a write", error)
            })?;
            Ok((txn, writing))
        });
        lock_file.pass_turn().map_err(refused)?;
        begun
    }

    /// Fails if the directory has other files than those that this process writes and locks.
    fn confirm_presence(&self, engine: &Engine, writer: &Writer) -> Result<()> {
        self.presence.confirm(self.path(), engine)?;
        let locks_are_in_place = engine.files.engine_lock_is_in_place()
            && writer.lock_file.as_ref().is_none_or(LockFile::is_in_place);
        if locks_are_in_place { Ok(()) } else { Err(replaced(self.path())) }
    }

    /// A full disk or map leaves the database as it was before the transaction. Of any other failure nobody knows
    /// what has reached the disk.
    fn commit_failed(&self, engine: &Engine, error: heed::Error) -> PulseDBError {
        let error = engine.write_error("commit", error);
        if !matches!(error, PulseDBError::Storage(StorageError::Full { .. })) {
            self.poison(error.to_string());
        }
        error
    }
}

impl<'e> Turn<'e> {
    /// Keeps the other writers waiting, without holding the engine.
    pub(super) fn leave_engine(self) -> MutexGuard<'e, Writer> {
        self.writer
    }

    /// Begins the write transaction, after those of the processes that asked before.
    pub(crate) fn begin(&mut self) -> Result<WriteGuard<'_>> {
        let Self { environment, engine, writer } = self;
        let (engine, writer): (&Engine, &Writer) = (engine, writer);
        let (txn, writing) = environment.wait_for_txn(engine, writer)?;
        let last_page = engine.last_page();
        let plan = Cell::new(Plan { file_bytes: writer.file_bytes.get(), ..Plan::default() });
        Ok(WriteGuard { txn, writing, environment, engine, writer, last_page, plan })
    }
}
