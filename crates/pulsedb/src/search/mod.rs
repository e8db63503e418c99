//! Queries: what matches, how it is ranked, and the rows that are returned.
//!
//! A search is a pure function of one snapshot. Nothing here writes, and nothing is kept between two searches.

mod filter;
mod hit;
mod insights;
mod recent;
mod vectors;
mod ways;
mod words;

use crate::error::Result;
use crate::index::{Snapshot, Terms, is_damage};
use crate::lexical::Bm25;
use crate::model::{SearchFilter, SearchResult};
use crate::search::filter::{Allowed, terms_of};
use crate::search::hit::Hit;
use crate::storage::CollectiveView;
use crate::vector::PreparedQuery;

pub(crate) use insights::insights;
pub(crate) use recent::recent;

/// What rows are ranked by.
pub(crate) enum Ranking<'q> {
    /// The cosine with a vector, if there is one. There are `min(k, matches with a vector)` hits. Up to `exact_rows`
    /// matches are compared without codes.
    Vector { query: Option<PreparedQuery>, exact_rows: usize },
    /// BM25 of the rows that hold words of a text.
    Words { text: &'q str, parameters: Bm25 },
}

/// The `k` experiences that match the filter and rank best, best first: by score, then newer timestamp, then smaller id.
pub(crate) fn search(
    collective: CollectiveView<'_>,
    ranking: &Ranking<'_>,
    k: usize,
    filter: &SearchFilter,
) -> Result<Vec<SearchResult>> {
    answered(collective, terms_for(ranking, filter), |snapshot| {
        let allowed = Allowed::of(snapshot, filter)?;
        let hits = ranked(snapshot, &allowed, ranking, k)?;
        hit::fetch(snapshot, &hits)
    })
}

/// What ranking and filter want to know of the terms of rows.
fn terms_for(ranking: &Ranking<'_>, filter: &SearchFilter) -> Terms {
    match ranking {
        Ranking::Vector { .. } => terms_of(filter),
        Ranking::Words { .. } => Terms::Wanted,
    }
}

fn ranked(snapshot: &Snapshot<'_>, allowed: &Allowed, ranking: &Ranking<'_>, k: usize) -> Result<Vec<Hit>> {
    match ranking {
        Ranking::Vector { query: Some(query), exact_rows } => {
            vectors::nearest(snapshot, allowed, query, k, *exact_rows)
        }
        Ranking::Vector { query: None, .. } => Ok(Vec::new()),
        Ranking::Words { text, parameters } => words::lexical(snapshot, allowed, text, k, *parameters),
    }
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
