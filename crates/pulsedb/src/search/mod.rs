//! Queries: what matches, how it is ranked, and the rows that are returned.
//!
//! A search is a pure function of one snapshot. Nothing here writes, and nothing is kept between two searches.

mod context;
mod energy;
mod filter;
mod hit;
mod passage;
mod recent;
mod text;
mod vectors;
mod ways;
mod words;

use crate::error::Result;
use crate::id::InsightId;
use crate::index::{Snapshot, Terms, is_damage};
use crate::lexical::Bm25;
use crate::model::{DerivedInsight, InsightFilter, SearchFilter, SearchResult};
use crate::search::filter::{Allowed, terms_of};
use crate::storage::CollectiveView;
use crate::vector::PreparedQuery;

pub use passage::{matched, passage};

pub(crate) use context::fitted;
pub(crate) use energy::Recall;
pub(crate) use hit::Hit;
pub(crate) use recent::recent;
pub(crate) use text::TextQuery;
#[cfg(feature = "backend")]
pub(crate) use {
    energy::{GROWTH, settled},
    hit::Rank,
    text::{Candidates, Measured, Signals, best_of_text, best_without_late, late_query, named_of, window},
};

/// What rows are ranked by.
pub(crate) enum Ranking<'q> {
    /// The cosine with a vector; without one there is no hit. There are `min(k, matches with a vector)` of them. Up to
    /// `exact_rows` matches are compared without codes.
    Vector { query: Option<PreparedQuery>, exact_rows: usize },
    /// BM25 of the rows that hold words of a text.
    Words { text: &'q str, parameters: Bm25 },
    /// Words, meaning and context.
    Text(TextQuery<'q>),
}

impl Ranking<'_> {
    /// Whether vectors are compared.
    pub(crate) fn has_vector(&self) -> bool {
        match self {
            Self::Vector { .. } => true,
            Self::Words { .. } => false,
            Self::Text(text) => text.vector.is_some(),
        }
    }
}

/// What is asked besides the ranking.
pub(crate) struct Asked<'q> {
    pub(crate) k: usize,
    pub(crate) filter: &'q SearchFilter,
    pub(crate) recall: Option<Recall<'q>>,
    pub(crate) explain: bool,
}

/// The `k` experiences that match the filter and rank best, best first: by score, then newer timestamp, then smaller id.
pub(crate) fn search(
    collective: CollectiveView<'_>,
    ranking: &Ranking<'_>,
    asked: &Asked<'_>,
) -> Result<Vec<SearchResult>> {
    answered(collective, terms_for(ranking, asked.filter), |snapshot| {
        let allowed = Allowed::of(snapshot, asked.filter)?;
        let hits = match &asked.recall {
            None => ranked(snapshot, &allowed, ranking, asked.k)?,
            // With no weight for energy, the plain ranking comes out as it is.
            Some(recall) if recall.weights.energy == 0.0 => {
                energy::without(recall, ranked(snapshot, &allowed, ranking, asked.k)?)
            }
            Some(recall) => energy::weighed(snapshot, recall, asked.k, |k| {
                let hits = ranked(snapshot, &allowed, ranking, k)?;
                Ok(if matches!(ranking, Ranking::Words { .. }) { as_parts_of_best(hits) } else { hits })
            })?,
        };
        hit::fetch(snapshot, &hits, asked.explain)
    })
}

/// The `k` insights of a collective that match the filter and rank best, best first, found and ranked as experiences are,
/// over blocks of their own: by score, then newer, then smaller id.
pub(crate) fn insights(
    collective: CollectiveView<'_>,
    ranking: &Ranking<'_>,
    k: usize,
    filter: &InsightFilter,
) -> Result<Vec<(DerivedInsight, f32)>> {
    answered(collective.insights(), Terms::Wanted, |snapshot| {
        let allowed = Allowed::of_insights(snapshot, filter)?;
        let hits = ranked(snapshot, &allowed, ranking, k)?;
        let insights = hits.iter().map(|hit| {
            let id = InsightId::of_record(hit.rank.id());
            Ok((snapshot.collective.view.indexed_insight(id)?, hit.score))
        });
        insights.collect()
    })
}

/// What ranking and filter want to know of the terms of rows.
fn terms_for(ranking: &Ranking<'_>, filter: &SearchFilter) -> Terms {
    match ranking {
        Ranking::Vector { .. } => terms_of(filter),
        Ranking::Words { .. } | Ranking::Text(_) => Terms::Wanted,
    }
}

fn ranked(snapshot: &Snapshot<'_>, allowed: &Allowed, ranking: &Ranking<'_>, k: usize) -> Result<Vec<Hit>> {
    match ranking {
        Ranking::Vector { query: Some(query), exact_rows } => {
            vectors::nearest(snapshot, allowed, query, k, *exact_rows)
        }
        Ranking::Vector { query: None, .. } => Ok(Vec::new()),
        Ranking::Words { text, parameters } => words::lexical(snapshot, allowed, text, k, *parameters),
        Ranking::Text(query) => text::ranked(snapshot, allowed, query, k),
    }
}

/// Scores without an upper end as parts of the best one, so that they can be weighed with something else.
pub(crate) fn as_parts_of_best(mut hits: Vec<Hit>) -> Vec<Hit> {
    let Some(best) = hits.first().map(|hit| hit.score).filter(|best| *best > 0.0) else { return hits };
    for hit in &mut hits {
        hit.score /= best;
        hit.parts = hit.parts.scaled(1.0 / best);
    }
    hits
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
