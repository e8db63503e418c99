//! An embedder that is written in Python.

use pulsedb::{Embedding, EmbeddingService, ProviderIdentity, PulseDBError, Result};
use pyo3::prelude::*;

use crate::arguments::{Count, Text, vector};

/// An object with `provider`, `model`, `dimension` and `embed(texts)`.
pub(crate) struct Embedder {
    object: Py<PyAny>,
    identity: ProviderIdentity,
}

impl Embedder {
    /// Asks the object who it is.
    pub(crate) fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let identity = ProviderIdentity {
            provider: object.getattr("provider")?.extract::<Text>()?.0,
            model_digest: object.getattr("model")?.extract::<Text>()?.0,
            dimension: object.getattr("dimension")?.extract::<Count>()?.0,
        };
        Ok(Self { object: object.clone().unbind(), identity })
    }

    fn asked(&self, python: Python<'_>, texts: &[&str]) -> PyResult<Vec<Embedding>> {
        let rows = self.object.bind(python).call_method1("embed", (texts.to_vec(),))?;
        rows.try_iter()?.map(|row| vector("embed", &row?)).collect()
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
        let rows = Python::try_attach(|python| self.asked(python, texts))
            .ok_or_else(|| failed("the interpreter is shutting down".into()))?
            .map_err(|error| failed(format!("the embedder raised {error}")))?;
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
