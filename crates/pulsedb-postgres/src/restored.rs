//! Records that come from elsewhere and keep their ids: stored as they are, or removed to be stored again.

use std::collections::HashSet;

use futures_util::future::try_join_all;
use pulsedb::backend::Indexed;
use pulsedb::{
    Collective, CollectiveId, DerivedInsight, Experience, ExperienceId, ExperienceRelation, InsightId,
    NotFoundError, RelationId, ValidationError,
};
use uuid::Uuid;

use crate::collectives::{self, Lock};
use crate::entries::{self, EXPERIENCES, INSIGHTS};
use crate::failure::Answer;
use crate::keys::Id;
use crate::session::{Kind, Session};
use crate::text::escaped;
use crate::{insights, records, relations, rows};

/// Records of one collective that are stored together, with what searches read of each.
#[derive(Debug)]
pub(crate) struct Batch<T> {
    pub(crate) collective: CollectiveId,
    pub(crate) records: Vec<(T, Indexed)>,
}

/// Stores a collective; one that is there already stays as it is.
pub(crate) async fn collective(session: &mut Session<'_>, one: &Collective) -> Answer<()> {
    let owner = one.owner_id.as_deref().map(escaped);
    let made = session
        .run(
            "INSERT INTO collective (tenant_id, id, name, owner_id, created_at, updated_at) \
             VALUES (current_setting('pulsedb.tenant'), $1, $2, $3, $4, $5) ON CONFLICT (tenant_id, id) DO NOTHING",
            &[
                &one.id.uuid(),
                &escaped(&one.name),
                &owner,
                &one.created_at.as_millis(),
                &one.updated_at.as_millis(),
            ],
        )
        .await?;
    if made > 0 {
        session.log(one.id, Kind::CollectiveCreated, *one.id.as_bytes());
    }
    Ok(())
}

/// Those of some ids that a table has, each of which must be in this collective.
async fn known(
    session: &Session<'_>,
    table: &str,
    collective: CollectiveId,
    ids: &[Uuid],
) -> Answer<HashSet<Uuid>> {
    let sql = format!("SELECT id, collective_id FROM {table} WHERE id = ANY ($1)");
    let mut known = HashSet::new();
    for row in session.rows(&sql, &[&ids]).await? {
        let (id, place): (Uuid, Uuid) = (row.get(0), row.get(1));
        if place != collective.uuid() {
            let reason = format!("{id} is in collective {place} already, so it cannot be in {collective}");
            return Err(ValidationError::InvalidField { field: "id".into(), reason }.into());
        }
        known.insert(id);
    }
    Ok(known)
}

/// Stores experiences with their vectors; those that are there already stay as they are.
pub(crate) async fn experiences(session: &mut Session<'_>, batch: &Batch<Experience>) -> Answer<()> {
    collectives::lock(session, batch.collective, Lock::Whole).await?;
    // What has expired is hidden, and may stand in the way with its id or its key.
    while records::has_expired(session, batch.collective).await? {
        records::remove_expired(session, batch.collective).await?;
    }
    let ids: Vec<Uuid> = batch.records.iter().map(|(one, _)| one.id.uuid()).collect();
    let known = known(session, "experience", batch.collective, &ids).await?;
    let new: Vec<_> = batch.records.iter().filter(|(one, _)| !known.contains(&one.id.uuid())).collect();
    let store = async |(one, indexed): &(Experience, Indexed)| {
        records::insert(session, one).await?;
        entries::write(session, batch.collective, EXPERIENCES, one.id.uuid(), indexed, &one.embedding).await
    };
    // The first one has the statements prepared; the others follow without waiting for answers.
    let Some((first, rest)) = new.split_first() else { return Ok(()) };
    store(first).await?;
    try_join_all(rest.iter().map(|one| store(one))).await?;
    for (one, indexed) in new {
        session.count(batch.collective, EXPERIENCES, 1, i64::from(indexed.words));
        session.log(batch.collective, Kind::Created, *one.id.as_bytes());
    }
    Ok(())
}

/// Stores relations, whose ends must be there; those that are there already stay as they are.
pub(crate) async fn relations(
    session: &mut Session<'_>,
    collective: CollectiveId,
    all: &[ExperienceRelation],
) -> Answer<()> {
    collectives::lock(session, collective, Lock::Whole).await?;
    let ids: Vec<Uuid> = all.iter().map(|one| one.id.uuid()).collect();
    let stored = known(session, "relation", collective, &ids).await?;
    let ends: Vec<Uuid> = all.iter().flat_map(|one| [one.source_id.uuid(), one.target_id.uuid()]).collect();
    let there = known(session, "experience", collective, &ends).await?;
    if let Some(missing) = ends.iter().find(|end| !there.contains(end)) {
        return Err(NotFoundError::Experience(ExperienceId::of(*missing)).into());
    }
    for one in all.iter().filter(|one| !stored.contains(&one.id.uuid())) {
        relations::insert(session, collective, one).await?;
    }
    Ok(())
}

/// Stores insights with their vectors; those that are there already stay as they are.
pub(crate) async fn insights(session: &mut Session<'_>, batch: &Batch<DerivedInsight>) -> Answer<()> {
    collectives::lock(session, batch.collective, Lock::Whole).await?;
    let ids: Vec<Uuid> = batch.records.iter().map(|(one, _)| one.id.uuid()).collect();
    let known = known(session, "insight", batch.collective, &ids).await?;
    for (one, indexed) in batch.records.iter().filter(|(one, _)| !known.contains(&one.id.uuid())) {
        insights::insert(session, one).await?;
        entries::insert(session, batch.collective, INSIGHTS, one.id.uuid(), indexed, &one.embedding).await?;
        session.log(batch.collective, Kind::InsightStored, *one.id.as_bytes());
    }
    Ok(())
}

/// Removes experiences of a collective, whether they have expired or not; what is not there is gone already.
pub(crate) async fn remove_experiences(
    session: &mut Session<'_>,
    collective: CollectiveId,
    ids: &[ExperienceId],
) -> Answer<()> {
    collectives::lock(session, collective, Lock::Whole).await?;
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let sql = rows::select("WHERE x.collective_id = $1 AND x.id = ANY ($2) ORDER BY x.id FOR UPDATE OF x");
    for row in session.rows(&sql, &[&collective.uuid(), &ids]).await? {
        relations::remove_record(session, &rows::experience(&row)?).await?;
    }
    Ok(())
}

/// Removes relations of a collective; what is not there is gone already.
pub(crate) async fn remove_relations(
    session: &mut Session<'_>,
    collective: CollectiveId,
    ids: &[RelationId],
) -> Answer<()> {
    collectives::lock(session, collective, Lock::Whole).await?;
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let sql = format!(
        "SELECT {} FROM relation r WHERE r.collective_id = $1 AND r.id = ANY ($2) ORDER BY r.id FOR UPDATE",
        rows::RELATION
    );
    for row in session.rows(&sql, &[&collective.uuid(), &ids]).await? {
        relations::delete(session, collective, &rows::relation(&row, 0)?).await?;
    }
    Ok(())
}

/// Removes insights of a collective; what is not there is gone already.
pub(crate) async fn remove_insights(
    session: &mut Session<'_>,
    collective: CollectiveId,
    ids: &[InsightId],
) -> Answer<()> {
    collectives::lock(session, collective, Lock::Whole).await?;
    for id in ids {
        let sql = "DELETE FROM insight WHERE collective_id = $1 AND id = $2";
        if session.run(sql, &[&collective.uuid(), &id.uuid()]).await? > 0 {
            entries::remove(session, collective, INSIGHTS, id.uuid()).await?;
            session.log(collective, Kind::InsightDeleted, *id.as_bytes());
        }
    }
    Ok(())
}
