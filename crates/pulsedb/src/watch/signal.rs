//! Waiting for something new: threads and tasks that sleep, and how they are woken.

use std::task::Waker;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

/// A value that threads share and whose change they can wait for.
pub(super) trait Monitor<T> {
    fn new(value: T) -> Self;

    /// Looks at the value, or changes it.
    fn with<R>(&self, look: impl FnOnce(&mut T) -> R) -> R;

    /// Waits while the value is so, or until the deadline; whether it no longer is.
    fn wait_while(&self, deadline: Option<Instant>, is_so: impl FnMut(&mut T) -> bool) -> bool;

    /// Makes those who wait look again.
    fn notify_all(&self);
}

/// The monitor of a stream.
#[derive(Debug)]
pub(super) struct Parking<T> {
    value: Mutex<T>,
    changed: Condvar,
}

impl<T> Monitor<T> for Parking<T> {
    fn new(value: T) -> Self {
        Self { value: Mutex::new(value), changed: Condvar::new() }
    }

    fn with<R>(&self, look: impl FnOnce(&mut T) -> R) -> R {
        look(&mut self.value.lock())
    }

    fn wait_while(&self, deadline: Option<Instant>, mut is_so: impl FnMut(&mut T) -> bool) -> bool {
        let mut value = self.value.lock();
        let Some(deadline) = deadline else {
            self.changed.wait_while(&mut value, is_so);
            return true;
        };
        self.changed.wait_while_until(&mut value, &mut is_so, deadline);
        !is_so(&mut value)
    }

    fn notify_all(&self) {
        self.changed.notify_all();
    }
}

/// Who waits, and how often there was something new.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    raised: u64,
    sleepers: u32,
    task: Option<Waker>,
}

/// A signal that something is new. It may be raised for nothing; it is never missed by one who looked at
/// [`Signal::raised`] before looking for what is new.
#[derive(Debug)]
pub(super) struct Signal<M> {
    waiting: M,
}

impl<M: Monitor<Waiting>> Signal<M> {
    pub(super) fn new() -> Self {
        Self { waiting: M::new(Waiting::default()) }
    }

    /// How often it was raised.
    pub(super) fn raised(&self) -> u64 {
        self.waiting.with(|waiting| waiting.raised)
    }

    /// Wakes every thread that sleeps here. The task is returned: waking it runs code of others, which the caller does
    /// when it holds no lock.
    pub(super) fn raise(&self) -> Option<Waker> {
        let (sleepers, task) = self.waiting.with(|waiting| {
            waiting.raised += 1;
            (waiting.sleepers, waiting.task.take())
        });
        if sleepers > 0 {
            self.waiting.notify_all();
        }
        task
    }

    /// As [`Signal::raise`], unless somebody sleeps here, whose waking takes a call of the system; false then.
    pub(super) fn raise_for_none(&self) -> bool {
        self.waiting.with(|waiting| {
            let none = waiting.sleepers == 0 && waiting.task.is_none();
            waiting.raised += u64::from(none);
            none
        })
    }

    /// Sleeps until it has been raised more often than `seen`; false if the deadline came first.
    pub(super) fn wait(&self, seen: u64, deadline: Option<Instant>) -> bool {
        let raised = self.waiting.with(|waiting| {
            waiting.sleepers += 1;
            waiting.raised != seen
        });
        let raised = raised || self.waiting.wait_while(deadline, |waiting| waiting.raised == seen);
        self.waiting.with(|waiting| waiting.sleepers -= 1);
        raised
    }

    /// Has a task woken when it is next raised. There is one; a later one takes its place.
    pub(super) fn register(&self, task: &Waker) {
        self.waiting.with(|waiting| match &mut waiting.task {
            Some(known) => known.clone_from(task),
            none => *none = Some(task.clone()),
        });
    }
}
