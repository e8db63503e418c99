//! What stands in for models in a build without them.

use std::path::Path;
use std::sync::Arc;

use crate::embed::EmbeddingService;
use crate::error::{PulseDBError, Result};

/// Refuses, since this build cannot run a model.
pub(crate) fn open(directory: &Path) -> Result<Arc<dyn EmbeddingService>> {
    let reason = format!(
        "the model in {} needs a build with the feature `neural`, which this one lacks; build with it, or use the \
         bundled table (`model_path: None`) or external vectors",
        directory.display()
    );
    Err(PulseDBError::Config { reason })
}
