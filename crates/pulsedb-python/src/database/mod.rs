//! The class `Database`: opening, closing, what it is, and how its calls reach the library.

mod admin;
mod agents;
mod changes;
mod collectives;
mod insights;
mod records;
mod relations;
mod search;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use numpy::{IntoPyArray, PyArray1};
use pulsedb::{PulseDB, PulseDBError, Result, StorageError};
use pyo3::exceptions::PyException;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::arguments::{Directory, Text};
use crate::embedder::{Embedder, Failure, asking};
use crate::{errors, fields, patience, results, settings};

/// An open database: the collective memory of agents, in a directory that any number of processes share.
///
/// `Database(path)` opens it and makes it where there is none; `with Database(path) as db:` closes it at the end. One
/// object serves any number of threads, and no call holds the interpreter up. Ids are `str`, times are aware `datetime`
/// objects of UTC, vectors are `float32` arrays of numpy. What a call refuses it refuses with a subclass of
/// `pulsedb.Error`, and has changed nothing.
#[pyclass(frozen, module = "pulsedb")]
pub(crate) struct Database {
    db: PulseDB,
    opened_by: u32,
    closed: AtomicBool,
    /// Those of its embedders that are written in Python.
    embedders: Mutex<Vec<Arc<Embedder>>>,
}

/// The process that has opened a database last, and the one of which this is a fork, if that had one open.
static LAST_OPENED_BY: AtomicU32 = AtomicU32::new(0);
static FORKED_OFF: AtomicU32 = AtomicU32::new(0);

impl Database {
    /// Runs a call without holding Python up.
    fn apart<T: Send>(
        &self,
        python: Python<'_>,
        work: impl FnOnce(&PulseDB) -> Result<T> + Send,
    ) -> PyResult<T> {
        python.detach(|| asking(|| work(&self.db))).map_err(|failure| self.raised(python, *failure))
    }

    /// As [`apart`](Self::apart), for calls that may take long: signals are seen meanwhile.
    fn patiently<T: Send + 'static>(
        &self,
        python: Python<'_>,
        work: impl FnOnce(&PulseDB) -> Result<T> + Send + 'static,
    ) -> PyResult<T> {
        let db = self.db.clone();
        patience::run(python, move || asking(|| work(&db)))?.map_err(|failure| self.raised(python, *failure))
    }

    /// Runs a change. Another process may be in a long one, so signals are seen while it waits for its turn.
    fn change<T: Send + 'static>(
        &self,
        python: Python<'_>,
        work: impl FnOnce(&PulseDB) -> Result<T> + Send + 'static,
    ) -> PyResult<T> {
        if patience::sees_signals(python)? { self.patiently(python, work) } else { self.apart(python, work) }
    }

    fn raised(&self, python: Python<'_>, failure: Failure) -> PyErr {
        match (&failure.error, failure.raised) {
            (PulseDBError::Closed, _) if self.opened_by != std::process::id() => {
                errors::forked(python, self.opened_by)
            }
            // An interrupt or an exit is no failure of the embedder.
            (_, Some(raised)) if !raised.is_instance_of::<PyException>(python) => raised,
            (error, cause) => {
                let exception = errors::raised(python, error);
                if cause.is_some() {
                    exception.set_cause(python, cause);
                }
                exception
            }
        }
    }
}

/// The exception for a database that cannot be opened.
fn not_opened(python: Python<'_>, error: &PulseDBError) -> PyErr {
    let own = std::process::id();
    let last = LAST_OPENED_BY.load(Ordering::Relaxed);
    if last != 0 && last != own {
        FORKED_OFF.store(last, Ordering::Relaxed);
    }
    match (error, FORKED_OFF.load(Ordering::Relaxed)) {
        // What the parent had open is open here for ever, and cannot be used.
        (PulseDBError::Storage(StorageError::Engine { reason }), parent)
            if parent != 0 && reason.contains("still open under this path") =>
        {
            errors::forked(python, parent)
        }
        (error, _) => errors::raised(python, error),
    }
}

#[pymethods]
impl Database {
    /// Opens the database in a directory, which is made if it is missing, unless `config` says `read_only`. `embedder` makes
    /// the vectors in place of the bundled table: see `pulsedb.Embedder`.
    #[new]
    #[pyo3(signature = (path, config = None, *, embedder = None))]
    fn new(
        python: Python<'_>,
        path: Directory<fields::Path>,
        config: Option<&Bound<'_, PyAny>>,
        embedder: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let config = settings::config(config)?;
        let embedder = embedder.map(Embedder::new).transpose()?.map(Arc::new);
        let embedders = Mutex::new(embedder.iter().cloned().collect());
        let opened = patience::run(python, move || match embedder {
            Some(embedder) => PulseDB::open_with_embedder(path.0, config, embedder),
            None => PulseDB::open(path.0, config),
        })?;
        let db = opened.map_err(|error| not_opened(python, &error))?;
        let opened_by = std::process::id();
        let before = LAST_OPENED_BY.swap(opened_by, Ordering::Relaxed);
        if before != 0 && before != opened_by {
            FORKED_OFF.store(before, Ordering::Relaxed);
        }
        Ok(Self { db, opened_by, closed: AtomicBool::new(false), embedders })
    }

    /// Opens a database, as `Database(path, config, embedder=embedder)` does.
    #[classmethod]
    #[pyo3(signature = (path, config = None, *, embedder = None))]
    fn open<'py>(
        kind: &Bound<'py, PyType>,
        path: Directory<fields::Path>,
        config: Option<&Bound<'py, PyAny>>,
        embedder: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let named = pyo3::types::PyDict::new(kind.py());
        named.set_item("embedder", embedder)?;
        kind.call((path.0, config), Some(&named))
    }

    /// Closes the database in this process: its streams end, and later calls raise `ClosedError`. Closing it twice is no
    /// error.
    fn close(&self, python: Python<'_>) -> PyResult<()> {
        if self.closed.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        self.apart(python, |db| db.clone().close())
    }

    /// Whether `close` was called.
    #[getter]
    fn closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// The directory.
    #[getter]
    fn path(&self) -> PathBuf {
        self.db.path().to_owned()
    }

    /// Whether every change through this object is refused.
    #[getter]
    fn read_only(&self) -> bool {
        self.db.is_read_only()
    }

    /// Dimensions of its vectors.
    #[getter]
    fn dimension(&self, python: Python<'_>) -> usize {
        python.detach(|| self.db.embedding_dimension())
    }

    /// What makes its vectors: the provider is "builtin", "external" if callers give them, or that of an embedder.
    #[getter]
    fn embedder<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let identity = python.detach(|| self.db.embedder_identity());
        results::identity(python, &identity)
    }

    /// The vector of a text; empty if the embedder knows none of its words.
    fn embed<'py>(
        &self,
        python: Python<'py>,
        text: Text<fields::Text>,
    ) -> PyResult<Bound<'py, PyArray1<f32>>> {
        Ok(self.apart(python, |db| db.embed(&text.0))?.into_pyarray(python))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> std::result::Result<(), PyTraverseError> {
        match self.embedders.try_lock() {
            Ok(embedders) => embedders.iter().try_for_each(|embedder| embedder.traverse(&visit)),
            Err(TryLockError::Poisoned(embedders)) => {
                embedders.into_inner().iter().try_for_each(|embedder| embedder.traverse(&visit))
            }
            Err(TryLockError::WouldBlock) => Ok(()),
        }
    }

    fn __clear__(&self) {
        let embedders = std::mem::take(&mut *self.embedders.lock().unwrap_or_else(PoisonError::into_inner));
        for embedder in &embedders {
            embedder.forget();
        }
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

    fn __repr__(&self) -> String {
        let state = if self.closed() { ", closed" } else { "" };
        format!("Database({:?}{state})", self.db.path().display().to_string())
    }
}
