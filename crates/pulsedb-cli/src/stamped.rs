//! The embedder that a database is stamped with, found by its name when a text is first embedded.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use pulsedb::{Embedding, EmbeddingService, ProviderIdentity, PulseDBError};

use crate::models::{self, MODEL_VARIABLE};

/// Has the name of an embedder, and looks for it when it is needed: reading a model takes longer than most commands, and
/// most need none.
pub(crate) struct Stamped {
    identity: ProviderIdentity,
    found: OnceLock<pulsedb::Result<Arc<dyn EmbeddingService>>>,
}

impl Stamped {
    pub(crate) fn new(identity: ProviderIdentity) -> Self {
        Self { identity, found: OnceLock::new() }
    }

    fn service(&self) -> pulsedb::Result<&dyn EmbeddingService> {
        match self.found.get_or_init(|| find(&self.identity).map(|(_, service)| service)) {
            Ok(service) => Ok(&**service),
            Err(error) => Err(error.clone()),
        }
    }
}

impl EmbeddingService for Stamped {
    fn embed(&self, text: &str) -> pulsedb::Result<Embedding> {
        self.service()?.embed(text)
    }

    fn embed_batch(&self, texts: &[&str]) -> pulsedb::Result<Vec<Embedding>> {
        self.service()?.embed_batch(texts)
    }

    fn dimension(&self) -> usize {
        self.identity.dimension
    }

    fn identity(&self) -> ProviderIdentity {
        self.identity.clone()
    }
}

/// The model with this name, and its directory: that of the environment, or one that was noted.
pub(crate) fn find(identity: &ProviderIdentity) -> pulsedb::Result<(PathBuf, Arc<dyn EmbeddingService>)> {
    let refused = |reason: String| PulseDBError::Embedding {
        reason: format!("the vectors of this database are made by {identity}: {reason}"),
    };
    models::expect_models().map_err(|error| refused(error.to_string()))?;
    let mut tried = Vec::new();
    let of_environment = models::of_environment().map_err(|error| refused(format!("{error:#}")))?;
    let noted = models::noted().map_err(|error| refused(format!("{error:#}")))?;
    let noted = noted.into_iter().filter(|note| note.digest == identity.model_digest).map(|note| note.path);
    for directory in of_environment.into_iter().chain(noted) {
        match open(&directory, identity) {
            Ok(service) => return Ok((directory, service)),
            Err(reason) => tried.push(reason),
        }
    }
    let found = if tried.is_empty() { "no such model is known".to_owned() } else { tried.join("; ") };
    Err(refused(format!("{found}; tell where it is by `pulsedb model add PATH` or {MODEL_VARIABLE}")))
}

fn open(directory: &Path, identity: &ProviderIdentity) -> Result<Arc<dyn EmbeddingService>, String> {
    let service = models::open(directory).map_err(|error| format!("{error:#}"))?;
    if service.identity() == *identity {
        return Ok(service);
    }
    Err(format!("the model in {} is {}", directory.display(), service.identity()))
}
