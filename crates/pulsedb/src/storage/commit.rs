//! The commit pipeline: who is alone commits by itself, else one thread of the process commits what callers queue.
//!
//! ```text
//! caller: nobody commits, nothing is queued and the last commit left nobody waiting
//!           -> one transaction; run its operation; one sync
//!         else queue the operation and wait for its answer
//! thread: wait until something is queued (or rows of a deleted collective are to be reclaimed)
//!         linger, at most 200 us, while fewer callers wait than took part in the last commit or waited at its end
//!         take up to 256 operations or 1 MiB; one transaction; run each; one sync; answer all
//! ```
//! One sync then serves every caller that waits (group commit; `DeWitt` et al., SIGMOD 1984, section 3). An
//! operation that is refused before it has changed anything costs its neighbours nothing; one that fails half
//! way makes the batch be run again one by one, so that again only its own caller sees it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};

use crate::clock;
use crate::config::LogConfig;
use crate::error::{PulseDBError, Result, StorageError};
use crate::id::Seq;
use crate::limits;
use crate::storage::env::{Environment, Room};
use crate::storage::view::View;
use crate::storage::write::{Committed, Size, WriteTxn};

/// What callers hand over: it may be run more than once, each time in a transaction of its own.
type Operation = Box<dyn FnMut(&mut WriteTxn<'_>) -> Result<()> + Send>;

/// The queue of one environment and the thread that serves it.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    env: Arc<Environment>,
    /// Retention, as the writable handles ask for it.
    log: Mutex<LogConfig>,
    state: Mutex<State>,
    wake: Condvar,
    commits: AtomicU64,
    /// The newest commit that this process has made or seen.
    committed: Mutex<Committed>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    /// Whether the thread is there to serve the queue.
    serving: bool,
    closing: bool,
    /// Whether somebody is committing: the thread, or a caller that found nobody else.
    busy: bool,
    /// Callers that took part in the last commit or waited at its end: so many may come again at once.
    expected: usize,
    reclaiming: Reclaiming,
}

/// Whether rows of deleted collectives are to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Reclaiming {
    #[default]
    Nothing,
    /// As soon as nobody wants to commit.
    Due,
    /// It has failed, and is tried again some commits later.
    Postponed,
}

struct Job {
    size: Size,
    room: Room,
    operation: Operation,
    answer: Arc<Answer>,
}

impl Drop for Job {
    /// A job that is dropped without an answer, because the thread unwinds, must not leave its caller waiting.
    fn drop(&mut self) {
        self.answer.give_if_none(|| Err(stopped()));
    }
}

fn stopped() -> PulseDBError {
    StorageError::Engine { reason: "the commit thread has stopped; open the database again".into() }.into()
}

/// Where a caller waits for the outcome of its operation.
#[derive(Default)]
struct Answer {
    outcome: Mutex<Outcome>,
    given: Condvar,
}

#[derive(Default)]
enum Outcome {
    #[default]
    Awaited,
    Given(Result<()>),
    Taken,
}

impl Answer {
    fn give(&self, outcome: Result<()>) {
        self.give_if_none(|| outcome);
    }

    fn give_if_none(&self, outcome: impl FnOnce() -> Result<()>) {
        let mut slot = self.outcome.lock();
        if matches!(*slot, Outcome::Awaited) {
            *slot = Outcome::Given(outcome());
            self.given.notify_one();
        }
    }

    fn wait(&self) -> Result<()> {
        let mut slot = self.outcome.lock();
        while matches!(*slot, Outcome::Awaited) {
            self.given.wait(&mut slot);
        }
        match std::mem::replace(&mut *slot, Outcome::Taken) {
            Outcome::Given(outcome) => outcome,
            Outcome::Awaited | Outcome::Taken => unreachable!("one caller waits, once, for a given answer"),
        }
    }
}

impl Committer {
    pub(super) fn new(env: Arc<Environment>) -> Self {
        let (log, state) = (Mutex::default(), Mutex::default());
        let (commits, committed) = (AtomicU64::new(0), Mutex::default());
        let shared = Arc::new(Shared { env, log, state, wake: Condvar::new(), commits, committed });
        Self { shared, thread: Mutex::new(None) }
    }

    /// Sets how long changes are kept, from the next commit on.
    pub(super) fn set_log(&self, log: LogConfig) {
        *self.shared.log.lock() = log;
    }

    /// Runs an operation in a write transaction, together with those of other callers, and returns when it is
    /// durable as far as the sync mode promises.
    pub(super) fn run<T: Send + 'static>(
        &self,
        size: Size,
        room: Room,
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
        let job = Job { size, room, operation, answer: Arc::clone(&answer) };
        if self.shared.enter_alone()? {
            let turn = Turn { shared: &self.shared, callers: 1 };
            self.shared.commit_batch(vec![job]);
            drop(turn);
        } else {
            self.start()?;
            self.shared.enqueue(job)?;
        }
        answer.wait()?;
        let value = value.lock().take();
        Ok(value.expect("an operation that is answered with success has stored its value"))
    }

    /// The number of the last change of any process.
    pub(super) fn current_sequence(&self) -> Result<Seq> {
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
    pub(super) fn reclaim(&self) -> Result<()> {
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
    pub(super) fn close(&self) {
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
        if !state.queue.is_empty() || state.reclaiming == Reclaiming::Due {
            self.shared.wake.notify_one();
        }
    }
}

impl Shared {
    /// Takes the turn if there is nobody to share a commit with.
    fn enter_alone(&self) -> Result<bool> {
        let mut state = self.state.lock();
        if state.closing {
            return Err(PulseDBError::Closed);
        }
        let alone = !state.busy && state.queue.is_empty() && state.expected <= 1;
        state.busy |= alone;
        Ok(alone)
    }

    /// Gives a job to the thread.
    fn enqueue(&self, job: Job) -> Result<()> {
        let mut state = self.state.lock();
        if state.closing {
            return Err(PulseDBError::Closed);
        }
        if !state.serving {
            return Err(stopped());
        }
        state.queue.push_back(job);
        self.wake.notify_one();
        Ok(())
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
        while state.busy || state.queue.is_empty() {
            if !state.busy && state.closing {
                return Work::Nothing;
            }
            if !state.busy && state.reclaiming == Reclaiming::Due {
                state.busy = true;
                return Work::Reclaim;
            }
            self.wake.wait(&mut state);
        }
        state.busy = true;
        let deadline = clock::monotonic() + limits::COMMIT_LINGER;
        while state.queue.len() < state.expected && !state.closing {
            if self.wake.wait_until(&mut state, deadline).timed_out() {
                break;
            }
        }
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(job) = state.queue.front() {
            let full = batch.len() == limits::COMMIT_OPERATIONS_MAX
                || bytes + job.size.bytes > limits::COMMIT_BYTES_MAX;
            if full && !batch.is_empty() {
                break;
            }
            bytes += job.size.bytes;
            batch.extend(state.queue.pop_front());
        }
        Work::Batch(batch)
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
        let mut txn = WriteTxn::begin(&self.env)?;
        let mut outcomes = Vec::with_capacity(batch.len());
        for job in batch.iter_mut() {
            let outcome = match txn.start_operation(job.size, job.room) {
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

    fn commit(&self, txn: WriteTxn<'_>) -> Result<()> {
        let logged = txn.commit(&self.log.lock())?;
        if let Some(committed) = logged {
            *self.committed.lock() = committed;
        }
        Ok(())
    }

    fn reclaim_step(&self) {
        let step = || -> Result<bool> {
            let mut txn = WriteTxn::begin(&self.env)?;
            let size = Size { records: limits::RECLAIM_ROWS, bytes: limits::COMMIT_BYTES_MAX };
            txn.start_operation(size, Room::Reclaim)?;
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
