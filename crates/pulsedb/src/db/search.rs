//! Calls that find experiences.

use crate::clock::Timestamp;
use crate::db::{Embedder, PulseDB};
use crate::error::Result;
use crate::id::CollectiveId;
use crate::lexical::Bm25;
use crate::model::{
    ContextWeights, Experience, Query, RecallWeights, SearchFilter, SearchOptions, SearchResult,
    SignalWeights,
};
use crate::search::{self, Asked, Ranking, Recall, TextQuery};
use crate::storage::{StoreHandle, View};
use crate::validate;
use crate::vector::{Isa, PreparedQuery};

/// How texts are ranked and vectors compared, where a caller may say it; `None` means the settings.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Choices {
    pub(super) signals: Option<SignalWeights>,
    pub(super) context: Option<ContextWeights>,
    pub(super) exact: bool,
}

impl Choices {
    /// An insight has no session, no question before it and no agent.
    pub(super) const OF_INSIGHTS: Self =
        Self { signals: None, context: Some(ContextWeights::NONE), exact: false };
}

impl PulseDB {
    /// The experiences that answer the query best, best first: ranked by score, then newer timestamp, then smaller id.
    /// The answer is the same in every process for the same snapshot, unless energy counts.
    ///
    /// **A text** ([`Query::Text`](crate::Query::Text), [`Query::Hybrid`](crate::Query::Hybrid)) is ranked by its words,
    /// its meaning, late interaction and what stands beside a record in its session: `docs/pulsedb-ranking.md` has the
    /// recipe, [`SignalWeights`](crate::SignalWeights) and [`ContextWeights`](crate::ContextWeights) its weights. It finds
    /// what any signal scores above zero, so a text that the embedder does not know is found by its words. Where callers
    /// supply the vectors, a text is ranked by words and late interaction alone, and the `vector` of
    /// [`Explain`](crate::Explain) is `None`.
    ///
    /// **A vector** has always `min(k, matches)` hits, of the records that have one, whatever the filter, and the cosine is the score. Where more than
    /// [`VectorConfig::rescore`](crate::VectorConfig) records match, short codes with error bounds narrow them down before
    /// they are compared exactly (`RaBitQ`; Gao and Long, SIGMOD 2024): of a thousand of the nearest, fewer than five are
    /// missed; [`SearchOptions::exact`](crate::SearchOptions) compares every match.
    ///
    /// **Words** ([`Query::Lexical`](crate::Query::Lexical)) find only records that hold one of them, every phrase, and
    /// nothing that the query excludes; BM25 is the score.
    ///
    /// With [`RecallWeights`](crate::RecallWeights) the energy of a record counts beside its score, and candidates are
    /// widened until energy cannot change the answer.
    ///
    /// ```
    /// # use pulsedb::{Config, NewExperience, PulseDB, Query, SearchOptions};
    /// # fn main() -> pulsedb::Result<()> {
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let db = PulseDB::open(directory.path().join("memory"), Config::default())?;
    /// # let notes = db.get_or_create_collective("notes")?;
    /// # let content = "getUserById panics on an empty id".to_owned();
    /// # db.record_experience(NewExperience { collective_id: notes, content, ..Default::default() })?;
    /// let hits = db.search(notes, Query::Lexical("user -admin"), SearchOptions::default())?;
    /// assert_eq!(hits[0].experience.content, "getUserById panics on an empty id");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Validation`](crate::PulseDBError::Validation) for `k`, a weight or a filter out of bounds, a blank text, or a
    /// vector that does not have the database's dimensions, is not finite or is zero;
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such collective;
    /// [`Embedding`](crate::PulseDBError::Embedding) if the embedder fails, or for a text that vectors alone should rank
    /// where callers supply the vectors; [`EmbeddingProviderMismatch`](crate::PulseDBError::EmbeddingProviderMismatch) for
    /// a vector or a text if the database has moved to another embedder.
    pub fn search(
        &self,
        collective: CollectiveId,
        query: Query<'_>,
        options: SearchOptions,
    ) -> Result<Vec<SearchResult>> {
        let store = self.store()?;
        validate::result_count("k", options.k)?;
        validate::weights(&options)?;
        let SearchOptions { k, filter, weights, signals, context, exact, explain } = options;
        let filter = validate::filter(filter)?;
        let embedder = self.embedder().clone();
        let ranking = self.ranking(&embedder, query, Choices { signals, context, exact })?;
        let recall = self.recall(weights);
        let snapshot = store.snapshot()?;
        embedder.admit(&ranking, snapshot.view())?;
        let collective = snapshot.view().in_collective(collective)?;
        search::search(collective, &ranking, &Asked { k, filter: &filter, recall, explain })
    }

    /// How energy counts: as the caller says, or else as the settings say.
    pub(super) fn recall(&self, weights: Option<RecallWeights>) -> Option<Recall<'_>> {
        let decay = &self.inner.config.decay;
        let weights = weights.or(decay.default_recall_weights);
        weights.map(|weights| Recall { weights, decay, now: Timestamp::now() })
    }

    /// What a query ranks by. A text is embedded here, while no snapshot is held.
    pub(super) fn ranking<'q>(
        &self,
        embedder: &Embedder,
        query: Query<'q>,
        choices: Choices,
    ) -> Result<Ranking<'q>> {
        let store = self.store()?;
        let settings = self.inner.config.search;
        let parameters = Bm25 { k1: settings.bm25_k1, b: settings.bm25_b };
        let exact_rows = if choices.exact { usize::MAX } else { self.inner.config.vector.rescore };
        let signals = choices.signals.unwrap_or(settings.signals);
        let context = choices.context.unwrap_or(settings.context);
        let of_text = |text, vector| {
            Ranking::Text(TextQuery { text, vector, signals, context, parameters, exact_rows })
        };
        match query {
            Query::Vector(vector) => {
                embedder.expect_in_force(&store)?;
                validate::vector("query", vector, embedder.dimension())?;
                Ok(Ranking::Vector { query: PreparedQuery::new(Isa::detect(), vector), exact_rows })
            }
            Query::Lexical(text) => {
                validate::query_text(text)?;
                Ok(Ranking::Words { text, parameters })
            }
            Query::Hybrid { text, vector } => {
                validate::query_text(text)?;
                embedder.expect_in_force(&store)?;
                validate::vector("query", vector, embedder.dimension())?;
                Ok(of_text(text, PreparedQuery::new(Isa::detect(), vector)))
            }
            Query::Text(text) => {
                validate::query_text(text)?;
                Ok(of_text(text, embedder.text_vector(&store, text, signals)?))
            }
        }
    }

    /// The `k` experiences whose vectors are nearest to this one, without archived and superseded ones.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn search_similar(
        &self,
        collective: CollectiveId,
        query: &[f32],
        k: usize,
    ) -> Result<Vec<SearchResult>> {
        self.search_similar_filtered(collective, query, k, SearchFilter::default())
    }

    /// The `k` experiences that match the filter and whose vectors are nearest to this one.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn search_similar_filtered(
        &self,
        collective: CollectiveId,
        query: &[f32],
        k: usize,
        filter: SearchFilter,
    ) -> Result<Vec<SearchResult>> {
        self.search(collective, Query::Vector(query), SearchOptions { k, filter, ..SearchOptions::default() })
    }

    /// The newest `limit` experiences (1 to 1000) by timestamp, without archived and superseded ones.
    ///
    /// # Errors
    /// As [`get_recent_experiences_filtered`](Self::get_recent_experiences_filtered).
    pub fn get_recent_experiences(&self, collective: CollectiveId, limit: usize) -> Result<Vec<Experience>> {
        self.get_recent_experiences_filtered(collective, limit, SearchFilter::default())
    }

    /// The newest `limit` experiences (1 to 1000) that match the filter, newest first; of equal timestamps, the smaller
    /// id comes first.
    ///
    /// # Errors
    /// [`Validation`](crate::PulseDBError::Validation) for the limit or the filter;
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such collective.
    pub fn get_recent_experiences_filtered(
        &self,
        collective: CollectiveId,
        limit: usize,
        filter: SearchFilter,
    ) -> Result<Vec<Experience>> {
        let store = self.store()?;
        validate::result_count("limit", limit)?;
        let filter = validate::filter(filter)?;
        let snapshot = store.snapshot()?;
        search::recent(snapshot.view(), collective, limit, &filter)
    }
}

impl Embedder {
    /// Fails if a query compares vectors, and those of the snapshot are not of this embedder.
    pub(super) fn admit(&self, ranking: &Ranking<'_>, view: View<'_>) -> Result<()> {
        if ranking.has_vector() { view.expect_embedder(&self.stored) } else { Ok(()) }
    }

    /// The vector that a text is compared by, if anything is compared by vectors and the embedder knows one.
    fn text_vector(
        &self,
        store: &StoreHandle,
        text: &str,
        signals: SignalWeights,
    ) -> Result<Option<PreparedQuery>> {
        let has_other_signals = signals.lexical > 0.0 || signals.late > 0.0;
        if signals.vector == 0.0 || (self.service.is_none() && has_other_signals) {
            return Ok(None);
        }
        self.expect_in_force(store)?;
        Ok(PreparedQuery::new(Isa::detect(), &self.embed_query(text)?))
    }
}
