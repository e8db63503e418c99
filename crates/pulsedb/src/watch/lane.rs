//! The way of changes from one who hands over to one reader: a queue that may overflow without a loss.
//!
//! ```text
//! hand over, for each change in order:   push it; if there is no room: missed = its number
//!            then:                       reach = the number of the last change; raise the signal
//! read, having come to `position`:       r = reach; item = pop; m = missed
//!            if m > position:            the log has more between: read it from `position`; drop the item, which it has too
//!            else if there is an item:   take it, unless the log had it already
//!            else:                       position = r: nothing up to there was for this reader
//! ```
//! `reach` is read before the queue, since all that it covers was pushed before; `missed` after it, since an item may
//! come behind a gap. Loads acquire and stores release, so that each sees what the other's order implies.

use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use crate::id::Seq;

use super::queue::Queue;
use super::signal::{Monitor, Signal, Waiting};

/// A number that one thread stores and another loads.
pub(super) trait Word {
    fn new(value: u64) -> Self;

    /// Loads it, and all that was done before it was stored.
    fn load(&self) -> u64;

    /// Stores it, after all that was done before.
    fn store(&self, value: u64);
}

impl Word for AtomicU64 {
    fn new(value: u64) -> Self {
        Self::new(value)
    }

    fn load(&self) -> u64 {
        self.load(Ordering::Acquire)
    }

    fn store(&self, value: u64) {
        self.store(value, Ordering::Release);
    }
}

/// One lane. At any time at most one thread hands over, and at most one reads.
#[derive(Debug)]
pub(super) struct Lane<W, Q, M> {
    queue: Q,
    /// Every change up to this number was pushed, missed, or not for this reader.
    reach: W,
    /// The last change that was not pushed though it may be for this reader.
    missed: W,
    /// Not zero once nothing more is handed over.
    closed: W,
    signal: Signal<M>,
}

/// What a reader finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<T> {
    /// The next item, unless its number shows that the reader had it from the log.
    Item(T),
    /// Something was missed: the log has it.
    Behind,
    /// Nothing up to this number.
    NothingUpTo(Seq),
    /// Nothing, and nothing will come.
    Closed,
}

impl<W: Word, Q, M: Monitor<Waiting>> Lane<W, Q, M> {
    /// A lane for a reader to whom everything up to `reach` was handed, except what it may have missed up to `missed`.
    pub(super) fn new(queue: Q, reach: Seq, missed: Seq) -> Self {
        Self { queue, reach: W::new(reach), missed: W::new(missed), closed: W::new(0), signal: Signal::new() }
    }

    /// Hands over an item; numbers ascend.
    pub(super) fn push<T>(&self, number: Seq, item: T)
    where
        Q: Queue<T>,
    {
        if !self.queue.try_push(item) {
            self.missed.store(number);
        }
    }

    /// Says that changes up to this number are in the log only.
    pub(super) fn miss(&self, number: Seq) {
        self.missed.store(number);
    }

    /// Says that all changes up to this number were handed over.
    pub(super) fn advance(&self, number: Seq) {
        self.reach.store(number);
    }

    /// The number up to which all was handed over.
    pub(super) fn reach(&self) -> Seq {
        self.reach.load()
    }

    /// Says that nothing more is handed over.
    pub(super) fn close(&self) -> Option<Waker> {
        self.closed.store(1);
        self.signal.raise()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load() != 0
    }

    /// Where readers sleep.
    pub(super) fn signal(&self) -> &Signal<M> {
        &self.signal
    }

    /// The next that there is for a reader that has come to `position`.
    pub(super) fn take<T>(&self, position: Seq) -> Found<T>
    where
        Q: Queue<T>,
    {
        let (closed, reach) = (self.is_closed(), self.reach.load());
        let item = self.queue.try_pop();
        if self.missed.load() > position {
            return Found::Behind;
        }
        match item {
            Some(item) => Found::Item(item),
            None if closed => Found::Closed,
            None => Found::NothingUpTo(reach),
        }
    }
}
