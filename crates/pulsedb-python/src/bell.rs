//! Tells those who wait for a stream that it has something: a commit only leaves a note, and a thread of its own calls Python.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use std::thread::{self, Thread};

use pyo3::prelude::*;

/// Someone who waits for a stream.
#[derive(Clone)]
pub(crate) enum Waiter {
    /// Called once.
    Callback(Arc<Py<PyAny>>),
    /// Parked.
    Thread(Thread),
}

impl Waiter {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Callback(one), Self::Callback(other)) => one.is(&**other),
            (Self::Thread(one), Self::Thread(other)) => one.id() == other.id(),
            _ => false,
        }
    }
}

/// Those who wait for a stream: each is told once that there is something, and looks again.
#[derive(Default)]
pub(crate) struct Bells {
    waiting: Mutex<Vec<Waiter>>,
}

impl Bells {
    /// One more that waits.
    pub(crate) fn add(&self, waiter: Waiter) {
        self.waiting().push(waiter);
    }

    /// One waits no longer.
    pub(crate) fn remove(&self, waiter: &Waiter) {
        // Dropped without the lock: what Python drops may run code.
        let mut waiting = self.waiting();
        let (gone, rest) = waiting.drain(..).partition(|one| one.is(waiter));
        *waiting = rest;
        drop(waiting);
        let _: Vec<Waiter> = gone;
    }

    /// Tells those that wait; what is called is called soon and from another thread.
    pub(crate) fn ring(&self) {
        let waiting = std::mem::take(&mut *self.waiting());
        let mut callbacks = Callbacks::new();
        for waiter in waiting {
            match waiter {
                Waiter::Callback(callback) => callbacks.push(callback),
                Waiter::Thread(thread) => thread.unpark(),
            }
        }
        if !callbacks.is_empty() {
            ring(callbacks);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiter>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Bells {
    fn wake(self: Arc<Self>) {
        // A commit never waits for the interpreter.
        self.ring();
    }
}

/// What is called of those that wait.
type Callbacks = Vec<Arc<Py<PyAny>>>;

/// Where the notes go, and the process whose thread reads them. A forked process has no such thread.
static RINGER: Mutex<Option<(u32, Sender<Callbacks>)>> = Mutex::new(None);

fn ring(waiting: Callbacks) {
    let mut ringer = RINGER.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    let sender = match &mut *ringer {
        Some((owner, sender)) if *owner == process => sender,
        other => &mut other.insert((process, started())).1,
    };
    // The thread lives as long as the process; where none could be made, readers find out at their next look.
    let _ = sender.send(waiting);
}

fn started() -> Sender<Callbacks> {
    let (sender, receiver) = channel::<Callbacks>();
    let _ = thread::Builder::new().name("pulsedb-bell".into()).spawn(move || {
        for waiting in receiver {
            // Without an interpreter nobody waits any more. A loop that was closed refuses the call, as it may.
            let _ = Python::try_attach(|python| {
                for callback in waiting {
                    let _ = callback.call0(python);
                }
            });
        }
    });
    sender
}
