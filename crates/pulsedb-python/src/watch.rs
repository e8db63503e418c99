//! A stream of changes as an iterator, an asynchronous iterator, and a queue.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures_core::Stream;
use pulsedb::{PulseDBError, StreamEnd, WatchEvent, WatchStream};
use pyo3::exceptions::PyStopIteration;
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::bell::{Bells, Waiter};
use crate::errors;
use crate::patience::SLICE;
use crate::results;

/// A stream of changes of a collective, from `Database.watch`: each change once, in the order of the commits, whichever
/// process made it. Iterate over it with `for` or `async for`, or ask it with `get`. It ends when the database is closed or
/// the collective is deleted; `close` ends it too.
#[pyclass(frozen, module = "pulsedb")]
pub(crate) struct Watch {
    /// `None` once it was closed. A reader holds the lock for a look, and never while it needs Python.
    stream: Mutex<Option<WatchStream>>,
    /// Those who wait for it.
    bells: Arc<Bells>,
    opened_by: u32,
}

/// What a look at the stream has found.
enum Found {
    Event(WatchEvent),
    Nothing,
    Ended(Option<StreamEnd>),
}

impl Watch {
    /// A stream as an object.
    pub(crate) fn new(stream: WatchStream) -> Self {
        Self { stream: Mutex::new(Some(stream)), bells: Arc::default(), opened_by: std::process::id() }
    }

    fn slot(&self) -> MutexGuard<'_, Option<WatchStream>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In a forked process the lock may be held by a thread that is not there.
    fn refuse_fork(&self, python: Python<'_>) -> PyResult<()> {
        if self.opened_by == std::process::id() {
            return Ok(());
        }
        Err(errors::forked(python, self.opened_by))
    }

    /// Looks for an event. If there is none, the waiter is among those who are told of the next one.
    fn look(&self, waiter: &Waiter) -> Found {
        let mut slot = self.slot();
        let Some(stream) = slot.as_mut() else { return Found::Ended(None) };
        // Before the look: what comes after it rings.
        self.bells.add(waiter.clone());
        let waker = Waker::from(Arc::clone(&self.bells));
        let found = match Pin::new(&mut *stream).poll_next(&mut Context::from_waker(&waker)) {
            Poll::Ready(Some(event)) => Found::Event(event),
            Poll::Ready(None) => Found::Ended(stream.end()),
            Poll::Pending => return Found::Nothing,
        };
        drop(slot);
        self.bells.remove(waiter);
        found
    }

    /// The next event; `None` if there is none before the deadline, or none will come. In slices, so that signals are
    /// seen.
    fn wait<'py>(
        &self,
        python: Python<'py>,
        deadline: Option<Instant>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.refuse_fork(python)?;
        let waiter = Waiter::Thread(thread::current());
        loop {
            let found = python.detach(|| {
                let found = self.look(&waiter);
                let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
                if matches!(found, Found::Nothing) {
                    thread::park_timeout(left.map_or(SLICE, |left| left.min(SLICE)));
                    self.bells.remove(&waiter);
                }
                found
            });
            match found {
                Found::Event(event) => return results::event(python, &event).map(Some),
                Found::Ended(end) => return Self::ended(python, end.as_ref()).map_or(Ok(None), Err),
                Found::Nothing => {
                    python.check_signals()?;
                    if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// How a stream that has ended is told: quietly, unless the reader has missed something.
    fn ended(python: Python<'_>, end: Option<&StreamEnd>) -> Option<PyErr> {
        match end {
            Some(StreamEnd::ChangesGone { oldest }) => {
                Some(errors::raised(python, &PulseDBError::ChangesGone { oldest: *oldest }))
            }
            Some(StreamEnd::Failed(error)) => Some(errors::raised(python, error)),
            Some(StreamEnd::Closed | StreamEnd::CollectiveGone) | None => None,
        }
    }
}

#[pymethods]
impl Watch {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, python: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.wait(python, None)
    }

    fn __aiter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __anext__(slf: Bound<'_, Self>) -> PyResult<Bound<'_, PyAny>> {
        let python = slf.py();
        python.import("pulsedb._waiting")?.getattr("next_event")?.call1((slf,))
    }

    /// The next event. Waits for it, no longer than `timeout` seconds if that is given; `None` if none came, or if the
    /// stream has ended.
    #[pyo3(signature = (timeout = None))]
    fn get<'py>(&self, python: Python<'py>, timeout: Option<f64>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let deadline = match timeout {
            None => None,
            Some(seconds) => {
                let patience = Duration::try_from_secs_f64(seconds)
                    .map_err(|error| errors::refused(python, "timeout", error.to_string()))?;
                // What the clock cannot hold is for ever.
                Instant::now().checked_add(patience)
            }
        };
        self.wait(python, deadline)
    }

    /// The next event if there is one now. Otherwise `None`, and `ring` is called once, from another thread, when it is
    /// worth asking again. Raises `StopIteration` once the stream has ended.
    fn _poll<'py>(&self, python: Python<'py>, ring: Py<PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.refuse_fork(python)?;
        let waiter = Waiter::Callback(Arc::new(ring));
        match python.detach(|| self.look(&waiter)) {
            Found::Event(event) => results::event(python, &event).map(Some),
            Found::Nothing => Ok(None),
            Found::Ended(end) => {
                Err(Self::ended(python, end.as_ref()).unwrap_or_else(|| PyStopIteration::new_err(())))
            }
        }
    }

    /// `ring` is not wanted any more.
    fn _forget(&self, python: Python<'_>, ring: Py<PyAny>) -> PyResult<()> {
        self.refuse_fork(python)?;
        self.bells.remove(&Waiter::Callback(Arc::new(ring)));
        Ok(())
    }

    /// Why the stream has ended: `"closed"`, `"collective_gone"`, `"changes_gone"` or `"failed"`; `None` while it has not.
    #[getter]
    fn end(&self, python: Python<'_>) -> PyResult<Option<&'static str>> {
        self.refuse_fork(python)?;
        let end = python.detach(|| match self.slot().as_ref() {
            Some(stream) => stream.end(),
            None => Some(StreamEnd::Closed),
        });
        Ok(end.map(|end| match end {
            StreamEnd::Closed => "closed",
            StreamEnd::CollectiveGone => "collective_gone",
            StreamEnd::ChangesGone { .. } => "changes_gone",
            StreamEnd::Failed(_) => "failed",
        }))
    }

    /// Ends the stream; those who wait for it see it at once.
    fn close(&self, python: Python<'_>) -> PyResult<()> {
        self.refuse_fork(python)?;
        python.detach(|| {
            drop(self.slot().take());
            self.bells.ring();
        });
        Ok(())
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (kind, value, traceback, /))]
    fn __exit__(
        &self,
        python: Python<'_>,
        kind: Option<Bound<'_, PyType>>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let _ = (kind, value, traceback);
        self.close(python)
    }
}
