//! The queue of the commit pipeline: waiting operations, and where their callers wait for the outcome.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::error::{PulseDBError, Result, StorageError};
use crate::limits;
use crate::storage::env::Space;
use crate::storage::write::transaction::{Size, WriteTxn};

/// What callers hand over: it may run more than once, each time in another transaction.
pub(super) type Operation = Box<dyn FnMut(&mut WriteTxn<'_>) -> Result<()> + Send>;

/// What waits to be committed, and who is about to do it.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) jobs: VecDeque<Job>,
    /// Whether the thread is there to serve the queue.
    pub(super) serving: bool,
    pub(super) closing: bool,
    /// Whether somebody is committing: a caller, or the thread.
    pub(super) busy: bool,
    /// Callers that took part in the last commit or waited when it ended: as many may soon come again.
    pub(super) expected: usize,
    pub(super) reclaiming: Reclaiming,
}

impl Queue {
    /// Whether nobody is committing and, with `more` callers, as many would wait as are expected.
    pub(super) fn is_complete_with(&self, more: usize) -> bool {
        !self.busy && self.jobs.len() + more >= self.expected
    }

    /// Takes the turn, and as many of the jobs as one transaction holds.
    pub(super) fn take_batch(&mut self) -> Vec<Job> {
        self.busy = true;
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(job) = self.jobs.front() {
            let full = batch.len() == limits::COMMIT_OPERATIONS_MAX
                || bytes + job.size.bytes > limits::COMMIT_BYTES_MAX;
            if full && !batch.is_empty() {
                break;
            }
            bytes += job.size.bytes;
            batch.extend(self.jobs.pop_front());
        }
        batch
    }
}

/// Whether rows of deleted collectives are to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Reclaiming {
    #[default]
    Nothing,
    /// As soon as no caller wants to commit.
    Due,
    /// It has failed, and is attempted again some commits later.
    Postponed,
}

pub(super) struct Job {
    pub(super) size: Size,
    pub(super) space: Space,
    pub(super) operation: Operation,
    pub(super) answer: Arc<Answer>,
}

impl Drop for Job {
    /// A job that is dropped without an answer, because the thread unwinds, must not leave its caller waiting.
    fn drop(&mut self) {
        self.answer.give_if_none(|| Err(stopped()));
    }
}

pub(super) fn stopped() -> PulseDBError {
    StorageError::Engine { reason: "the commit thread has stopped; open the database again".into() }.into()
}

/// Where a caller waits for the outcome of its operation.
#[derive(Default)]
pub(super) struct Answer {
    outcome: Mutex<Outcome>,
    given: Condvar,
}

#[derive(Default)]
pub(super) enum Outcome {
    #[default]
    Awaited,
    Given(Result<()>),
    Taken,
}

impl Answer {
    pub(super) fn give(&self, outcome: Result<()>) {
        self.give_if_none(|| outcome);
    }

    fn give_if_none(&self, outcome: impl FnOnce() -> Result<()>) {
        let mut slot = self.outcome.lock();
        if matches!(*slot, Outcome::Awaited) {
            *slot = Outcome::Given(outcome());
            self.given.notify_one();
        }
    }

    pub(super) fn wait(&self) -> Result<()> {
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
