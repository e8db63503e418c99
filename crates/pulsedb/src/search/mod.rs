//! Queries: what matches, how it is ranked, and the rows that are returned.
//!
//! Nothing here writes.

mod filter;
mod recent;

use crate::error::Result;
use crate::id::CollectiveId;
use crate::index::{self, Hit, Index};
use crate::model::{SearchFilter, SearchResult};
use crate::storage::{Store, View};
use crate::vector::PreparedQuery;

pub(crate) use recent::recent;

/// The `k` experiences that match the filter and whose vectors are nearest to the query, best first: by
/// cosine, then newer timestamp, then smaller id. There are `min(k, matches with a vector)` of them.
pub(crate) fn nearest(
    store: &Store,
    index: &Index,
    id: CollectiveId,
    query: &PreparedQuery,
    k: usize,
    filter: &SearchFilter,
) -> Result<Vec<SearchResult>> {
    index.with_current(store, id, |columns, collective| {
        let candidates = filter::matches(collective, columns, filter)?;
        let hits = index::scan_in_halves(store, collective, columns, &candidates, query, k)?;
        hits.into_iter().map(|hit| result(collective.view, hit)).collect()
    })
}

fn result(view: View<'_>, hit: Hit) -> Result<SearchResult> {
    Ok(SearchResult { experience: view.indexed_experience(hit.id)?, similarity: hit.score })
}
