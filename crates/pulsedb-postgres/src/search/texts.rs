//! Texts: candidates by words, by vectors and by sessions, in the ranking of the database.

use std::collections::HashMap;

use pulsedb::backend::{self, Candidate, Ranked, TextRanking, Words, limits};
use pulsedb::{ContextWeights, ExperienceId, SignalWeights, Timestamp};
use uuid::Uuid;

use super::asked::Asked;
use super::words::Scored;
use super::{vectors, words};
use crate::failure::Answer;
use crate::filter::Scope;
use crate::keys::Id;
use crate::session::Session;
use crate::text::unescaped;

/// A text to be ranked by.
#[derive(Debug)]
pub(crate) struct TextQuery {
    pub(crate) text: String,
    /// Its vector, if it is compared by one.
    pub(crate) vector: Option<Vec<f32>>,
    pub(crate) signals: SignalWeights,
    pub(crate) context: ContextWeights,
}

/// The best `k` rows that a signal scores above zero, best first.
pub(super) async fn best(
    session: &Session<'_>,
    scope: Scope<'_>,
    query: &TextQuery,
    k: usize,
    asked: &Asked<'_>,
) -> Answer<Vec<Ranked>> {
    let plain = Words::plain(&query.text);
    let scored = if query.signals.lexical > 0.0 || query.signals.late > 0.0 {
        words::scored(session, scope, &plain, asked.settings).await?
    } else {
        Scored::nothing(&plain, asked.settings)
    };
    let mut ranking = TextRanking::new(
        &query.text,
        (&plain, &scored.scorer),
        query.vector.as_deref(),
        query.signals,
        query.context,
    );
    let named = named(session, scope, query).await?;
    let search = Search {
        session,
        scope,
        query,
        scored: &scored,
        named: named.as_deref(),
        exact_rows: asked.exact_rows,
    };
    let first = k.max(limits::CANDIDATES_MIN);
    let mut breadth = first;
    loop {
        let whole = breadth.max(limits::RANKED_WHOLE_MAX);
        let is_whole = vectors::count(session, scope, whole + 1).await? <= whole;
        let candidates = if is_whole {
            search.all().await?
        } else {
            let mut candidates = search.around(breadth, breadth > first).await?;
            let ContextWeights { session, window, question, .. } = query.context;
            if session > 0.0 || window > 0.0 || question > 0.0 {
                let best =
                    ranking.best_without_late(&candidates, breadth * limits::NEIGHBOURED_PERCENT / 100);
                search.add_neighbours(&mut candidates, &best).await?;
            }
            candidates
        };
        let hits = ranking.best(&candidates, k)?;
        if is_whole || hits.len() >= k {
            return Ok(hits);
        }
        breadth = breadth.saturating_mul(limits::CANDIDATES_GROWTH);
    }
}

/// The agent whom a text names.
async fn named(session: &Session<'_>, scope: Scope<'_>, query: &TextQuery) -> Answer<Option<String>> {
    if scope.filter.is_none() || query.context.agent <= 0.0 {
        return Ok(None);
    }
    // One look into the index an agent.
    let sql = "WITH RECURSIVE agents(agent, at) AS ( \
                 (SELECT source_agent, 1 FROM experience WHERE collective_id = $1 ORDER BY source_agent LIMIT 1) UNION ALL \
                 SELECT (SELECT source_agent FROM experience WHERE collective_id = $1 AND source_agent > a.agent \
                     ORDER BY source_agent LIMIT 1), at + 1 FROM agents a WHERE a.agent IS NOT NULL AND at <= $2) \
               SELECT agent FROM agents WHERE agent IS NOT NULL";
    let most = limits::NAMED_AGENTS_MAX as i32;
    let rows = session.rows(sql, &[&scope.collective, &most]).await?;
    if rows.len() > limits::NAMED_AGENTS_MAX {
        return Ok(None);
    }
    let agents: Vec<String> = rows.iter().map(|row| unescaped(row.get(0))).collect();
    Ok(backend::named_agent(agents.iter().map(String::as_str), &query.text).map(str::to_owned))
}

struct Search<'s> {
    session: &'s Session<'s>,
    scope: Scope<'s>,
    query: &'s TextQuery,
    scored: &'s Scored,
    named: Option<&'s str>,
    exact_rows: usize,
}

impl Search<'_> {
    /// Every match.
    async fn all(&self) -> Answer<Vec<Candidate>> {
        self.candidates(None).await
    }

    /// The best `breadth` by words, as many by vectors, and perhaps as many of the newest.
    async fn around(&self, breadth: usize, with_newest: bool) -> Answer<Vec<Candidate>> {
        let mut ids: Vec<Uuid> = Vec::new();
        if self.query.signals.lexical > 0.0 {
            let found = words::best_of(self.session, self.scope, &self.scored.scores, None, breadth).await?;
            ids.extend(found.iter().map(|hit| hit.id.uuid()));
        }
        if let Some(vector) = self.vector() {
            let found = vectors::nearest(self.session, self.scope, vector, breadth, self.exact_rows).await?;
            ids.extend(found.iter().map(|hit| hit.id.uuid()));
        }
        if with_newest {
            let (mut sql, condition) = self.scope.condition();
            let limit = sql.bind(breadth as i64);
            let text = format!(
                "SELECT x.id FROM {} x WHERE {condition} ORDER BY x.id DESC LIMIT {limit}",
                self.scope.table()
            );
            ids.extend(
                self.session.rows(&text, &sql.values()).await?.iter().map(|row| row.get::<_, Uuid>(0)),
            );
        }
        ids.sort_unstable();
        ids.dedup();
        self.candidates(Some(ids)).await
    }

    /// Adds what stands beside some candidates in their sessions and may be found.
    async fn add_neighbours(&self, candidates: &mut Vec<Candidate>, best: &[usize]) -> Answer<()> {
        let beside =
            best.iter().flat_map(|place| candidates[*place].before.iter().chain(&candidates[*place].after));
        let mut ids: Vec<Uuid> = beside.map(|id| id.uuid()).collect();
        ids.sort_unstable();
        ids.dedup();
        let known: std::collections::HashSet<Uuid> = candidates.iter().map(|one| one.id.uuid()).collect();
        ids.retain(|id| !known.contains(id));
        candidates.extend(self.candidates(Some(ids)).await?);
        Ok(())
    }

    fn vector(&self) -> Option<&[f32]> {
        self.query.vector.as_deref().filter(|_| self.query.signals.vector > 0.0)
    }

    /// These rows, or all, as far as they match.
    async fn candidates(&self, ids: Option<Vec<Uuid>>) -> Answer<Vec<Candidate>> {
        let (mut sql, condition) = self.scope.condition();
        let among = match ids {
            Some(ids) if ids.is_empty() => return Ok(Vec::new()),
            Some(ids) => format!("x.id = ANY ({}) AND", sql.bind(ids)),
            None => String::new(),
        };
        let of_session = match self.scope.filter {
            Some(_) => "x.source_task, x.source_agent",
            None => "NULL::text, ''",
        };
        let (table, stamp, kind) = (self.scope.table(), self.scope.stamp(), self.scope.kind());
        let text = format!(
            "SELECT x.id, {stamp}, e.pieces, e.asks, e.embedding::real[], {of_session} FROM {table} x JOIN entry e \
             ON e.collective_id = $1 AND e.kind = {kind} AND e.id = x.id WHERE {among} {condition}"
        );
        let rows = self.session.rows(&text, &sql.values()).await?;
        let vectors: Vec<Vec<f32>> =
            rows.iter().map(|row| row.get::<_, Option<_>>(4).unwrap_or_default()).collect();
        let cosines = match self.vector() {
            Some(vector) => backend::cosines(vector, &vectors),
            None => vec![None; rows.len()],
        };
        let candidate = |(row, vector): (&tokio_postgres::Row, Option<f32>)| {
            let id: Uuid = row.get(0);
            Candidate {
                id: Id::of(id),
                timestamp: Timestamp(row.get(1)),
                lexical: self
                    .scored
                    .scores
                    .get(&id)
                    .copied()
                    .filter(|_| self.query.signals.lexical > 0.0)
                    .unwrap_or(0.0),
                vector,
                pieces: row
                    .get::<_, &[u8]>(2)
                    .as_chunks()
                    .0
                    .iter()
                    .map(|bytes| u16::from_le_bytes(*bytes))
                    .collect(),
                session: row.get::<_, Option<String>>(5),
                asks: row.get(3),
                is_named: self.named.is_some_and(|named| unescaped(row.get(6)) == named),
                before: Vec::new(),
                after: Vec::new(),
            }
        };
        let mut candidates: Vec<Candidate> = rows.iter().zip(cosines).map(candidate).collect();
        self.find_neighbours(&mut candidates).await?;
        Ok(candidates)
    }

    async fn find_neighbours(&self, candidates: &mut [Candidate]) -> Answer<()> {
        let in_session: Vec<Uuid> =
            candidates.iter().filter(|one| one.session.is_some()).map(|one| one.id.uuid()).collect();
        if in_session.is_empty() {
            return Ok(());
        }
        let sql = "SELECT x.id, \
             ARRAY(SELECT y.id FROM experience y WHERE y.collective_id = $1 AND y.source_task = x.source_task AND y.id < x.id \
                 ORDER BY y.id DESC LIMIT $3), \
             ARRAY(SELECT y.id FROM experience y WHERE y.collective_id = $1 AND y.source_task = x.source_task AND y.id > x.id \
                 ORDER BY y.id LIMIT $3) \
             FROM experience x WHERE x.id = ANY ($2)";
        let most = limits::WINDOW_RECORDS as i64;
        let mut beside: HashMap<ExperienceId, (Vec<ExperienceId>, Vec<ExperienceId>)> = HashMap::new();
        for row in self.session.rows(sql, &[&self.scope.collective, &in_session, &most]).await? {
            let ids = |at: usize| row.get::<_, Vec<Uuid>>(at).into_iter().map(Id::of).collect();
            beside.insert(Id::of(row.get::<_, Uuid>(0)), (ids(1), ids(2)));
        }
        for one in candidates {
            (one.before, one.after) = beside.remove(&one.id).unwrap_or_default();
        }
        Ok(())
    }
}
