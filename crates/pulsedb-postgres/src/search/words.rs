//! The rows that hold the words of a query, by BM25.

use std::collections::HashMap;

use pulsedb::backend::{self, Pattern, Ranked, Rows, Scorer, Words};
use pulsedb::{SearchConfig, Timestamp};
use uuid::Uuid;

use crate::failure::Answer;
use crate::filter::Scope;
use crate::keys::Id;
use crate::session::Session;
use crate::text::unescaped;

/// What the words of a query weigh in a collective, and the scores of the rows that hold some.
pub(super) struct Scored {
    pub(super) scorer: Scorer,
    /// By row.
    pub(super) scores: HashMap<Uuid, f32>,
}

impl Scored {
    /// Where words count for nothing: no row has a score, and none is looked at.
    pub(super) fn nothing(words: &Words, settings: &SearchConfig) -> Self {
        let frequencies = vec![0; words.patterns().len()];
        Self { scorer: words.scorer(&frequencies, Rows::default(), settings), scores: HashMap::new() }
    }
}

/// Scores every row of a collective, whatever the filter.
pub(super) async fn scored(
    session: &Session<'_>,
    scope: Scope<'_>,
    words: &Words,
    settings: &SearchConfig,
) -> Answer<Scored> {
    let patterns = words.patterns();
    let holding = holding(session, scope, words, &patterns).await?;
    let mut frequencies = vec![0; patterns.len()];
    for (counts, _) in holding.values() {
        frequencies.iter_mut().zip(counts).for_each(|(frequency, count)| *frequency += u64::from(*count > 0));
    }
    let totals = "SELECT rows, words FROM totals WHERE collective_id = $1 AND kind = $2";
    let totals = session.row(totals, &[&scope.collective, &scope.kind()]).await?;
    let rows = totals.map_or(Rows::default(), |row| Rows {
        rows: row.get::<_, i64>(0).unsigned_abs(),
        words: row.get::<_, i64>(1).unsigned_abs(),
    });
    let scorer = words.scorer(&frequencies, rows, settings);
    let all = holding.into_iter().map(|(id, (counts, length))| (id, scorer.score(&counts, length)));
    Ok(Scored { scores: all.collect(), scorer })
}

/// Of each row that holds a word: how often it holds each, and how many words it has.
async fn holding(
    session: &Session<'_>,
    scope: Scope<'_>,
    words: &Words,
    patterns: &[Pattern<'_>],
) -> Answer<HashMap<Uuid, (Vec<u32>, u32)>> {
    let mut holding: HashMap<Uuid, (Vec<u32>, u32)> = HashMap::new();
    let terms: Vec<&str> = patterns
        .iter()
        .filter_map(|pattern| if let Pattern::Term(term) = pattern { Some(*term) } else { None })
        .collect();
    let place: HashMap<&str, usize> = patterns
        .iter()
        .enumerate()
        .filter_map(|(at, pattern)| if let Pattern::Term(term) = pattern { Some((*term, at)) } else { None })
        .collect();
    if terms.len() == patterns.len() {
        let sql = "SELECT id, term, count, words FROM posting WHERE collective_id = $1 AND kind = $2 AND term = ANY ($3)";
        for row in session.rows(sql, &[&scope.collective, &scope.kind(), &terms]).await? {
            let Some(at) = place.get(row.get::<_, &str>(1)) else { continue };
            let one = holding
                .entry(row.get(0))
                .or_insert_with(|| (vec![0; patterns.len()], row.get::<_, i32>(3).unsigned_abs()));
            one.0[*at] = row.get::<_, i32>(2).unsigned_abs();
        }
        return Ok(holding);
    }
    // Only a look at each term can tell what begins so.
    let sql = "SELECT id, words, array_agg(term), array_agg(count) FROM posting WHERE collective_id = $1 AND kind = $2 GROUP BY id, words";
    for row in session.rows(sql, &[&scope.collective, &scope.kind()]).await? {
        let counts: Vec<u32> = row.get::<_, Vec<i32>>(3).into_iter().map(i32::unsigned_abs).collect();
        let held: Vec<(String, u32)> = row.get::<_, Vec<String>>(2).into_iter().zip(counts).collect();
        let counts = words.counts(&held);
        if counts.iter().any(|count| *count > 0) {
            holding.insert(row.get(0), (counts, row.get::<_, i32>(1).unsigned_abs()));
        }
    }
    Ok(holding)
}

/// The best `k` rows that match and that the words admit, best first.
pub(super) async fn best(
    session: &Session<'_>,
    scope: Scope<'_>,
    words: &Words,
    k: usize,
    settings: &SearchConfig,
) -> Answer<Vec<Ranked>> {
    let scored = scored(session, scope, words, settings).await?;
    best_of(session, scope, &scored.scores, words.restricts().then_some(words), k).await
}

/// The best `k` rows by their scores that match, and that the words admit if there are some to ask.
pub(super) async fn best_of(
    session: &Session<'_>,
    scope: Scope<'_>,
    scores: &HashMap<Uuid, f32>,
    words: Option<&Words>,
    k: usize,
) -> Answer<Vec<Ranked>> {
    let mut order: Vec<(Uuid, f32)> =
        scores.iter().filter(|(_, score)| **score > 0.0).map(|(id, score)| (*id, *score)).collect();
    order.sort_unstable_by(|left, right| right.1.total_cmp(&left.1));
    let mut best: Vec<Ranked> = Vec::new();
    let (mut from, mut step) = (0, k.saturating_mul(2).max(256));
    while from < order.len() {
        let mut to = order.len().min(from.saturating_add(step));
        // Rows of one score are looked at together, so that none of them is left out for its place in the list.
        while to < order.len() && order[to].1.to_bits() == order[to - 1].1.to_bits() {
            to += 1;
        }
        best.extend(matching(session, scope, &order[from..to], words).await?);
        best.sort_unstable_by(backend::order);
        if best.len() >= k {
            break;
        }
        (from, step) = (to, step.saturating_mul(4));
    }
    best.truncate(k);
    Ok(best)
}

/// Those of some rows that match.
async fn matching(
    session: &Session<'_>,
    scope: Scope<'_>,
    rows: &[(Uuid, f32)],
    words: Option<&Words>,
) -> Answer<Vec<Ranked>> {
    let known: HashMap<Uuid, f32> = rows.iter().copied().collect();
    let (mut sql, condition) = scope.condition();
    let ids = sql.bind(rows.iter().map(|(id, _)| *id).collect::<Vec<Uuid>>());
    let (table, stamp, kind) = (scope.table(), scope.stamp(), scope.kind());
    let text = match words {
        None => format!("SELECT x.id, {stamp} FROM {table} x WHERE x.id = ANY ({ids}) AND {condition}"),
        Some(_) => format!(
            "SELECT x.id, {stamp}, x.content, e.terms FROM {table} x JOIN entry e \
             ON e.collective_id = $1 AND e.kind = {kind} AND e.id = x.id WHERE x.id = ANY ({ids}) AND {condition}"
        ),
    };
    let mut found = Vec::new();
    for row in session.rows(&text, &sql.values()).await? {
        let id: Uuid = row.get(0);
        if let Some(words) = words {
            let terms: Vec<(String, u32)> =
                row.get::<_, Vec<String>>(3).into_iter().map(|term| (term, 1)).collect();
            if !words.admits(&unescaped(row.get(2)), &terms) {
                continue;
            }
        }
        let reached = known.get(&id).copied().unwrap_or(0.0);
        found.push(Ranked::by_words(Id::of(id), Timestamp(row.get(1)), reached));
    }
    Ok(found)
}
