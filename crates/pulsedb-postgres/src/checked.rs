//! Searches that have been checked, with what is made of them on the client.

use std::sync::Arc;

use pulsedb::backend::{self, Embedder};
use pulsedb::{
    CollectiveId, ContextRequest, ContextWeights, NewExperience, Query, Result, SearchFilter, SearchOptions,
    SignalWeights,
};

use crate::config::PostgresConfig;
use crate::records::Prepared;
use crate::search::{Asked, Ranking};

/// The vector of a record: the caller's, or the embedder's.
pub(crate) fn vector_of(embedder: &Embedder, given: Option<Vec<f32>>, content: &str) -> Result<Vec<f32>> {
    match given {
        Some(given) => {
            backend::vector("embedding", &given, embedder.dimension())?;
            Ok(given)
        }
        None => embedder.embed_stored(content),
    }
}

/// Checks a new experience, and makes what is stored with it.
pub(crate) fn prepared(embedder: &Embedder, new: NewExperience) -> Result<Prepared> {
    let new = backend::new_experience(new)?;
    let vector = vector_of(embedder, new.embedding.clone(), &new.content)?;
    let indexed = backend::index(&new.content);
    Ok(Prepared { new, vector, indexed })
}

/// Checks a query, and makes what it ranks by.
pub(crate) fn ranking(
    embedder: &Embedder,
    query: Query<'_>,
    weights: (SignalWeights, ContextWeights),
) -> Result<Ranking> {
    let (signals, _) = weights;
    let mut made = None;
    match query {
        Query::Vector(vector) => backend::vector("query", vector, embedder.dimension())?,
        Query::Lexical(text) => backend::query_text(text)?,
        Query::Hybrid { text, vector } => {
            backend::query_text(text)?;
            backend::vector("query", vector, embedder.dimension())?;
        }
        Query::Text(text) => {
            backend::query_text(text)?;
            let has_other_signals = signals.lexical > 0.0 || signals.late > 0.0;
            if signals.vector > 0.0 && !(embedder.is_external() && has_other_signals) {
                let vector = embedder.embed_query(text)?;
                made = (!vector.is_empty()).then_some(vector);
            }
        }
    }
    Ok(Ranking::of(query, made, weights))
}

/// A search that has been checked.
pub(crate) struct Search {
    pub(crate) collective: CollectiveId,
    pub(crate) filter: SearchFilter,
    pub(crate) ranking: Ranking,
    pub(crate) options: SearchOptions,
    pub(crate) config: Arc<PostgresConfig>,
}

impl Search {
    /// As the server is asked.
    pub(crate) fn asked(&self) -> Asked<'_> {
        let recall = self.options.weights.or(self.config.memory.decay.default_recall_weights);
        let plain = plain(&self.config, self.options.k, recall);
        let exact_rows = if self.options.exact { usize::MAX } else { plain.exact_rows };
        Asked { explain: self.options.explain, exact_rows, ..plain }
    }
}

/// A context that has been checked.
pub(crate) struct Context {
    pub(crate) request: ContextRequest,
    pub(crate) ranking: Ranking,
    pub(crate) of_insights: Ranking,
    pub(crate) config: Arc<PostgresConfig>,
}

/// A checked text or vector of insights.
pub(crate) struct InsightSearch {
    pub(crate) collective: CollectiveId,
    pub(crate) ranking: Ranking,
    pub(crate) k: usize,
    pub(crate) config: Arc<PostgresConfig>,
}

/// What is asked of a search that says no more than a number.
pub(crate) fn plain(config: &PostgresConfig, k: usize, recall: Option<pulsedb::RecallWeights>) -> Asked<'_> {
    let memory = &config.memory;
    Asked {
        k,
        recall,
        decay: &memory.decay,
        settings: &memory.search,
        explain: false,
        exact_rows: config.exact_rows,
    }
}
