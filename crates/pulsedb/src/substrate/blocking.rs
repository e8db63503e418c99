//! Running calls that wait for a disk where no task is kept from its turn.

use std::path::Path;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::error::{PulseDBError, Result};

/// Where the calls run: on the blocking threads of a runtime, or on a thread of their own if there is none.
#[derive(Debug, Clone)]
pub(super) struct Blocking {
    given: Option<Handle>,
}

impl Blocking {
    /// On this runtime, or else on the one in which a call is made.
    pub(super) fn new(given: Option<Handle>) -> Self {
        Self { given }
    }

    /// The runtime for a call that is made now.
    pub(super) fn runtime(&self) -> Option<Handle> {
        self.given.clone().or_else(|| Handle::try_current().ok())
    }

    /// Runs a call to its end, also if nobody waits for it any more.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        path: &Path,
        call: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Some(runtime) = self.runtime() else { return on_thread(path, call).await };
        match runtime.spawn_blocking(call).await {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime is shutting down, and has not begun with it.
            Err(error) => Err(PulseDBError::io("run a call on a runtime for", path, error.into())),
        }
    }
}

async fn on_thread<T: Send + 'static>(
    path: &Path,
    call: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let refused = |error| PulseDBError::io("start a thread for", path, error);
    let (give, outcome) = oneshot::channel();
    let thread = std::thread::Builder::new().name("pulsedb-call".into()).spawn(move || {
        // If nobody waits for it any more there is nobody to tell.
        let _ = give.send(call());
    });
    let thread = thread.map_err(refused)?;
    match outcome.await {
        Ok(outcome) => outcome,
        Err(_) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => unreachable!("a thread that has not panicked has sent what it found"),
        },
    }
}
