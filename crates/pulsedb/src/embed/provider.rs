//! The embedder that a setting names.

use std::sync::Arc;

use crate::config::EmbeddingProvider;
use crate::embed::EmbeddingService;
use crate::embed::builtin::Builtin;
use crate::embed::sentence;
use crate::error::Result;

impl EmbeddingProvider {
    /// The embedder that the setting names, for example to [`reembed`](crate::PulseDB::reembed) with; `None` where callers
    /// supply the vectors.
    ///
    /// # Errors
    /// [`Config`](crate::PulseDBError::Config) for a `model_path` in a build without the feature `neural`, or one with a
    /// model that cannot be run; [`Io`](crate::PulseDBError::Io) if a file of it cannot be read.
    pub fn service(&self) -> Result<Option<Arc<dyn EmbeddingService>>> {
        match self {
            Self::Builtin { model_path: None } => Ok(Some(Arc::new(Builtin::new()))),
            Self::Builtin { model_path: Some(directory) } => sentence::open(directory).map(Some),
            Self::External => Ok(None),
        }
    }
}
