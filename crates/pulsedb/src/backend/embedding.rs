//! Vectors: what makes them, and how near they are.

use std::fmt;
use std::sync::Arc;

use crate::config::Config;
use crate::embed::{self, EXTERNAL, EmbeddingService};
use crate::error::{PulseDBError, Result, ValidationError};
use crate::id::Embedding;
use crate::model::ProviderIdentity;
use crate::model::norm::Norm;
use crate::validate;
use crate::vector::{Isa, PreparedQuery};

/// What makes the vectors of a store.
#[derive(Clone)]
pub struct Embedder {
    /// `None` where callers supply the vectors.
    service: Option<Arc<dyn EmbeddingService>>,
    identity: ProviderIdentity,
}

impl fmt::Debug for Embedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedder").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl Embedder {
    /// The embedder that these settings name.
    ///
    /// # Errors
    /// For settings out of bounds, or an embedder that this build does not have.
    pub fn of(config: &Config) -> Result<Self> {
        config.validate()?;
        let service = config.embedding_provider.service()?;
        let identity = match &service {
            Some(service) => service.identity(),
            None => ProviderIdentity {
                provider: EXTERNAL.into(),
                model_digest: String::new(),
                dimension: config.embedding_dimension.size(),
            },
        };
        Ok(Self { service, identity })
    }

    /// An embedder of the caller's.
    ///
    /// # Errors
    /// If its dimension or its identity cannot be.
    pub fn with(service: Arc<dyn EmbeddingService>) -> Result<Self> {
        let identity = embed::identity(&*service)?;
        Ok(Self { service: Some(service), identity })
    }

    /// Which embedder it is.
    pub fn identity(&self) -> &ProviderIdentity {
        &self.identity
    }

    /// Dimensions of every vector.
    pub fn dimension(&self) -> usize {
        self.identity.dimension
    }

    /// Whether callers supply the vectors.
    pub fn is_external(&self) -> bool {
        self.service.is_none()
    }

    /// The vector of a text to be stored; empty for one of which the embedder knows nothing.
    ///
    /// # Errors
    /// If callers supply the vectors, or the embedder fails.
    pub fn embed_stored(&self, text: &str) -> Result<Embedding> {
        match &self.service {
            None => Err(ValidationError::required("embedding").into()),
            Some(service) => self.admitted(service.embed(text)?),
        }
    }

    /// The vector of a text that is searched for.
    ///
    /// # Errors
    /// If callers supply the vectors, or the embedder fails.
    pub fn embed_query(&self, text: &str) -> Result<Embedding> {
        match &self.service {
            None => {
                let reason = "callers supply the vectors of this database; search with one";
                Err(PulseDBError::Embedding { reason: reason.into() })
            }
            Some(service) => self.admitted(service.embed(text)?),
        }
    }

    fn admitted(&self, embedding: Embedding) -> Result<Embedding> {
        if !embedding.is_empty() {
            let checked = validate::vector("embedding", &embedding, self.dimension());
            checked.map_err(|error| PulseDBError::Embedding {
                reason: format!("the embedder did not return a valid vector: {error}"),
            })?;
        }
        Ok(embedding)
    }
}

/// The exact cosine of a vector with each of others, in the bits that the database returns; `None` for one that has no
/// direction or other dimensions.
pub fn cosines(query: &[f32], vectors: &[Vec<f32>]) -> Vec<Option<f32>> {
    let prepared = PreparedQuery::new(Isa::detect(), query);
    let of = |vector: &Vec<f32>| {
        let query = prepared.as_ref().filter(|query| query.dimension() == vector.len())?;
        let norm = Norm::of(vector)?;
        let bytes: Vec<u8> = vector.iter().flat_map(|component| component.to_le_bytes()).collect();
        // Equal scores: a negative zero and a positive one.
        Some(query.cosine(&bytes, norm) + 0.0)
    };
    vectors.iter().map(of).collect()
}
