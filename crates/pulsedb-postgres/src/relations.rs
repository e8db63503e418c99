//! Relations: what one experience says about another, and what superseding does to both.

use std::collections::BTreeSet;

use pulsedb::{
    CollectiveId, Experience, ExperienceId, ExperienceRelation, NewExperienceRelation, NotFoundError,
    RelationDirection, RelationId, RelationType, ValidationError,
};
use uuid::Uuid;

use crate::collectives::{self, Lock};
use crate::entries::{self, EXPERIENCES};
use crate::failure::Answer;
use crate::keys::Id;
use crate::rows;
use crate::session::{Kind, Session};

fn invalid<T>(field: &str, reason: String) -> Answer<T> {
    Err(ValidationError::InvalidField { field: field.to_owned(), reason }.into())
}

/// Stores a relation between two experiences of one collective.
pub(crate) async fn store(session: &mut Session<'_>, new: &NewExperienceRelation) -> Answer<RelationId> {
    let (source, target) = (new.source_id, new.target_id);
    if source == target {
        return invalid("target_id", format!("{target} is the source too; a relation has two ends"));
    }
    let row = session.row("SELECT collective_id FROM experience WHERE id = $1", &[&source.uuid()]).await?;
    let row = row.ok_or(NotFoundError::Experience(source))?;
    let is_superseding = new.relation_type == RelationType::Supersedes;
    let lock = if is_superseding { Lock::Whole } else { Lock::Shared };
    collectives::lock(session, Id::of(row.get::<_, Uuid>(0)), lock).await?;
    // Both in one order, so that two callers do not wait for each other.
    let (first, second) = (source.min(target), source.max(target));
    let ends = [rows::existing(session, first).await?, rows::existing(session, second).await?];
    let [from, to] = if first == source {
        ends
    } else {
        let [a, b] = ends;
        [b, a]
    };
    if from.collective_id != to.collective_id {
        let reason = format!(
            "{source} is in collective {}, {target} in {}; both ends must be in one",
            from.collective_id, to.collective_id
        );
        return invalid("target_id", reason);
    }
    if has_triple(session, source, target, new.relation_type).await? {
        let reason = format!("{source} has this relation with {target} already; delete that one first");
        return invalid("relation_type", reason);
    }
    if is_superseding && supersedes(session, target, source).await? {
        let reason = format!("{target} supersedes {source} itself, at once or through others");
        return invalid("target_id", reason);
    }
    let relation = ExperienceRelation {
        id: RelationId::new(),
        source_id: source,
        target_id: target,
        relation_type: new.relation_type,
        strength: new.strength,
        metadata: new.metadata.clone(),
        created_at: session.now,
    };
    insert(session, from.collective_id, &relation).await?;
    if is_superseding && from.key.is_none() && to.key.is_some() {
        set_key(session, target, None).await?;
        set_key(session, source, to.key.as_deref()).await?;
    }
    Ok(relation.id)
}

async fn has_triple(
    session: &Session<'_>,
    source: ExperienceId,
    target: ExperienceId,
    relation_type: RelationType,
) -> Answer<bool> {
    let sql = "SELECT FROM relation WHERE source_id = $1 AND target_id = $2 AND type_tag = $3";
    let tag = rows::relation_tag(relation_type);
    Ok(session.row(sql, &[&source.uuid(), &target.uuid(), &tag]).await?.is_some())
}

/// Whether one experience supersedes another, at once or through others.
async fn supersedes(session: &Session<'_>, newer: ExperienceId, older: ExperienceId) -> Answer<bool> {
    let sql = "WITH RECURSIVE above(id) AS (SELECT $1::uuid UNION SELECT r.source_id FROM relation r JOIN above \
               ON r.target_id = above.id WHERE r.type_tag = 3) SELECT FROM above WHERE id = $2 AND id <> $1";
    Ok(session.row(sql, &[&older.uuid(), &newer.uuid()]).await?.is_some())
}

/// Inserts a relation of a collective and marks what it supersedes.
pub(crate) async fn insert(
    session: &mut Session<'_>,
    collective: CollectiveId,
    relation: &ExperienceRelation,
) -> Answer<()> {
    let metadata = relation.metadata.as_deref().map(crate::text::escaped);
    session
        .run(
            "INSERT INTO relation (tenant_id, id, collective_id, source_id, target_id, type_tag, strength, metadata, created_at) \
             VALUES (current_setting('pulsedb.tenant'), $1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                &relation.id.uuid(),
                &collective.uuid(),
                &relation.source_id.uuid(),
                &relation.target_id.uuid(),
                &rows::relation_tag(relation.relation_type),
                &relation.strength,
                &metadata,
                &relation.created_at.as_millis(),
            ],
        )
        .await?;
    if relation.relation_type == RelationType::Supersedes {
        let sql = "UPDATE experience SET superseded = true WHERE id = $1";
        session.run(sql, &[&relation.target_id.uuid()]).await?;
    }
    session.log(collective, Kind::RelationStored, *relation.id.as_bytes());
    Ok(())
}

/// Gives a key to an experience, or takes its key away.
pub(crate) async fn set_key(session: &Session<'_>, id: ExperienceId, key: Option<&str>) -> Answer<()> {
    let key = key.map(crate::text::escaped);
    session.run("UPDATE experience SET key = $2 WHERE id = $1", &[&id.uuid(), &key]).await?;
    Ok(())
}

/// Deletes an experience. What it has superseded inherits its key. The collective is locked as a whole.
pub(crate) async fn delete_record(session: &mut Session<'_>, one: &Experience) -> Answer<()> {
    let older = match &one.key {
        Some(_) => superseded_by(session, one.id).await?,
        None => Vec::new(),
    };
    remove_record(session, one).await?;
    let Some(key) = &one.key else { return Ok(()) };
    let heir = session
        .row(
            "SELECT id FROM experience WHERE id = ANY ($1) AND NOT superseded AND key IS NULL \
             AND (expires_at IS NULL OR expires_at > now_ms()) ORDER BY stamp DESC, id DESC LIMIT 1",
            &[&older],
        )
        .await?;
    match heir {
        Some(row) => set_key(session, Id::of(row.get::<_, Uuid>(0)), Some(key)).await,
        None => Ok(()),
    }
}

async fn superseded_by(session: &Session<'_>, id: ExperienceId) -> Answer<Vec<Uuid>> {
    let sql = "SELECT target_id FROM relation WHERE source_id = $1 AND type_tag = 3";
    Ok(session.rows(sql, &[&id.uuid()]).await?.iter().map(|row| row.get(0)).collect())
}

/// Removes an experience with its relations. What stood before it in a chain of superseding stands before what came after.
pub(crate) async fn remove_record(session: &mut Session<'_>, one: &Experience) -> Answer<()> {
    let sql = format!(
        "SELECT {} FROM relation r WHERE r.source_id = $1 OR r.target_id = $1 ORDER BY r.id FOR UPDATE",
        rows::RELATION
    );
    let found = session.rows(&sql, &[&one.id.uuid()]).await?;
    let relations = found.iter().map(|row| rows::relation(row, 0)).collect::<Answer<Vec<_>>>()?;
    let superseding = |relation: &&ExperienceRelation| relation.relation_type == RelationType::Supersedes;
    let mut above: Vec<_> =
        relations.iter().filter(superseding).filter(|relation| relation.target_id == one.id).collect();
    let mut below: Vec<_> =
        relations.iter().filter(superseding).filter(|relation| relation.source_id == one.id).collect();
    // The new relations are made in the order of their ends, as in the embedded database.
    above.sort_unstable_by_key(|relation| relation.source_id);
    below.sort_unstable_by_key(|relation| relation.target_id);
    for newer in above {
        for older in &below {
            join(session, one, newer, older).await?;
        }
    }
    for relation in &relations {
        delete(session, one.collective_id, relation).await?;
    }
    session.run("DELETE FROM experience WHERE id = $1", &[&one.id.uuid()]).await?;
    entries::remove(session, one.collective_id, EXPERIENCES, one.id.uuid()).await?;
    session.log(one.collective_id, Kind::Deleted, *one.id.as_bytes());
    Ok(())
}

/// Deletes a relation; what it superseded is back, unless something else supersedes it too.
pub(crate) async fn delete(
    session: &mut Session<'_>,
    collective: CollectiveId,
    relation: &ExperienceRelation,
) -> Answer<()> {
    session.run("DELETE FROM relation WHERE id = $1", &[&relation.id.uuid()]).await?;
    session.log(collective, Kind::RelationDeleted, *relation.id.as_bytes());
    if relation.relation_type == RelationType::Supersedes {
        let sql = "UPDATE experience x SET superseded = \
                   EXISTS (SELECT FROM relation r WHERE r.target_id = x.id AND r.type_tag = 3) WHERE id = $1";
        session.run(sql, &[&relation.target_id.uuid()]).await?;
    }
    Ok(())
}

async fn join(
    session: &mut Session<'_>,
    between: &Experience,
    newer: &ExperienceRelation,
    older: &ExperienceRelation,
) -> Answer<()> {
    let (source_id, target_id) = (newer.source_id, older.target_id);
    let relation_type = RelationType::Supersedes;
    if has_triple(session, source_id, target_id, relation_type).await? {
        return Ok(());
    }
    let relation = ExperienceRelation {
        id: RelationId::new(),
        source_id,
        target_id,
        relation_type,
        strength: newer.strength.min(older.strength),
        metadata: None,
        created_at: session.now,
    };
    insert(session, between.collective_id, &relation).await
}

/// What an experience is related to, in order of the relations.
pub(crate) async fn related(
    session: &Session<'_>,
    id: ExperienceId,
    direction: RelationDirection,
) -> Answer<Vec<(Experience, ExperienceRelation)>> {
    let visible = "SELECT FROM experience WHERE id = $1 AND (expires_at IS NULL OR expires_at > now_ms())";
    if session.row(visible, &[&id.uuid()]).await?.is_none() {
        return Err(NotFoundError::Experience(id).into());
    }
    let near = match direction {
        RelationDirection::Outgoing => "r.source_id = $1",
        RelationDirection::Incoming => "r.target_id = $1",
        RelationDirection::Both => "(r.source_id = $1 OR r.target_id = $1)",
    };
    let sql = rows::select("").replacen(" FROM experience x JOIN", &format!(
        ", {} FROM relation r JOIN experience x ON x.id = CASE WHEN r.source_id = $1 THEN r.target_id ELSE r.source_id END JOIN", rows::RELATION), 1)
        + &format!(" WHERE {near} AND (x.expires_at IS NULL OR x.expires_at > now_ms()) ORDER BY r.id");
    let found = session.rows(&sql, &[&id.uuid()]).await?;
    found.iter().map(|row| Ok((rows::experience(row)?, rows::relation(row, 21)?))).collect()
}

/// An experience with everything that it supersedes and that supersedes it, at once or through others, oldest first.
pub(crate) async fn history(session: &Session<'_>, id: ExperienceId) -> Answer<Vec<Experience>> {
    let sql = rows::select(
        "WHERE x.id IN (WITH RECURSIVE near(id) AS (SELECT $1::uuid UNION SELECT CASE WHEN r.source_id = near.id \
         THEN r.target_id ELSE r.source_id END FROM near JOIN relation r ON r.type_tag = 3 \
         AND (r.source_id = near.id OR r.target_id = near.id)) SELECT id FROM near) \
         AND (x.expires_at IS NULL OR x.expires_at > now_ms()) ORDER BY x.stamp, x.id",
    );
    let found = session.rows(&sql, &[&id.uuid()]).await?;
    let found = found.iter().map(rows::experience).collect::<Answer<Vec<_>>>()?;
    // One that has expired has no history, whatever it has superseded.
    if found.iter().any(|one| one.id == id) { Ok(found) } else { Err(NotFoundError::Experience(id).into()) }
}

/// The relations that have an end among these and no end that has expired, each once, in order of their ids.
pub(crate) async fn of_all(
    session: &Session<'_>,
    ids: BTreeSet<ExperienceId>,
) -> Answer<Vec<ExperienceRelation>> {
    let ids: Vec<Uuid> = ids.into_iter().map(Id::uuid).collect();
    let sql = format!(
        "SELECT {} FROM relation r WHERE (r.source_id = ANY ($1) OR r.target_id = ANY ($1)) AND NOT EXISTS (SELECT FROM experience x \
         WHERE x.id IN (r.source_id, r.target_id) AND x.expires_at <= now_ms()) ORDER BY r.id",
        rows::RELATION
    );
    session.rows(&sql, &[&ids]).await?.iter().map(|row| rows::relation(row, 0)).collect()
}
