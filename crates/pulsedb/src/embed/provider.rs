//! The embedder that a setting names.

use std::sync::Arc;

use crate::config::EmbeddingProvider;
use crate::embed::EmbeddingService;
use crate::embed::builtin::Builtin;
use crate::error::{PulseDBError, Result};

impl EmbeddingProvider {
    /// The embedder that the setting names, for example to [`reembed`](crate::PulseDB::reembed) with; `None` where callers
    /// supply the vectors.
    ///
    /// # Errors
    /// [`Config`](PulseDBError::Config) for a `model_path`: this version cannot run a model.
    pub fn service(&self) -> Result<Option<Arc<dyn EmbeddingService>>> {
        match self {
            Self::Builtin { model_path: None } => Ok(Some(Arc::new(Builtin::new()))),
            Self::Builtin { model_path: Some(model) } => {
                let reason = format!(
                    "this version cannot run the model in {}; use the bundled table (`model_path: None`) or external \
                     vectors",
                    model.display()
                );
                Err(PulseDBError::Config { reason })
            }
            Self::External => Ok(None),
        }
    }
}
