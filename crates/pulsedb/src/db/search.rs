//! Calls that find experiences.

use crate::db::PulseDB;
use crate::error::{NotFoundError, Result};
use crate::id::CollectiveId;
use crate::model::{Experience, Query, SearchFilter, SearchOptions, SearchResult};
use crate::search;
use crate::validate;
use crate::vector::{Isa, PreparedQuery};

impl PulseDB {
    /// The experiences nearest to the query, best first: `min(k, matches)` of them, ranked by cosine, then newer
    /// timestamp, then smaller id. The answer is exact, and the same in every process.
    ///
    /// A text of which the embedder knows nothing has no vector and finds nothing.
    ///
    /// # Errors
    /// [`Validation`](crate::PulseDBError::Validation) for `k` or a filter out of bounds, a blank text, or a vector that
    /// does not have the database's dimensions, is not finite or is zero;
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such collective;
    /// [`Embedding`](crate::PulseDBError::Embedding) if the embedder fails, or for a text where callers supply the
    /// vectors.
    pub fn search(
        &self,
        collective: CollectiveId,
        query: Query<'_>,
        options: SearchOptions,
    ) -> Result<Vec<SearchResult>> {
        let store = self.store()?;
        validate::result_count("k", options.k)?;
        let filter = validate::filter(options.filter)?;
        let embedded;
        let vector = match query {
            Query::Vector(vector) => {
                validate::vector("query", vector, self.inner.dimension)?;
                vector
            }
            Query::Text(text) => {
                validate::query_text(text)?;
                embedded = self.embed_query(text)?;
                embedded.as_slice()
            }
        };
        let Some(prepared) = PreparedQuery::new(Isa::detect(), vector) else {
            // Only a text without a known word has no direction; the collective must exist all the same.
            let exists = store.snapshot()?.view().has_collective(collective)?;
            return if exists { Ok(Vec::new()) } else { Err(NotFoundError::Collective(collective).into()) };
        };
        search::nearest(&store, &self.inner.index, collective, &prepared, options.k, &filter)
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
