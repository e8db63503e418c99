//! Embedders: what turns a text into a vector, and how a database remembers which one it was.

pub(crate) mod builtin;
mod provider;
mod sentence;

use crate::error::Result;
use crate::id::Embedding;
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
