//! Tells Python that a stream has something: a commit only leaves a note, and a thread of its own calls Python.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use std::thread;

use pyo3::prelude::*;

/// What is called, each once, when a stream has something: of several that wait for it each looks again.
#[derive(Default)]
pub(crate) struct Bells {
    waiting: Mutex<Callbacks>,
}

impl Bells {
    /// One more that waits.
    pub(crate) fn add(&self, callback: Py<PyAny>) {
        self.waiting().push(callback);
    }

    /// The last one waits no longer.
    pub(crate) fn take_last(&self) {
        self.waiting().pop();
    }

    /// Calls those that wait, soon and from another thread.
    pub(crate) fn ring(&self) {
        let waiting = std::mem::take(&mut *self.waiting());
        if !waiting.is_empty() {
            ring(waiting);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Callbacks> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Bells {
    fn wake(self: Arc<Self>) {
        // Whoever commits never waits for the interpreter.
        self.ring();
    }
}

/// What is called of those that wait.
type Callbacks = Vec<Py<PyAny>>;

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
