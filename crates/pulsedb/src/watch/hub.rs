//! The hub of a store: everybody in this process who is subscribed, and the number up to which all were handed changes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::task::Waker;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::id::Seq;
use crate::limits;
use crate::model::StreamEnd;
use crate::model::change::Change;
use crate::storage::{CommitListener, Logged};

use super::subscriber::{Manner, Subscriber, Wanted};

/// One hub for all handles of a process on a store.
#[derive(Debug)]
pub(crate) struct Hub {
    pid: u32,
    /// Whether anybody is to be handed changes; if not, commits have nothing to do here.
    active: AtomicBool,
    state: Mutex<State>,
    /// Where the feeder sleeps if there is no wake page, or nothing to do.
    nudged: Condvar,
    /// The thread that reads what other processes commit.
    pub(super) feeder: Mutex<Option<Feeder>>,
}

/// The feeder thread, and the term for which it was started.
#[derive(Debug)]
pub(super) struct Feeder {
    pub(super) term: u64,
    pub(super) thread: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the last change that was handed over.
    position: Seq,
    subscribers: Vec<Arc<Subscriber>>,
    /// Handles that have subscribed and are open.
    handles: Vec<u64>,
    /// Grows when the feeder must end.
    term: u64,
    /// What the feeder is to look after at once.
    errand: bool,
    /// Subscribers that sleep and that the feeder wakes, since waking them all would keep a writer.
    unwoken: Vec<Arc<Subscriber>>,
}

/// What the feeder waits for.
pub(super) enum Pause {
    /// Its term is over.
    Over,
    /// The next commit, for so long.
    For(Duration),
}

impl Hub {
    pub(super) fn new() -> Self {
        Self {
            pid: std::process::id(),
            active: AtomicBool::new(false),
            state: Mutex::default(),
            nudged: Condvar::new(),
            feeder: Mutex::default(),
        }
    }

    /// Whether this process was forked from the one that the hub belongs to, whose locks may be held for ever.
    pub(super) fn is_forked(&self) -> bool {
        std::process::id() != self.pid
    }

    /// From now on commits bring their changes along.
    pub(super) fn activate(&self) {
        self.active.store(true, Ordering::SeqCst);
        // Pairs with the one in `committed`: a commit that this process does not see when it looks at the store next
        // sees this flag.
        fence(Ordering::SeqCst);
    }

    /// Counts a handle that subscribes, once.
    pub(super) fn admit(&self, handle: u64) {
        let mut state = self.state.lock();
        if !state.handles.contains(&handle) {
            state.handles.push(handle);
        }
    }

    /// Adds a subscriber that has seen everything up to `seen`, when the store had come to `current`.
    pub(super) fn subscribe(
        &self,
        handle: u64,
        (wanted, manner): (Wanted, Manner),
        (seen, current): (Seq, Seq),
        now: Instant,
    ) -> Arc<Subscriber> {
        let mut state = self.state.lock();
        if !state.is_active() {
            state.position = state.position.max(current);
        }
        let handed = state.position.max(current);
        let subscriber = Arc::new(Subscriber::new(handle, wanted, manner, (seen, handed), now));
        if !state.handles.contains(&handle) {
            subscriber.finish(StreamEnd::Closed);
            return subscriber;
        }
        state.subscribers.push(Arc::clone(&subscriber));
        if manner.in_process {
            self.activate();
        }
        state.errand = true;
        drop(state);
        self.nudged.notify_all();
        subscriber
    }

    /// Removes a subscriber.
    pub(super) fn leave(&self, subscriber: &Arc<Subscriber>) {
        let mut state = self.state.lock();
        state.subscribers.retain(|one| !Arc::ptr_eq(one, subscriber));
        state.unwoken.retain(|one| !Arc::ptr_eq(one, subscriber));
        self.active.store(state.is_active(), Ordering::SeqCst);
    }

    /// Ends the subscribers of a handle; whether it was the last handle.
    pub(super) fn end_handle(&self, handle: u64) -> bool {
        let mut state = self.state.lock();
        state.handles.retain(|one| *one != handle);
        let was_last = state.handles.is_empty();
        self.end(state, |subscriber| subscriber.handle == handle, &StreamEnd::Closed);
        was_last
    }

    /// Ends all subscribers.
    pub(super) fn fail(&self, reason: &StreamEnd) {
        self.end(self.state.lock(), |_| true, reason);
    }

    fn end(
        &self,
        mut state: parking_lot::MutexGuard<'_, State>,
        mut ends: impl FnMut(&Subscriber) -> bool,
        reason: &StreamEnd,
    ) {
        let ended: Vec<_> = state.subscribers.extract_if(.., |one| ends(one)).collect();
        self.active.store(state.is_active(), Ordering::SeqCst);
        drop(state);
        wake(ended.iter().filter_map(|subscriber| subscriber.finish(reason.clone())).collect());
    }

    /// The number up to which changes were handed over; `None` if nobody is to be handed any.
    pub(super) fn position(&self) -> Option<Seq> {
        let state = self.state.lock();
        state.is_active().then_some(state.position)
    }

    /// Hands over changes that were read from the log, in order and without a gap.
    pub(super) fn feed(&self, changes: &[Change]) {
        let mut state = self.state.lock();
        let mut wakers = Vec::new();
        state.hand_over(changes, usize::MAX, &mut wakers);
        drop(state);
        wake(wakers);
    }

    /// Sends those who are handed changes to the log, for what lies up to this number.
    pub(super) fn miss(&self, number: Seq) {
        let mut state = self.state.lock();
        state.position = state.position.max(number);
        let handed = state.subscribers.iter().filter(|one| one.manner.in_process);
        let wakers = handed.filter_map(|one| one.look_at_log(number)).collect();
        drop(state);
        wake(wakers);
    }

    /// Sends those who poll to the log if their time has come.
    pub(super) fn remind(&self, current: Seq, now: Instant) {
        let state = self.state.lock();
        let due = state.subscribers.iter().filter(|one| !one.manner.in_process && one.is_due(now));
        let wakers = due.filter_map(|one| one.look_at_log(current)).collect();
        drop(state);
        wake(wakers);
    }

    /// Wakes those whom a commit has left to the feeder.
    pub(super) fn wake_others(&self) {
        let unwoken = std::mem::take(&mut self.state.lock().unwoken);
        wake(unwoken.iter().filter_map(|one| one.lane.signal().raise()).collect());
    }

    /// The term of the feeder that may run.
    pub(super) fn term(&self) -> u64 {
        self.state.lock().term
    }

    /// Ends the term of the feeder if no handle is left; whether it did.
    pub(super) fn dismiss(&self) -> bool {
        let mut state = self.state.lock();
        if !state.handles.is_empty() {
            return false;
        }
        state.term += 1;
        drop(state);
        self.nudged.notify_all();
        true
    }

    /// Waits until there is anybody to feed; then, until when the next look is due. Errands that are known now are done
    /// by this look.
    pub(super) fn next_pause(&self, term: u64, now: impl Fn() -> Instant) -> Pause {
        let mut state = self.state.lock();
        while state.term == term && state.subscribers.is_empty() {
            self.nudged.wait(&mut state);
        }
        if state.term != term {
            return Pause::Over;
        }
        state.errand = false;
        let now = now();
        let pauses = state.subscribers.iter().map(|one| one.pause(now));
        Pause::For(pauses.min().unwrap_or_default())
    }

    /// Whether the feeder has nothing to look after.
    pub(super) fn is_quiet(&self, term: u64) -> bool {
        let state = self.state.lock();
        state.term == term && !state.errand
    }

    /// Sleeps until there is something to look after, or for so long.
    pub(super) fn sleep(&self, term: u64, pause: Duration) {
        let mut state = self.state.lock();
        if state.term == term && !state.errand {
            self.nudged.wait_for(&mut state, pause);
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        if self.is_forked() {
            // The thread is the parent's.
            std::mem::forget(self.feeder.get_mut().take());
        }
    }
}

impl CommitListener for Hub {
    fn wants_changes(&self) -> bool {
        self.active.load(Ordering::Relaxed)
    }

    fn committed(&self, logged: Logged) {
        fence(Ordering::SeqCst);
        if !self.active.load(Ordering::SeqCst) {
            return;
        }
        let mut state = self.state.lock();
        let Logged { first, last, changes } = logged;
        let follows = first <= state.position + 1;
        let mut wakers = Vec::new();
        match changes {
            _ if last <= state.position => {}
            Some(changes) if follows => state.hand_over(&changes, limits::WAKES_OF_A_COMMIT, &mut wakers),
            // Another process has committed in between, or the changes were not kept: the feeder reads them, since a
            // writer must not wait for it.
            _ => state.errand = true,
        }
        if !state.unwoken.is_empty() {
            state.errand = true;
        }
        let errand = state.errand;
        drop(state);
        if errand {
            self.nudged.notify_all();
        }
        wake(wakers);
    }
}

impl State {
    fn is_active(&self) -> bool {
        self.subscribers.iter().any(|one| one.manner.in_process)
    }

    /// Hands over what is new of changes without a gap to what was handed over before. Wakes at the most so many sleepers,
    /// and leaves the others to the feeder.
    fn hand_over(&mut self, changes: &[Change], wakes: usize, tasks: &mut Vec<Waker>) {
        let known = changes.partition_point(|change| change.sequence <= self.position);
        let Some(fresh) = changes.get(known..).filter(|fresh| !fresh.is_empty()) else { return };
        let mut left = wakes;
        for subscriber in self.subscribers.iter().filter(|one| one.manner.in_process) {
            if !subscriber.hand_over(fresh) || subscriber.lane.signal().raise_for_none() {
                continue;
            }
            if left == 0 {
                self.unwoken.push(Arc::clone(subscriber));
                continue;
            }
            left -= 1;
            tasks.extend(subscriber.lane.signal().raise());
        }
        self.position = fresh.last().map_or(self.position, |change| change.sequence);
    }
}

/// Wakes tasks. What runs then is not ours: a panic of it must not become the failure of a commit.
fn wake(wakers: Vec<Waker>) {
    for waker in wakers {
        if catch_unwind(AssertUnwindSafe(|| waker.wake())).is_err() {
            tracing::warn!("a task that watches the database has panicked while it was woken");
        }
    }
}
