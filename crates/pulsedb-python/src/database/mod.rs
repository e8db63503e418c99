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
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use numpy::{IntoPyArray, PyArray1};
use pulsedb::{PulseDB, PulseDBError, Result};
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::arguments::Text;
use crate::embedder::Embedder;
use crate::{errors, patience, settings};

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
    /// Whether its embedder is written in Python.
    asks_python: bool,
}

/// From so many rows on a change may take longer than a twentieth of a second.
const ROWS_OF_LONG_CALLS: usize = 64;

impl Database {
    /// Runs a call without holding Python up.
    fn apart<T: Send>(
        &self,
        python: Python<'_>,
        work: impl FnOnce(&PulseDB) -> Result<T> + Send,
    ) -> PyResult<T> {
        python.detach(|| work(&self.db)).map_err(|error| self.raised(python, &error))
    }

    /// As [`apart`](Self::apart), for calls that may take long: signals are seen meanwhile.
    fn patiently<T: Send + 'static>(
        &self,
        python: Python<'_>,
        work: impl FnOnce(&PulseDB) -> Result<T> + Send + 'static,
    ) -> PyResult<T> {
        let db = self.db.clone();
        patience::run(python, move || work(&db))?.map_err(|error| self.raised(python, &error))
    }

    /// Runs a change of so many rows. One of few rows is over sooner than a thread is started for it; an embedder that is
    /// written in Python may take any time.
    fn change<T: Send + 'static>(
        &self,
        python: Python<'_>,
        rows: usize,
        work: impl FnOnce(&PulseDB) -> Result<T> + Send + 'static,
    ) -> PyResult<T> {
        if rows < ROWS_OF_LONG_CALLS && !self.asks_python {
            return self.apart(python, work);
        }
        self.patiently(python, work)
    }

    fn raised(&self, python: Python<'_>, error: &PulseDBError) -> PyErr {
        match error {
            PulseDBError::Closed if self.opened_by != std::process::id() => {
                errors::forked(python, self.opened_by)
            }
            error => errors::raised(python, error),
        }
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
        path: PathBuf,
        config: Option<&Bound<'_, PyAny>>,
        embedder: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let config = settings::config(config)?;
        let embedder = embedder.map(Embedder::new).transpose()?;
        let asks_python = embedder.is_some();
        let opened = patience::run(python, move || match embedder {
            Some(embedder) => PulseDB::open_with_embedder(path, config, Arc::new(embedder)),
            None => PulseDB::open(path, config),
        })?;
        let db = opened.map_err(|error| errors::raised(python, &error))?;
        Ok(Self { db, opened_by: std::process::id(), closed: AtomicBool::new(false), asks_python })
    }

    /// Opens a database, as `Database(path, config, embedder=embedder)` does.
    #[classmethod]
    #[pyo3(signature = (path, config = None, *, embedder = None))]
    fn open<'py>(
        kind: &Bound<'py, PyType>,
        path: PathBuf,
        config: Option<&Bound<'py, PyAny>>,
        embedder: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let named = pyo3::types::PyDict::new(kind.py());
        named.set_item("embedder", embedder)?;
        kind.call((path, config), Some(&named))
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

    /// The vector of a text; empty if the embedder knows none of its words.
    fn embed<'py>(&self, python: Python<'py>, text: Text) -> PyResult<Bound<'py, PyArray1<f32>>> {
        Ok(self.apart(python, |db| db.embed(&text.0))?.into_pyarray(python))
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
