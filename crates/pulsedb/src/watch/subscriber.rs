//! One subscriber: what it wants, its lane, and why it has ended.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::task::Waker;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::id::{CollectiveId, Seq};
use crate::model::change::{Change, ChangeKind};
use crate::model::{StreamEnd, WatchEvent};

use super::filter::Prepared;
use super::lane::Lane;
use super::queue::Bounded;
use super::signal::{Parking, Waiting};

/// What is handed over.
#[derive(Debug, Clone)]
pub(super) enum Notice {
    /// A change that the subscriber wants.
    Event(WatchEvent),
    /// Its collective was deleted, by the change of this number.
    Gone(Seq),
}

impl Notice {
    pub(super) fn sequence(&self) -> Seq {
        match self {
            Self::Event(event) => event.sequence,
            Self::Gone(sequence) => *sequence,
        }
    }
}

/// What a subscriber wants.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) collective: CollectiveId,
    pub(super) filter: Prepared,
}

impl Wanted {
    /// What a change is to this subscriber, if anything.
    pub(super) fn notice(&self, change: &Change) -> Option<Notice> {
        if change.collective_id != self.collective {
            return None;
        }
        match &change.kind {
            ChangeKind::Experience(experience) if self.filter.passes(experience) => {
                change.event().map(Notice::Event)
            }
            ChangeKind::CollectiveDeleted => Some(Notice::Gone(change.sequence)),
            _ => None,
        }
    }
}

/// How a subscriber learns of changes, and how much is kept for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Manner {
    /// Whether changes are handed to it; otherwise it looks at the log at each interval.
    pub(super) in_process: bool,
    pub(super) interval: Duration,
    pub(super) slots: usize,
}

/// A subscriber, as the hub and its stream share it.
#[derive(Debug)]
pub(super) struct Subscriber {
    /// The handle that it ends with.
    pub(super) handle: u64,
    pub(super) wanted: Wanted,
    pub(super) manner: Manner,
    pub(super) lane: Lane<AtomicU64, Bounded<Notice>, Parking<Waiting>>,
    /// When one that is not handed changes looks at the log again.
    due: Mutex<Instant>,
    end: OnceLock<StreamEnd>,
}

impl Subscriber {
    /// One that has seen everything up to `seen`, of a hub that has handed over everything up to `handed`.
    pub(super) fn new(
        handle: u64,
        wanted: Wanted,
        manner: Manner,
        (seen, handed): (Seq, Seq),
        now: Instant,
    ) -> Self {
        // What lies between was handed over before it came.
        let missed = if handed > seen { handed } else { 0 };
        let lane = Lane::new(Bounded::new(manner.slots), handed, missed);
        let due = Mutex::new(now + manner.interval);
        Self { handle, wanted, manner, lane, due, end: OnceLock::new() }
    }

    /// Hands over changes up to the last of them, which follow those that were handed over before; whether any is for
    /// this subscriber.
    pub(super) fn hand_over(&self, changes: &[Change]) -> bool {
        let mut any = false;
        for change in changes {
            if let Some(notice) = self.wanted.notice(change) {
                self.lane.push(change.sequence, notice);
                any = true;
            }
        }
        if let Some(last) = changes.last() {
            self.lane.advance(last.sequence);
        }
        any
    }

    /// Sends it to the log for what lies up to this number, if it was not sent so far before.
    pub(super) fn look_at_log(&self, number: Seq) -> Option<Waker> {
        if self.lane.reach() >= number {
            return None;
        }
        self.lane.miss(number);
        self.lane.advance(number);
        self.lane.signal().raise()
    }

    /// Whether one that is not handed changes looks at the log now; the next time is an interval later.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let mut due = self.due.lock();
        let is_due = *due <= now;
        if is_due {
            *due = now + self.manner.interval;
        }
        is_due
    }

    /// For how long it can be left alone.
    pub(super) fn pause(&self, now: Instant) -> Duration {
        if self.manner.in_process {
            self.manner.interval
        } else {
            self.due.lock().saturating_duration_since(now)
        }
    }

    /// Ends it, once. Nothing more comes after what it was handed.
    pub(super) fn finish(&self, end: StreamEnd) -> Option<Waker> {
        // The first reason stays.
        let _ = self.end.set(end);
        self.lane.close()
    }

    /// Why it has ended.
    pub(super) fn end(&self) -> Option<&StreamEnd> {
        self.end.get()
    }
}
