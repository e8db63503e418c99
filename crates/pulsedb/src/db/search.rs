//! Calls that find experiences.

use crate::config::SearchConfig;
use crate::db::PulseDB;
use crate::error::Result;
use crate::id::CollectiveId;
use crate::lexical::Bm25;
use crate::model::{Experience, Query, SearchFilter, SearchOptions, SearchResult};
use crate::search;
use crate::validate;
use crate::vector::{Isa, PreparedQuery};

impl PulseDB {
    /// The experiences nearest to the query, best first: ranked by score, then newer timestamp, then smaller id. The
    /// score is the cosine, or BM25 for [`Query::Lexical`](crate::Query::Lexical). The answer is the same in every process
    /// for the same snapshot.
    ///
    /// For a vector there are always `min(k, matches)` hits, whatever the filter. Where more than
    /// [`VectorConfig::rescore`](crate::VectorConfig) records match, short codes with error bounds narrow them down before
    /// they are compared exactly (`RaBitQ`; Gao and Long, SIGMOD 2024): of a thousand of the nearest, fewer than five are
    /// missed; [`SearchOptions::exact`](crate::SearchOptions) compares every match. Words find only records that hold one
    /// of them, every phrase, and nothing that the query excludes.
    ///
    /// A text of which the embedder knows nothing has no vector and finds nothing.
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
    /// [`Validation`](crate::PulseDBError::Validation) for `k` or a filter out of bounds, a blank text, or a vector that
    /// does not have the database's dimensions, is not finite or is zero;
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such collective;
    /// [`Embedding`](crate::PulseDBError::Embedding) if the embedder fails, or for a text where callers supply the
    /// vectors; [`EmbeddingProviderMismatch`](crate::PulseDBError::EmbeddingProviderMismatch) for a vector or a text if the
    /// database has moved to another embedder.
    pub fn search(
        &self,
        collective: CollectiveId,
        query: Query<'_>,
        options: SearchOptions,
    ) -> Result<Vec<SearchResult>> {
        let store = self.store()?;
        validate::result_count("k", options.k)?;
        let SearchOptions { k, filter, exact } = options;
        let filter = validate::filter(filter)?;
        let embedder = self.embedder();
        let of_text;
        let vector = match query {
            Query::Vector(vector) => {
                store.snapshot()?.view().expect_embedder(&embedder.stored)?;
                validate::vector("query", vector, embedder.dimension())?;
                vector
            }
            Query::Text(text) => {
                validate::query_text(text)?;
                store.snapshot()?.view().expect_embedder(&embedder.stored)?;
                of_text = embedder.embed_query(text)?;
                of_text.as_slice()
            }
            Query::Lexical(text) => {
                validate::query_text(text)?;
                let snapshot = store.snapshot()?;
                let collective = snapshot.view().in_collective(collective)?;
                let SearchConfig { bm25_k1: k1, bm25_b: b } = self.inner.config.search;
                return search::lexical(collective, text, k, &filter, Bm25 { k1, b });
            }
        };
        let prepared = PreparedQuery::new(Isa::detect(), vector);
        let snapshot = store.snapshot()?;
        snapshot.view().expect_embedder(&embedder.stored)?;
        let collective = snapshot.view().in_collective(collective)?;
        match prepared {
            Some(prepared) => {
                let exact_rows = if exact { usize::MAX } else { self.inner.config.vector.rescore };
                search::nearest(collective, &prepared, k, &filter, exact_rows)
            }
            // Only a text without a known word has no direction.
            None => Ok(Vec::new()),
        }
    }

    /// The `k` experiences whose vectors are nearest to this one, without archived ones.
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

    /// The newest `limit` experiences (1 to 1000) by timestamp, without archived ones.
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
