//! Queries: what matches, how it is ranked, and the rows that are returned.
//!
//! A search is a pure function of one snapshot. Nothing here writes, and nothing is kept between two searches.

mod filter;
mod hit;
mod recent;
mod vectors;
mod ways;
mod words;

use crate::error::Result;
use crate::index::{Snapshot, Terms, is_damage};
use crate::lexical::Bm25;
use crate::model::{SearchFilter, SearchResult};
use crate::search::filter::{Allowed, terms_of};
use crate::storage::CollectiveView;
use crate::vector::PreparedQuery;

pub(crate) use recent::recent;

/// The `k` experiences that match the filter and whose vectors are nearest to the query, best first: by
/// cosine, then newer timestamp, then smaller id. There are `min(k, matches with a vector)` of them. Up to `exact_rows`
/// matches are compared without codes.
pub(crate) fn nearest(
    collective: CollectiveView<'_>,
    query: &PreparedQuery,
    k: usize,
    filter: &SearchFilter,
    exact_rows: usize,
) -> Result<Vec<SearchResult>> {
    answered(collective, terms_of(filter), |snapshot| {
        let allowed = Allowed::of(snapshot, filter)?;
        let hits = vectors::nearest(snapshot, &allowed, query, k, exact_rows)?;
        hit::fetch(snapshot, &hits)
    })
}

/// The `k` experiences that match the filter and hold words of the text, best first: by BM25, then newer timestamp,
/// then smaller id.
pub(crate) fn lexical(
    collective: CollectiveView<'_>,
    text: &str,
    k: usize,
    filter: &SearchFilter,
    parameters: Bm25,
) -> Result<Vec<SearchResult>> {
    answered(collective, Terms::Wanted, |snapshot| {
        let allowed = Allowed::of(snapshot, filter)?;
        let hits = words::lexical(snapshot, &allowed, text, k, parameters)?;
        hit::fetch(snapshot, &hits)
    })
}

/// The answer from the index, or from the records alone where a part of the index is damaged.
fn answered<'t, T>(
    collective: CollectiveView<'t>,
    terms: Terms,
    search: impl Fn(&Snapshot<'t>) -> Result<T>,
) -> Result<T> {
    match Snapshot::open(collective, terms).and_then(|snapshot| search(&snapshot)) {
        Err(error) if is_damage(&error) => {
            tracing::warn!(%error, "the index is damaged, the records answer; run `repair`");
            search(&Snapshot::of_records(collective, terms)?)
        }
        outcome => outcome,
    }
}
