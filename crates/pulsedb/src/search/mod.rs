//! Queries: what matches, how it is ranked, and the rows that are returned.
//!
//! Nothing here writes.

mod filter;
mod recent;

use crate::error::{NotFoundError, Result};
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
    let find = |view: View<'_>| Ok(view.room(id)?.ok_or(NotFoundError::Collective(id))?.number);
    index.with_current(store, find, |columns, view| {
        let number = find(view)?;
        let candidates = filter::matches(view, number, columns, filter)?;
        let hits = index::scan_in_halves(store, view, number, columns, &candidates, query, k)?;
        hits.into_iter().map(|hit| result(view, hit)).collect()
    })
}

fn result(view: View<'_>, hit: Hit) -> Result<SearchResult> {
    Ok(SearchResult { experience: view.indexed_experience(hit.id)?, similarity: hit.score })
}
