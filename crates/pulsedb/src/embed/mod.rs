//! Embedders: what turns a text into a vector, and how a database remembers which one it was.

pub(crate) mod builtin;
mod provider;
mod sentence;

use crate::error::{Result, ValidationError};
use crate::id::Embedding;
use crate::limits;
use crate::model::ProviderIdentity;

/// The provider name of databases whose vectors callers supply.
pub(crate) const EXTERNAL: &str = "external";

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

/// The identity of an embedder, if it is possible.
pub(crate) fn identity(embedder: &dyn EmbeddingService) -> Result<ProviderIdentity> {
    let identity = embedder.identity();
    let dimension = embedder.dimension();
    if !(1..=limits::DIMENSION_MAX).contains(&dimension) {
        let reason = format!("{dimension} is not within 1..={}", limits::DIMENSION_MAX);
        return Err(ValidationError::invalid("embedder dimension", reason).into());
    }
    if identity.dimension != dimension {
        let reason = format!("it states {} dimensions, the embedder {dimension}", identity.dimension);
        return Err(ValidationError::invalid("embedder identity", reason).into());
    }
    let texts = [("provider", &identity.provider), ("model_digest", &identity.model_digest)];
    for (field, text) in texts {
        if text.len() > limits::IDENTITY_BYTES_MAX {
            let reason = format!("{field} of {} bytes exceeds {}", text.len(), limits::IDENTITY_BYTES_MAX);
            return Err(ValidationError::invalid("embedder identity", reason).into());
        }
    }
    if identity.provider == EXTERNAL {
        let reason = "the provider name `external` is reserved for vectors that callers supply";
        return Err(ValidationError::invalid("embedder identity", reason).into());
    }
    Ok(identity)
}
