//! An embedder that is written in Python, and what it raises.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use pulsedb::{Embedding, EmbeddingService, ProviderIdentity, PulseDBError, Result};
use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::arguments::{text, whole};
use crate::vectors;

thread_local! {
    /// What an embedder has raised in this thread, for the call that it was asked by.
    static RAISED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// Why a call failed, and what an embedder has raised meanwhile.
pub(crate) struct Failure {
    pub(crate) error: PulseDBError,
    pub(crate) raised: Option<PyErr>,
}

/// Runs a call that may ask an embedder.
pub(crate) fn asking<T>(work: impl FnOnce() -> Result<T>) -> std::result::Result<T, Box<Failure>> {
    RAISED.take();
    work().map_err(|error| {
        let raised = RAISED.take().filter(|_| matches!(error, PulseDBError::Embedding { .. }));
        Box::new(Failure { error, raised })
    })
}

/// An object with `provider`, `model`, `dimension` and `embed(texts)`.
pub(crate) struct Embedder {
    /// `None` once the collector of garbage has taken it.
    object: Mutex<Option<Py<PyAny>>>,
    identity: ProviderIdentity,
    stopped: AtomicBool,
}

impl Embedder {
    /// Asks the object who it is.
    pub(crate) fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let python = object.py();
        let part = |name: &str| {
            object.getattr(name).map_err(|error| {
                if !error.is_instance_of::<PyAttributeError>(python) {
                    return error;
                }
                let wanted = "an object with provider, model, dimension and embed, see pulsedb.Embedder";
                PyTypeError::new_err(format!("embedder: {wanted}, is wanted: {}", error.value(python)))
            })
        };
        part("embed")?;
        let identity = ProviderIdentity {
            provider: text("embedder.provider", &part("provider")?)?,
            model_digest: text("embedder.model", &part("model")?)?,
            dimension: whole("embedder.dimension", &part("dimension")?)?,
        };
        let object = Mutex::new(Some(object.clone().unbind()));
        Ok(Self { object, identity, stopped: AtomicBool::new(false) })
    }

    /// Lets every later question fail.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Shows the object to the collector of garbage, unless it is being asked just now.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> std::result::Result<(), PyTraverseError> {
        match self.object.try_lock() {
            Ok(object) => visit.call(object.as_ref()),
            Err(TryLockError::Poisoned(object)) => visit.call(object.into_inner().as_ref()),
            Err(TryLockError::WouldBlock) => Ok(()),
        }
    }

    /// Lets the object go.
    pub(crate) fn forget(&self) {
        // It may run code when it goes, so not while it is locked.
        let object = self.object().take();
        drop(object);
    }

    fn object(&self) -> MutexGuard<'_, Option<Py<PyAny>>> {
        self.object.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked(&self, python: Python<'_>, texts: &[&str]) -> PyResult<Option<Vec<Embedding>>> {
        let object = self.object().as_ref().map(|object| object.clone_ref(python));
        let Some(object) = object else { return Ok(None) };
        let rows = object.bind(python).call_method1("embed", (texts.to_vec(),))?;
        rows.try_iter()?.map(|row| vectors::read("embed", &row?)).collect::<PyResult<_>>().map(Some)
    }
}

impl EmbeddingService for Embedder {
    fn embed(&self, text: &str) -> Result<Embedding> {
        let mut rows = self.embed_batch(&[text])?;
        // As many rows as texts.
        Ok(rows.swap_remove(0))
    }

    fn embed_batch(&self, texts: &[&str]) -> Result<Vec<Embedding>> {
        let failed = |reason: String| PulseDBError::Embedding { reason };
        if self.stopped.load(Ordering::Relaxed) {
            return Err(failed("it was stopped".into()));
        }
        let rows = Python::try_attach(|python| self.asked(python, texts))
            .ok_or_else(|| failed("the interpreter is shutting down".into()))?
            .map_err(|error| {
                let failure = failed(format!("the embedder raised {error}"));
                RAISED.set(Some(error));
                failure
            })?
            .ok_or_else(|| failed("the embedder is gone with its database".into()))?;
        if rows.len() != texts.len() {
            let reason = format!(
                "the embedder gave {} vectors for {} texts; it must give one each",
                rows.len(),
                texts.len()
            );
            return Err(failed(reason));
        }
        Ok(rows)
    }

    fn dimension(&self) -> usize {
        self.identity.dimension
    }

    fn identity(&self) -> ProviderIdentity {
        self.identity.clone()
    }
}
