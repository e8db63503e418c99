//! The commit pipeline: callers that want to commit at the same time share a transaction and a sync.
//!
//! ```text
//! caller: queue the operation
//!         if nobody is committing and as many wait as are expected
//!           -> take the queue, up to 256 operations or 1 MiB; one transaction; run each; one sync; answer all
//!         else wait for the answer
//! thread: wait until something is queued and nobody is committing; linger, at most 200 us, for a caller to take it
//!         if none has, take it as above; else reclaim rows of a deleted collective if there are any
//! ```
//! As many callers are expected as took part in the last commit or were queued when it ended: a single one never waits,
//! and of several, the last to come commits, which spares them a change of threads.
//!
//! One sync then serves every caller that waits (group commit; `DeWitt` et al., SIGMOD 1984, section 3). An operation
//! that is refused before it has changed anything costs its neighbours nothing; after one that fails half way, the
//! operations of the batch are run again one by one, so that only its own caller sees the failure.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};

use crate::clock;
use crate::config::LogConfig;
use crate::error::{PulseDBError, Result};
use crate::id::Seq;
use crate::limits;
use crate::storage::commit::listener::{CommitListener, Logged};
use crate::storage::commit::queue::{Answer, Job, Operation, Queue, Reclaiming, stopped};
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
    queue: Mutex<Queue>,
    wake: Condvar,
    commits: AtomicU64,
    /// Whether something that has expired was found damaged: then commits leave it all to a repair.
    leaves_expired: AtomicBool,
    /// The newest commit that this process has made or seen.
    committed: Mutex<Committed>,
    /// Who is told of commits, once somebody asks to be.
    listener: OnceLock<Arc<dyn CommitListener>>,
}

impl Committer {
    pub(in crate::storage) fn new(env: Arc<Environment>, builder: Arc<dyn BlockBuilder>) -> Self {
        let (log, queue) = (Mutex::default(), Mutex::default());
        let (commits, committed) = (AtomicU64::new(0), Mutex::default());
        let seal_rows = AtomicU32::new(1);
        let shared = Arc::new(Shared {
            env,
            builder,
            seal_rows,
            log,
            queue,
            wake: Condvar::new(),
            commits,
            leaves_expired: AtomicBool::new(false),
            committed,
            listener: OnceLock::new(),
        });
        Self { shared, thread: Mutex::new(None) }
    }

    /// Sets how long changes are kept and when the tail becomes a block, from the next commit on.
    pub(in crate::storage) fn set_rules(&self, log: LogConfig, seal_rows: u32) {
        *self.shared.log.lock() = log;
        self.shared.seal_rows.store(seal_rows, Ordering::Relaxed);
    }

    /// Who is told of commits: the one that is there, or else a new one.
    pub(in crate::storage) fn listener(
        &self,
        make: impl FnOnce() -> Arc<dyn CommitListener>,
    ) -> &Arc<dyn CommitListener> {
        self.shared.listener.get_or_init(make)
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

    /// Queues a job. Returns the batch to commit, and with it the turn, if no other caller is expected.
    fn join(&self, job: Job) -> Result<Option<Vec<Job>>> {
        let mut queue = self.shared.queue.lock();
        if !queue.serving && !queue.is_complete_with(1) {
            drop(queue);
            self.start()?;
            queue = self.shared.queue.lock();
            if !queue.serving {
                return Err(stopped());
            }
        }
        if queue.closing {
            return Err(PulseDBError::Closed);
        }
        queue.jobs.push_back(job);
        if queue.is_complete_with(0) {
            return Ok(Some(queue.take_batch()));
        }
        // The thread is woken once to begin its wait; a committer that is busy wakes it when it is done.
        if !queue.busy && queue.jobs.len() == 1 {
            self.shared.wake.notify_one();
        }
        Ok(None)
    }

    /// The number of the last change of any process.
    pub(in crate::storage) fn current_sequence(&self) -> Result<Seq> {
        let env = &self.shared.env;
        env.refuse_after_fork()?;
        let mut committed = self.shared.committed.lock();
        // If nobody else has committed since, the answer is known without a look at the store.
        if env.last_txn_id()? != committed.transaction {
            let txn = env.read()?;
            let view = View::of(&txn);
            *committed = Committed { transaction: view.transaction(), sequence: view.last_sequence()? };
        }
        Ok(committed.sequence)
    }

    /// Lets the thread reclaim rows of deleted collectives whenever there is nothing else to do.
    pub(in crate::storage) fn reclaim(&self) -> Result<()> {
        self.start()?;
        self.shared.queue.lock().reclaiming = Reclaiming::Due;
        self.shared.wake.notify_one();
        Ok(())
    }

    fn start(&self) -> Result<()> {
        let mut thread = self.thread.lock();
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return Ok(());
        }
        self.shared.queue.lock().serving = true;
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
        self.shared.queue.lock().closing = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.lock().take() {
            // A panic of the thread has been answered to its callers already.
            let _ = thread.join();
        }
    }
}

/// Drops what is still queued when the thread ends, so that no caller waits for a thread that is gone.
struct Orphans<'s>(&'s Shared);

impl Drop for Orphans<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.queue.lock();
        queue.serving = false;
        queue.jobs.clear();
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
        let mut queue = self.shared.queue.lock();
        queue.busy = false;
        queue.expected = self.callers + queue.jobs.len();
        if !queue.jobs.is_empty() || queue.reclaiming == Reclaiming::Due || queue.closing {
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

    /// Waits for something to do, and takes the turn.
    fn next_work(&self) -> Work {
        let mut queue = self.queue.lock();
        let mut lingering_until = None;
        loop {
            if !queue.busy && !queue.jobs.is_empty() {
                let now = clock::monotonic();
                let end = *lingering_until.get_or_insert(now + limits::COMMIT_LINGER);
                if queue.is_complete_with(0) || queue.closing || now >= end {
                    return Work::Batch(queue.take_batch());
                }
                self.wake.wait_until(&mut queue, end);
                continue;
            }
            lingering_until = None;
            if !queue.busy && queue.closing {
                return Work::Nothing;
            }
            if !queue.busy && queue.reclaiming == Reclaiming::Due {
                queue.busy = true;
                return Work::Reclaim;
            }
            self.wake.wait(&mut queue);
        }
    }

    fn commit_batch(&self, mut batch: Vec<Job>) {
        let commits = self.commits.fetch_add(1, Ordering::Relaxed) + 1;
        if commits.is_multiple_of(limits::UPKEEP_COMMITS) {
            // Only frees pages earlier; a failure shows in the next commit if it matters.
            let _ = self.env.clear_stale_readers();
            let mut queue = self.queue.lock();
            if queue.reclaiming == Reclaiming::Postponed {
                queue.reclaiming = Reclaiming::Due;
            }
        }
        match self.try_together(&mut batch) {
            Ok((outcomes, logged)) => {
                self.tell(logged);
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
                    let outcome =
                        self.try_together(std::slice::from_mut(&mut job)).and_then(|(outcomes, logged)| {
                            self.tell(logged);
                            outcomes.into_iter().collect()
                        });
                    job.answer.give(outcome);
                }
            }
        }
    }

    /// Tells this process and the others what was committed. Nothing here may fail.
    fn tell(&self, logged: Option<Logged>) {
        let Some(logged) = logged else { return };
        let last = logged.last;
        if let Some(listener) = self.listener.get() {
            listener.committed(logged);
        }
        self.env.bell().announce(last);
    }

    /// One transaction for all of them: the outcome of each, and what was logged; or the error for which nothing was
    /// committed.
    fn try_together(&self, batch: &mut [Job]) -> Result<(Vec<Result<()>>, Option<Logged>)> {
        let left = self.leaves_expired.load(Ordering::Relaxed);
        let outcomes = self.try_once(batch);
        // What has expired concerns none of the callers.
        let was_of_expired = !left && self.leaves_expired.load(Ordering::Relaxed);
        if outcomes.is_err() && was_of_expired { self.try_once(batch) } else { outcomes }
    }

    fn try_once(&self, batch: &mut [Job]) -> Result<(Vec<Result<()>>, Option<Logged>)> {
        let mut turn = self.env.turn()?;
        let mut txn = WriteTxn::begin(&mut turn, self.rules())?;
        if self.listener.get().is_some_and(|listener| listener.wants_changes()) {
            txn.keep_changes();
        }
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
        let any = outcomes.iter().any(Result::is_ok);
        let logged = if any { self.commit(txn)? } else { None };
        Ok((outcomes, logged))
    }

    fn commit(&self, mut txn: WriteTxn<'_>) -> Result<Option<Logged>> {
        let logged = txn.logged();
        if logged > 0 && !self.leaves_expired.load(Ordering::Relaxed) {
            let removed = txn.remove_expired(logged.saturating_add(limits::EXPIRED_A_COMMIT));
            removed.inspect_err(|error| {
                tracing::warn!(%error, "cannot remove what has expired; run `repair`");
                self.leaves_expired.store(true, Ordering::Relaxed);
            })?;
        }
        self.finish(txn)
    }

    fn finish(&self, mut txn: WriteTxn<'_>) -> Result<Option<Logged>> {
        retention::trim(&mut txn, &self.log.lock())?;
        let (first, changes) = (txn.sequence_before() + 1, txn.take_changes());
        let Some(committed) = txn.commit()? else { return Ok(None) };
        *self.committed.lock() = committed;
        let last = committed.sequence;
        // The deletion of a collective takes numbers whose rows are written later.
        let changes = changes.filter(|changes| changes.len() as u64 == last - first + 1);
        Ok(Some(Logged { first, last, changes }))
    }

    fn reclaim_step(&self) {
        let step = || -> Result<(bool, Option<Logged>)> {
            let mut turn = self.env.turn()?;
            let mut txn = WriteTxn::begin(&mut turn, self.rules())?;
            if !txn.has_reclaims()? {
                // No room is set aside for nothing, which would make the file of a compacted database grow again.
                return Ok((false, None));
            }
            let size = Size { records: limits::RECLAIM_ROWS, bytes: limits::COMMIT_BYTES_MAX };
            txn.start_operation(size, Space::Reclaim)?;
            let more = txn.reclaim_step()?;
            // What has expired goes with the next call that changes something.
            Ok((more, self.finish(txn)?))
        };
        // Cleared before the step, so that a deletion during the step sets it again.
        self.queue.lock().reclaiming = Reclaiming::Nothing;
        match step() {
            Ok((more, logged)) => {
                self.tell(logged);
                if more {
                    self.queue.lock().reclaiming = Reclaiming::Due;
                }
            }
            // Nothing is lost: the rows stay hidden.
            Err(error) => {
                tracing::warn!(%error, "cannot reclaim the rows of a deleted collective now");
                self.queue.lock().reclaiming = Reclaiming::Postponed;
            }
        }
    }
}

enum Work {
    Batch(Vec<Job>),
    Reclaim,
    Nothing,
}
