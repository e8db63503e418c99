//! The context of a prompt, all parts from one snapshot.

use pulsedb::{ContextCandidates, ContextRequest, backend};
use std::collections::BTreeSet;
use std::time::Duration;
use uuid::Uuid;

use crate::activities;
use crate::collectives;
use crate::failure::Answer;
use crate::filter::Scope;
use crate::keys::Id;
use crate::relations;
use crate::rows;
use crate::search::{self, Asked, Ranking};
use crate::session::Session;

/// Gathers what a checked request asks for.
pub(crate) async fn gather(
    session: &Session<'_>,
    request: &ContextRequest,
    (ranking, of_insights): (&Ranking, &Ranking),
    asked: &Asked<'_>,
    stale: Duration,
) -> Answer<ContextCandidates> {
    let id = request.collective_id;
    collectives::expect(session, id).await?;
    let mut found = ContextCandidates::default();
    if request.max_similar > 0 {
        found.similar_experiences =
            search::search(session, id.uuid(), &request.filter, ranking, asked).await?;
    }
    if request.max_recent > 0 {
        found.recent_experiences =
            search::recent(session, id.uuid(), &request.filter, request.max_recent).await?;
    }
    if request.include_insights && request.max_similar > 0 {
        found.insights = insights(session, id.uuid(), of_insights, asked).await?;
    }
    if request.include_relations {
        let similar = found.similar_experiences.iter().map(|hit| hit.experience.id);
        let ids: BTreeSet<_> = similar.chain(found.recent_experiences.iter().map(|one| one.id)).collect();
        found.relations = relations::of_all(session, ids).await?;
    }
    if request.include_active_agents {
        found.active_agents = activities::active(session, id, stale).await?;
    }
    Ok(match request.max_tokens {
        Some(most) => backend::fitted(found, most, session.now),
        None => found,
    })
}

/// The best insights of a collective, each with its score.
pub(crate) async fn insights(
    session: &Session<'_>,
    collective: Uuid,
    ranking: &Ranking,
    asked: &Asked<'_>,
) -> Answer<Vec<(pulsedb::DerivedInsight, f32)>> {
    let scope = Scope { collective, filter: None };
    let hits = search::ranked(session, scope, ranking, asked, asked.k).await?;
    let ids: Vec<Uuid> = hits.iter().map(|hit| hit.id.uuid()).collect();
    let sql = format!("{} WHERE x.id = ANY ($1)", rows::INSIGHT);
    let mut found = std::collections::HashMap::new();
    for row in session.rows(&sql, &[&ids]).await? {
        let insight = rows::insight(&row)?;
        found.insert(insight.id.uuid(), insight);
    }
    let insight = |hit: &backend::Ranked| Some((found.remove(&hit.id.uuid())?, hit.score));
    Ok(hits.iter().filter_map(insight).collect())
}
