//! Embedders: who turns a text into a vector, and how a database remembers which one it was.

pub(crate) mod builtin;

use crate::error::Result;
use crate::id::Embedding;
use crate::model::ProviderIdentity;

/// Turns texts into vectors.
///
/// The database calls it without holding any lock, from any thread that records or searches.
pub trait EmbeddingService: Send + Sync {
    /// The vector of a text: `dimension()` finite numbers that are not all zero, or none at all for a text of
    /// which the embedder knows nothing.
    fn embed(&self, text: &str) -> Result<Embedding>;

    /// The vectors of several texts, in their order.
    fn embed_batch(&self, texts: &[&str]) -> Result<Vec<Embedding>> {
        texts.iter().map(|text| self.embed(text)).collect()
    }

    /// Dimensions of every vector, 1 to 4096.
    fn dimension(&self) -> usize;

    /// Which embedder this is. Two that give different vectors for a text must not share an identity.
    fn identity(&self) -> ProviderIdentity;
}
