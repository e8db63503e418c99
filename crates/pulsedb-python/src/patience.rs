//! Calls that may take long: they run on a thread of their own, while this one listens for signals.

use std::panic;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;

use crate::errors;

/// How long a wait goes on before it looks for signals: a `KeyboardInterrupt` is seen well within a fifth of a second.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

/// Runs a call on a thread of its own. A signal whose handler raises ends the wait: the call itself goes on to its end,
/// and what it changes is there as a whole, or not at all if the process ends before.
pub(crate) fn run<T: Send + 'static>(
    python: Python<'_>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let (sender, mut receiver) = sync_channel(1);
    let worker = thread::Builder::new().name("pulsedb-call".into()).spawn(move || {
        // Nobody waits for it if the caller was interrupted.
        let _ = sender.send(work());
    })?;
    loop {
        // Only this thread listens, as a unique borrow says.
        let listening = &mut receiver;
        let answer = python.detach(move || listening.recv_timeout(SLICE));
        match answer {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Timeout) => python.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => {
                // The thread panicked: the panic goes on in this one.
                return match python.detach(|| worker.join()) {
                    Err(panicked) => panic::resume_unwind(panicked),
                    Ok(()) => Err(errors::unanswered()),
                };
            }
        }
    }
}
