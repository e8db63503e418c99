//! The bundled embedder: a static token table, nothing to download, the same bits on every machine.

use pulsedb_model::Model;

use crate::embed::EmbeddingService;
use crate::error::Result;
use crate::id::Embedding;
use crate::model::ProviderIdentity;

/// The name of the bundled embedder in the identity of a database.
const PROVIDER: &str = "builtin";

/// Embeds with the table of `pulsedb-model`.
pub(crate) struct Builtin(Model);

impl Builtin {
    pub(crate) fn new() -> Self {
        Self(Model::bundled())
    }
}

impl EmbeddingService for Builtin {
    fn embed(&self, text: &str) -> Result<Embedding> {
        Ok(self.0.embed(text))
    }

    fn dimension(&self) -> usize {
        self.0.dimension()
    }

    fn identity(&self) -> ProviderIdentity {
        ProviderIdentity {
            provider: PROVIDER.into(),
            model_digest: self.0.digest().into(),
            dimension: self.0.dimension(),
        }
    }
}
