//! Searches: the server narrows down, the code of the database ranks.
//!
//! ```text
//! vectors   count the matches, up to one more than `exact_rows`
//!           few: an exact scan of the matches alone         many: the index of vectors, if there is one
//!           the best of either and some more are compared again by the kernels of the database
//! words     the postings of the terms -> frequencies and scores of all rows; the best of them are filtered
//! texts     few matches: all; else the best by words, by vectors, and the neighbours of these -> the ranking of the database
//! ```

mod asked;
mod texts;
mod vectors;
mod words;

use pulsedb::backend::{self, Ranked, Words};
use pulsedb::{
    ContextWeights, DecayConfig, Experience, ExperienceId, Query, RecallWeights, SearchFilter, SearchResult,
    SignalWeights, energy,
};
use std::collections::HashMap;
use uuid::Uuid;

use crate::failure::Answer;
use crate::filter::Scope;
use crate::keys::Id;
use crate::rows;
use crate::session::Session;

pub(crate) use asked::Asked;
pub(crate) use texts::TextQuery;
pub(crate) use vectors::{INDEXED_DIMENSIONS_MAX, index_statement};

/// What rows are ranked by; everything that needs no server has been done.
#[derive(Debug)]
pub(crate) enum Ranking {
    /// The cosine with a vector.
    Vector(Vec<f32>),
    /// BM25 in the language of queries.
    Words(String),
    /// Words, meaning, late interaction and context.
    Text(TextQuery),
}

impl Ranking {
    /// What a checked query ranks by. `embedded` is the vector of a text, if it is compared by one.
    pub(crate) fn of(
        query: Query<'_>,
        embedded: Option<Vec<f32>>,
        weights: (SignalWeights, ContextWeights),
    ) -> Self {
        let (signals, context) = weights;
        let text = |text: &str, vector: Option<Vec<f32>>| {
            Self::Text(TextQuery { text: text.to_owned(), vector, signals, context })
        };
        match query {
            Query::Vector(vector) => Self::Vector(vector.to_vec()),
            Query::Lexical(words) => Self::Words(words.to_owned()),
            Query::Hybrid { text: words, vector } => text(words, Some(vector.to_vec())),
            Query::Text(words) => text(words, embedded),
        }
    }
}

/// The best `k` experiences that match, best first.
pub(crate) async fn search(
    session: &Session<'_>,
    collective: Uuid,
    filter: &SearchFilter,
    ranking: &Ranking,
    asked: &Asked<'_>,
) -> Answer<Vec<SearchResult>> {
    let scope = Scope { collective, filter: Some(filter) };
    let hits = match asked.recall {
        None => ranked(session, scope, ranking, asked, asked.k).await?,
        Some(weights) => weighed(session, scope, ranking, asked, weights).await?,
    };
    let mut found = experiences(session, hits.iter().map(|hit| hit.id)).await?;
    let result = |hit: &Ranked| {
        let experience = found.remove(&hit.id)?;
        Some(SearchResult { experience, similarity: hit.score, explain: asked.explain.then_some(hit.parts) })
    };
    Ok(hits.iter().filter_map(result).collect())
}

/// The best `k` rows of a scope, best first.
pub(crate) async fn ranked(
    session: &Session<'_>,
    scope: Scope<'_>,
    ranking: &Ranking,
    asked: &Asked<'_>,
    k: usize,
) -> Answer<Vec<Ranked>> {
    match ranking {
        Ranking::Vector(vector) => vectors::nearest(session, scope, vector, k, asked.exact_rows).await,
        Ranking::Words(text) => words::best(session, scope, &Words::parse(text), k, asked.settings).await,
        Ranking::Text(text) => texts::best(session, scope, text, k, asked).await,
    }
}

/// The best `k` by score and energy.
async fn weighed(
    session: &Session<'_>,
    scope: Scope<'_>,
    ranking: &Ranking,
    asked: &Asked<'_>,
    weights: RecallWeights,
) -> Answer<Vec<Ranked>> {
    // Without a weight of energy the plain order comes out as it is.
    let mut wanted = if weights.energy == 0.0 { asked.k } else { asked.k.saturating_mul(4) };
    loop {
        let mut hits = ranked(session, scope, ranking, asked, wanted).await?;
        if weights.energy == 0.0 {
            let none = vec![0.0; hits.len()];
            return Ok(backend::weighed(&hits, &none, weights, asked.k, usize::MAX).unwrap_or_default());
        }
        if matches!(ranking, Ranking::Words(_)) {
            hits = backend::parts_of_best(hits);
        }
        let energies = energies(session, &hits, asked.decay).await?;
        match backend::weighed(&hits, &energies, weights, asked.k, wanted) {
            Ok(settled) => return Ok(settled),
            Err(more) => wanted = more,
        }
    }
}

async fn energies(session: &Session<'_>, hits: &[Ranked], decay: &DecayConfig) -> Answer<Vec<f32>> {
    let ids: Vec<Uuid> = hits.iter().map(|hit| hit.id.uuid()).collect();
    let sql = "SELECT id, importance, applications, last_reinforced FROM experience WHERE id = ANY ($1)";
    let mut known = HashMap::new();
    for row in session.rows(sql, &[&ids]).await? {
        let applications = u32::try_from(row.get::<_, i64>(2)).unwrap_or(u32::MAX);
        let energy = energy(row.get(1), applications, pulsedb::Timestamp(row.get(3)), session.now, decay);
        known.insert(ExperienceId::of(row.get::<_, Uuid>(0)), energy);
    }
    Ok(hits.iter().map(|hit| known.get(&hit.id).copied().unwrap_or(0.0)).collect())
}

/// Whole experiences by their ids.
async fn experiences(
    session: &Session<'_>,
    ids: impl Iterator<Item = ExperienceId>,
) -> Answer<HashMap<ExperienceId, Experience>> {
    let ids: Vec<Uuid> = ids.map(Id::uuid).collect();
    let rows = session.rows(&rows::select("WHERE x.id = ANY ($1)"), &[&ids]).await?;
    let found = rows.iter().map(|row| rows::experience(row).map(|one| (one.id, one)));
    found.collect()
}

/// The newest `limit` experiences that match, newest first.
pub(crate) async fn recent(
    session: &Session<'_>,
    collective: Uuid,
    filter: &SearchFilter,
    limit: usize,
) -> Answer<Vec<Experience>> {
    let scope = Scope { collective, filter: Some(filter) };
    let (mut sql, condition) = scope.condition();
    let limit = sql.bind(limit as i64);
    // What is fetched is chosen first, by a walk along the index of times.
    let text = rows::select(&format!(
        "WHERE x.id IN (SELECT x.id FROM experience x WHERE {condition} ORDER BY x.stamp DESC, x.id LIMIT {limit}) \
         ORDER BY x.stamp DESC, x.id"
    ));
    session.rows(&text, &sql.values()).await?.iter().map(rows::experience).collect()
}
