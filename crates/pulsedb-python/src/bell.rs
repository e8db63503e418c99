//! Tells Python that a stream has something: a commit only leaves a note, and a thread of its own calls Python.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Wake;
use std::thread;

use pyo3::prelude::*;

/// What is called once when a stream has something.
pub(crate) struct Bell {
    callback: Py<PyAny>,
}

impl Bell {
    /// A bell that calls this.
    pub(crate) fn new(callback: Py<PyAny>) -> Arc<Self> {
        Arc::new(Self { callback })
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        // Whoever commits never waits for the interpreter.
        ring(self);
    }
}

/// Where the notes go, and the process whose thread reads them. A forked process has no such thread.
static RINGER: Mutex<Option<(u32, Sender<Arc<Bell>>)>> = Mutex::new(None);

fn ring(bell: Arc<Bell>) {
    let mut ringer = RINGER.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    let sender = match &mut *ringer {
        Some((owner, sender)) if *owner == process => sender,
        other => &mut other.insert((process, started())).1,
    };
    // The thread lives as long as the process; where none could be made, readers find out at their next look.
    let _ = sender.send(bell);
}

fn started() -> Sender<Arc<Bell>> {
    let (sender, receiver) = channel::<Arc<Bell>>();
    let _ = thread::Builder::new().name("pulsedb-bell".into()).spawn(move || {
        for bell in receiver {
            // Without an interpreter nobody waits any more. A loop that was closed refuses the call, as it may.
            let _ = Python::try_attach(|python| bell.callback.call0(python));
        }
    });
    sender
}
