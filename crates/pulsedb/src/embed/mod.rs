//! Embedders: what turns a text into a vector, and how a database remembers which one it was.

pub(crate) mod builtin;

use std::sync::Arc;

use crate::config::EmbeddingProvider;
use crate::embed::builtin::Builtin;
use crate::error::{PulseDBError, Result};
use crate::id::Embedding;
use crate::model::ProviderIdentity;

/// Turns texts into vectors.
///
/// The database calls it from any thread that records or searches, and holds no lock meanwhile.
pub trait EmbeddingService: Send + Sync {
    /// The vector of a text: `dimension()` finite numbers that are not all zero, or an empty one for a text of which the
    /// embedder knows nothing.
    ///
    /// # Errors
    /// [`Embedding`](crate::PulseDBError::Embedding) if the text cannot be embedded; the call of the database that
    /// needed it fails with the same error.
    fn embed(&self, text: &str) -> Result<Embedding>;

    /// The vectors of several texts, in their order.
    ///
    /// # Errors
    /// As [`embed`](Self::embed), if any of the texts cannot be embedded.
    fn embed_batch(&self, texts: &[&str]) -> Result<Vec<Embedding>> {
        texts.iter().map(|text| self.embed(text)).collect()
    }

    /// Dimensions of every vector, 1 to 4096.
    fn dimension(&self) -> usize;

    /// Which embedder this is. Two that return different vectors for the same text must not share an identity.
    fn identity(&self) -> ProviderIdentity;
}

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
                    "a sentence-transformer directory ({}) needs a build with neural embeddings, which this \
                     version does not have; use the bundled table (`model_path: None`) or external vectors",
                    model.display()
                );
                Err(PulseDBError::Config { reason })
            }
            Self::External => Ok(None),
        }
    }
}
