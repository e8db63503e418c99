//! The commit pipeline: callers that want to commit at the same time share a transaction and a sync.
//!
//! ```text
//! caller: queue the operation
//!         if nobody commits and as many wait as may be expected
//!           -> take the queue, up to 256 operations or 1 MiB; one transaction; run each; one sync; answer all
//!         else wait for the answer
//! thread: wait until something is queued and nobody commits; linger, at most 200 us, for a caller to take it
//!         if none has, take it as above; else reclaim rows of a deleted collective if there are any
//! ```
//! So many callers may be expected as took part in the last commit or were queued at its end: one that is alone never
//! waits, and of several the last one to come commits, which spares them a change of threads.
//!
//! One sync then serves every caller that waits (group commit; `DeWitt` et al., SIGMOD 1984, section 3). An
//! operation that is refused before it has changed anything costs its neighbours nothing; one that fails half
//! way makes the batch be run again one by one, so that again only its own caller sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};

use crate::clock;
use crate::config::LogConfig;
use crate::error::{PulseDBError, Result};
use crate::id::Seq;
use crate::limits;
use crate::storage::commit::queue::{Answer, Job, Operation, Reclaiming, State, stopped};
use crate::storage::env::{Environment, Space};
use crate::storage::read::view::View;
use crate::storage::write::block_builder::BlockBuilder;
use crate::storage::write::retention;
use crate::storage::write::transaction::{Committed, IndexRules, Size, WriteTxn};

/// The queue of one environment and the thread that serves it.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    env: Arc<Environment>,
    builder: Arc<dyn BlockBuilder>,
    /// Rows of the tail that a commit turns into a block.
    seal_rows: AtomicU32,
    /// Retention, as the writable handles ask for it.
    log: Mutex<LogConfig>,
    state: Mutex<State>,
    wake: Condvar,
    commits: AtomicU64,
    /// The newest commit that this process has made or seen.
    committed: Mutex<Committed>,
}

impl Committer {
    pub(in crate::storage) fn new(env: Arc<Environment>, builder: Arc<dyn BlockBuilder>) -> Self {
        let (log, state) = (Mutex::default(), Mutex::default());
        let (commits, committed) = (AtomicU64::new(0), Mutex::default());
        let seal_rows = AtomicU32::new(1);
        let shared = Arc::new(Shared {
            env,
            builder,
            seal_rows,
            log,
            state,
            wake: Condvar::new(),
            commits,
            committed,
        });
        Self { shared, thread: Mutex::new(None) }
    }

    /// Sets how long changes are kept and when the tail becomes a block, from the next commit on.
    pub(in crate::storage) fn set_rules(&self, log: LogConfig, seal_rows: u32) {
        *self.shared.log.lock() = log;
        self.shared.seal_rows.store(seal_rows, Ordering::Relaxed);
    }

    /// Runs an operation in a write transaction, together with those of other callers, and returns when it is
    /// durable as far as the sync mode promises.
    pub(in crate::storage) fn run<T: Send + 'static>(
        &self,
        size: Size,
        space: Space,
        mut operation: impl FnMut(&mut WriteTxn<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.shared.env.refuse_after_fork()?;
        let value = Arc::new(Mutex::new(None));
        let answer = Arc::new(Answer::default());
        let slot = Arc::clone(&value);
        let operation: Operation = Box::new(move |txn| {
            let result = operation(txn)?;
            *slot.lock() = Some(result);
            Ok(())
        });
        let job = Job { size, space, operation, answer: Arc::clone(&answer) };
        if let Some(batch) = self.join(job)? {
            let turn = Turn { shared: &self.shared, callers: batch.len() };
            self.shared.commit_batch(batch);
            drop(turn);
        }
        answer.wait()?;
        let value = value.lock().take();
        Ok(value.expect("an operation that is answered with success has stored its value"))
    }

    /// Queues a job. Gives the batch to commit, and the turn to do it, if nobody else is to be waited for.
    fn join(&self, job: Job) -> Result<Option<Vec<Job>>> {
        let mut state = self.shared.state.lock();
        if !state.serving && !state.is_complete_with(1) {
            drop(state);
            self.start()?;
            state = self.shared.state.lock();
            if !state.serving {
                return Err(stopped());
            }
        }
        if state.closing {
            return Err(PulseDBError::Closed);
        }
        state.queue.push_back(job);
        if state.is_complete_with(0) {
            return Ok(Some(state.take_batch()));
        }
        // Once is enough for the thread to begin its wait, and whoever is busy wakes it at the end.
        if !state.busy && state.queue.len() == 1 {
            self.shared.wake.notify_one();
        }
        Ok(None)
    }

    /// The number of the last change of any process.
    pub(in crate::storage) fn current_sequence(&self) -> Result<Seq> {
        let env = &self.shared.env;
        env.refuse_after_fork()?;
        let mut committed = self.shared.committed.lock();
        // Whatever this process has committed is known without a look at the store, unless others went on.
        if env.last_txn_id() != committed.transaction {
            let txn = env.read()?;
            let view = View::new(env, &txn);
            *committed = Committed { transaction: view.transaction(), sequence: view.last_sequence()? };
        }
        Ok(committed.sequence)
    }

    /// Lets the thread reclaim rows of deleted collectives whenever nothing else is to be done.
    pub(in crate::storage) fn reclaim(&self) -> Result<()> {
        self.start()?;
        self.shared.state.lock().reclaiming = Reclaiming::Due;
        self.shared.wake.notify_one();
        Ok(())
    }

    fn start(&self) -> Result<()> {
        let mut thread = self.thread.lock();
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return Ok(());
        }
        self.shared.state.lock().serving = true;
        let shared = Arc::clone(&self.shared);
        let handle = std::thread::Builder::new()
            .name("pulsedb-commit".into())
            .spawn(move || {
                let orphans = Orphans(&shared);
                shared.serve();
                drop(orphans);
            })
            .map_err(|error| {
                PulseDBError::io("start the commit thread for", self.shared.env.path(), error)
            })?;
        *thread = Some(handle);
        Ok(())
    }

    /// Commits what is queued, then ends the thread.
    ///
    /// In a forked child there is nothing to end: the thread is the parent's, and waiting for it would panic.
    pub(in crate::storage) fn close(&self) {
        if self.shared.env.refuse_after_fork().is_err() {
            if let Some(mut thread) = self.thread.try_lock() {
                std::mem::forget(thread.take());
            }
            return;
        }
        self.shared.state.lock().closing = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.lock().take() {
            // A panic of the thread has been answered to its callers already.
            let _ = thread.join();
        }
    }
}

/// Drops what is still queued when the thread ends, so that nobody waits for a thread that is gone.
struct Orphans<'s>(&'s Shared);

impl Drop for Orphans<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.serving = false;
        state.queue.clear();
    }
}

/// The right to commit. Dropping it lets the next one commit, also when an operation has panicked.
struct Turn<'s> {
    shared: &'s Shared,
    /// Callers that the commit answers.
    callers: usize,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        state.busy = false;
        state.expected = self.callers + state.queue.len();
        if !state.queue.is_empty() || state.reclaiming == Reclaiming::Due || state.closing {
            self.shared.wake.notify_one();
        }
    }
}

impl Shared {
    fn rules(&self) -> IndexRules<'_> {
        IndexRules { builder: &*self.builder, seal_rows: self.seal_rows.load(Ordering::Relaxed) }
    }

    fn serve(&self) {
        loop {
            match self.next_work() {
                Work::Batch(batch) => {
                    let turn = Turn { shared: self, callers: batch.len() };
                    self.commit_batch(batch);
                    drop(turn);
                }
                Work::Reclaim => {
                    let turn = Turn { shared: self, callers: 0 };
                    self.reclaim_step();
                    drop(turn);
                }
                Work::Nothing => return,
            }
        }
    }

    /// Waits for something to do and takes the turn to do it.
    fn next_work(&self) -> Work {
        let mut state = self.state.lock();
        let mut lingering_until = None;
        loop {
            if !state.busy && !state.queue.is_empty() {
                let now = clock::monotonic();
                let end = *lingering_until.get_or_insert(now + limits::COMMIT_LINGER);
                if state.is_complete_with(0) || state.closing || now >= end {
                    return Work::Batch(state.take_batch());
                }
                self.wake.wait_until(&mut state, end);
                continue;
            }
            lingering_until = None;
            if !state.busy && state.closing {
                return Work::Nothing;
            }
            if !state.busy && state.reclaiming == Reclaiming::Due {
                state.busy = true;
                return Work::Reclaim;
            }
            self.wake.wait(&mut state);
        }
    }

    fn commit_batch(&self, mut batch: Vec<Job>) {
        let commits = self.commits.fetch_add(1, Ordering::Relaxed) + 1;
        if commits.is_multiple_of(limits::UPKEEP_COMMITS) {
            // Only frees pages earlier; a failure shows in the next commit if it matters.
            let _ = self.env.clear_stale_readers();
            let mut state = self.state.lock();
            if state.reclaiming == Reclaiming::Postponed {
                state.reclaiming = Reclaiming::Due;
            }
        }
        match self.try_together(&mut batch) {
            Ok(outcomes) => {
                for (job, outcome) in batch.into_iter().zip(outcomes) {
                    job.answer.give(outcome);
                }
            }
            Err(error) if batch.len() == 1 => {
                for job in batch {
                    job.answer.give(Err(error.clone()));
                }
            }
            Err(_) => {
                for mut job in batch {
                    let outcome = self.try_together(std::slice::from_mut(&mut job));
                    job.answer.give(outcome.and_then(|outcomes| outcomes.into_iter().collect()));
                }
            }
        }
    }

    /// One transaction for all of them: the outcome of each, or the error for which nothing was committed.
    fn try_together(&self, batch: &mut [Job]) -> Result<Vec<Result<()>>> {
        let mut txn = WriteTxn::begin(&self.env, self.rules())?;
        let mut outcomes = Vec::with_capacity(batch.len());
        for job in batch.iter_mut() {
            let outcome = match txn.start_operation(job.size, job.space) {
                Ok(()) => (job.operation)(&mut txn),
                Err(error) => Err(error),
            };
            if let Err(error) = &outcome
                && txn.touched()
            {
                return Err(error.clone());
            }
            outcomes.push(outcome);
        }
        if outcomes.iter().any(Result::is_ok) {
            self.commit(txn)?;
        }
        Ok(outcomes)
    }

    fn commit(&self, mut txn: WriteTxn<'_>) -> Result<()> {
        retention::trim(&mut txn, &self.log.lock())?;
        let logged = txn.commit()?;
        if let Some(committed) = logged {
            *self.committed.lock() = committed;
        }
        Ok(())
    }

    fn reclaim_step(&self) {
        let step = || -> Result<bool> {
            let mut txn = WriteTxn::begin(&self.env, self.rules())?;
            let size = Size { records: limits::RECLAIM_ROWS, bytes: limits::COMMIT_BYTES_MAX };
            txn.start_operation(size, Space::Reclaim)?;
            let more = txn.reclaim_step()?;
            self.commit(txn)?;
            Ok(more)
        };
        // Cleared before the step, so that a deletion during the step sets it again.
        self.state.lock().reclaiming = Reclaiming::Nothing;
        match step() {
            Ok(true) => self.state.lock().reclaiming = Reclaiming::Due,
            Ok(false) => {}
            // Nothing is lost: the rows stay hidden.
            Err(error) => {
                tracing::warn!(%error, "cannot reclaim the rows of a deleted collective now");
                self.state.lock().reclaiming = Reclaiming::Postponed;
            }
        }
    }
}

enum Work {
    Batch(Vec<Job>),
    Reclaim,
    Nothing,
}
