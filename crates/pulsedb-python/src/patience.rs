//! Calls that may take long: they run on a thread of their own, while this one listens for signals.

use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{RecvTimeoutError, SendError, Sender, channel, sync_channel};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;
use std::{io, mem, process, thread};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::errors;

/// How long a wait goes on before it looks for signals: a `KeyboardInterrupt` is seen well within a fifth of a second.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

/// The most threads that are kept for the next call.
const IDLE_MAX: usize = 4;

type Work = Box<dyn FnOnce() + Send>;

/// The threads that wait for a call, and the process that they are of. A forked process has none of them.
static IDLE: Mutex<(u32, Vec<Sender<Work>>)> = Mutex::new((0, Vec::new()));

/// Runs a call on another thread. A signal whose handler raises ends the wait: the call itself goes on to its end, and
/// what it changes is there as a whole, or not at all if the process ends before.
pub(crate) fn run<T: Send + 'static>(
    python: Python<'_>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let (sender, mut receiver) = sync_channel(1);
    hand_over(Box::new(move || {
        // Nobody waits for it if the caller was interrupted.
        let _ = sender.send(panic::catch_unwind(AssertUnwindSafe(work)));
    }))?;
    loop {
        // Only this thread listens, as a unique borrow says.
        let listening = &mut receiver;
        let answer = python.detach(move || listening.recv_timeout(SLICE));
        match answer {
            Ok(Ok(answer)) => return Ok(answer),
            // The panic goes on in this thread.
            Ok(Err(panicked)) => panic::resume_unwind(panicked),
            Err(RecvTimeoutError::Timeout) => python.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => return Err(errors::unanswered()),
        }
    }
}

/// Whether handlers of signals run in this thread: Python has the first one run them.
pub(crate) fn sees_signals(python: Python<'_>) -> PyResult<bool> {
    static ASKED: PyOnceLock<(Py<PyAny>, Py<PyAny>)> = PyOnceLock::new();
    let (main, own) = ASKED.get_or_try_init(python, || {
        let threading = python.import("threading")?;
        let part = |name: &str| Ok::<_, PyErr>(threading.getattr(name)?.unbind());
        Ok::<_, PyErr>((part("main_thread")?, part("get_ident")?))
    })?;
    main.bind(python).call0()?.getattr("ident")?.eq(own.bind(python).call0()?)
}

fn hand_over(mut work: Work) -> io::Result<()> {
    while let Some(worker) = waiting() {
        match worker.send(work) {
            Ok(()) => return Ok(()),
            Err(SendError(returned)) => work = returned,
        }
    }
    let (sender, receiver) = channel::<Work>();
    thread::Builder::new().name("pulsedb-call".into()).spawn(move || {
        work();
        while rest(sender.clone()) {
            match receiver.recv() {
                Ok(work) => work(),
                Err(_) => return,
            }
        }
    })?;
    Ok(())
}

/// A thread that waits for a call.
fn waiting() -> Option<Sender<Work>> {
    idle()?.1.pop()
}

/// Offers a thread for the next call; false if there are enough of them.
fn rest(worker: Sender<Work>) -> bool {
    let Some(mut idle) = idle() else { return false };
    let is_wanted = idle.1.len() < IDLE_MAX;
    if is_wanted {
        idle.1.push(worker);
    }
    is_wanted
}

/// The threads that wait; `None` while another thread asks. In a forked process that one may not be there, so nobody waits
/// for it.
fn idle() -> Option<MutexGuard<'static, (u32, Vec<Sender<Work>>)>> {
    let mut idle = match IDLE.try_lock() {
        Ok(idle) => idle,
        Err(TryLockError::Poisoned(idle)) => idle.into_inner(),
        Err(TryLockError::WouldBlock) => return None,
    };
    let own = process::id();
    if idle.0 != own {
        // Those of the parent are not there, and what they were sent by may be locked for ever.
        mem::forget(mem::replace(&mut *idle, (own, Vec::new())));
    }
    Some(idle)
}
