//! Rows of experiences, relations and insights, read.

use std::collections::BTreeMap;

use pulsedb::backend;
use pulsedb::{
    AgentId, CollectiveId, DerivedInsight, Experience, ExperienceId, ExperienceRelation, InsightType,
    NotFoundError, RelationType, ServerError, TaskId, Timestamp,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::failure::Answer;
use crate::keys::Id;
use crate::session::Session;
use crate::text::{escaped, unescaped};

/// Whether an experience `x` is superseded by one that has not expired.
pub(crate) const SUPERSEDED: &str = "(x.superseded AND EXISTS (SELECT FROM relation r JOIN experience n ON n.id = r.source_id \
     WHERE r.target_id = x.id AND r.type_tag = 3 AND (n.expires_at IS NULL OR n.expires_at > now_ms())))";

/// What is selected of experiences; see [`experience`].
pub(crate) fn select(rest: &str) -> String {
    format!(
        "SELECT x.id, x.collective_id, x.content, x.type_body, x.importance, x.confidence, x.applications, x.domain, \
         x.tags::text, x.related_files, x.source_agent, x.source_task, x.stamp, x.updated_at, x.last_reinforced, \
         x.archived, {SUPERSEDED}, x.key, x.expires_at, x.sequence, e.embedding::real[] \
         FROM experience x JOIN entry e ON e.collective_id = x.collective_id AND e.kind = 0 AND e.id = x.id {rest}"
    )
}

fn damaged(what: &str) -> ServerError {
    ServerError::Failed {
        reason: format!("a row has {what} that this version cannot read; see who else writes the tables"),
    }
}

/// The experience of a row.
pub(crate) fn experience(row: &Row) -> Answer<Experience> {
    let texts =
        |at: usize| -> Vec<String> { row.get::<_, Vec<String>>(at).into_iter().map(unescaped).collect() };
    let text = |at: usize| unescaped(row.get(at));
    let some_text = |at: usize| row.get::<_, Option<String>>(at).map(unescaped);
    let tags: BTreeMap<String, String> = serde_json::from_str(row.get(8)).map_err(|_| damaged("tags"))?;
    let experience_type = serde_json::from_str(row.get(3)).map_err(|_| damaged("a type"))?;
    Ok(Experience {
        id: Id::of(row.get::<_, Uuid>(0)),
        collective_id: Id::of(row.get::<_, Uuid>(1)),
        content: text(2),
        experience_type,
        importance: row.get(4),
        confidence: row.get(5),
        applications: u32::try_from(row.get::<_, i64>(6)).unwrap_or(u32::MAX),
        domain: texts(7),
        tags: tags.into_iter().map(|(key, value)| (unescaped(key), unescaped(value))).collect(),
        related_files: texts(9),
        source_agent: AgentId::new(text(10)),
        source_task: some_text(11).map(TaskId::new),
        timestamp: Timestamp(row.get(12)),
        updated_at: Timestamp(row.get(13)),
        last_reinforced: Timestamp(row.get(14)),
        archived: row.get(15),
        superseded: row.get(16),
        key: some_text(17),
        expires_at: row.get::<_, Option<i64>>(18).map(Timestamp),
        sequence: row.get::<_, i64>(19).unsigned_abs(),
        embedding: row.get::<_, Option<Vec<f32>>>(20).unwrap_or_default(),
    })
}

/// What is selected of relations; see [`relation`].
pub(crate) const RELATION: &str =
    "r.id, r.source_id, r.target_id, r.type_tag, r.strength, r.metadata, r.created_at";

/// The number of a type of relation.
pub(crate) fn relation_tag(relation_type: RelationType) -> i16 {
    relation_type as i16
}

/// The relation whose columns begin at `first`.
pub(crate) fn relation(row: &Row, first: usize) -> Answer<ExperienceRelation> {
    let tag: i16 = row.get(first + 3);
    let relation_type = RelationType::ALL.into_iter().find(|one| relation_tag(*one) == tag);
    Ok(ExperienceRelation {
        id: Id::of(row.get::<_, Uuid>(first)),
        source_id: Id::of(row.get::<_, Uuid>(first + 1)),
        target_id: Id::of(row.get::<_, Uuid>(first + 2)),
        relation_type: relation_type.ok_or_else(|| damaged("a type of relation"))?,
        strength: row.get(first + 4),
        metadata: row.get::<_, Option<String>>(first + 5).map(unescaped),
        created_at: Timestamp(row.get(first + 6)),
    })
}

/// What is selected of an insight `x`; see [`insight`].
pub(crate) const INSIGHT: &str = "SELECT x.id, x.collective_id, x.content, x.sources, x.type_tag, x.confidence, x.domain, x.created_at, \
     e.embedding::real[], ARRAY(SELECT s FROM unnest(x.sources) WITH ORDINALITY u(s, at) WHERE NOT EXISTS (SELECT FROM experience y \
     WHERE y.id = s AND (y.expires_at IS NULL OR y.expires_at > now_ms())) ORDER BY at) \
     FROM insight x JOIN entry e ON e.collective_id = x.collective_id AND e.kind = 1 AND e.id = x.id ";

/// The insight of a row.
pub(crate) fn insight(row: &Row) -> Answer<DerivedInsight> {
    let ids = |at: usize| row.get::<_, Vec<Uuid>>(at).into_iter().map(Id::of).collect();
    let tag: i16 = row.get(4);
    let insight_type = InsightType::ALL.into_iter().find(|one| *one as i16 == tag);
    Ok(DerivedInsight {
        id: Id::of(row.get::<_, Uuid>(0)),
        collective_id: Id::of(row.get::<_, Uuid>(1)),
        content: unescaped(row.get(2)),
        source_experience_ids: ids(3),
        insight_type: insight_type.ok_or_else(|| damaged("a type of insight"))?,
        confidence: row.get(5),
        domain: row.get::<_, Vec<String>>(6).into_iter().map(unescaped).collect(),
        created_at: Timestamp(row.get(7)),
        embedding: row.get::<_, Option<Vec<f32>>>(8).unwrap_or_default(),
        missing_sources: ids(9),
    })
}

/// The experience that has a key, if it exists for callers.
pub(crate) async fn keyed(
    session: &Session<'_>,
    collective: CollectiveId,
    key: &str,
) -> Answer<Option<Experience>> {
    let sql = select(
        "WHERE x.collective_id = $1 AND x.key = $2 AND (x.expires_at IS NULL OR x.expires_at > now_ms())",
    );
    let row = session.row(&sql, &[&collective.uuid(), &escaped(key)]).await?;
    row.as_ref().map(experience).transpose()
}

/// An experience that exists for callers, locked.
pub(crate) async fn existing(session: &Session<'_>, id: ExperienceId) -> Answer<Experience> {
    let sql = select("WHERE x.id = $1 FOR UPDATE OF x");
    let row = session.row(&sql, &[&id.uuid()]).await?;
    let one = row.as_ref().map(experience).transpose()?;
    let one = one.filter(|one| !backend::has_passed(one.expires_at, session.now));
    Ok(one.ok_or(NotFoundError::Experience(id))?)
}
