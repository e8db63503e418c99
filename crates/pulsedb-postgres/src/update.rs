//! Changes of experiences that are there.

use pulsedb::backend::Indexed;
use pulsedb::{
    CollectiveId, Embedding, Experience, ExperienceId, ExperienceUpdate, NewExperienceRelation,
    NotFoundError, RelationType, ValidationError,
};
use uuid::Uuid;

use crate::collectives::{self, Lock};
use crate::entries::{self, EXPERIENCES};
use crate::failure::Answer;
use crate::keys::Id;
use crate::records;
use crate::relations;
use crate::rows;
use crate::session::{Kind, Session};

/// A checked update with what is made of it on the client.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) update: ExperienceUpdate,
    /// The new vector, if there is a new one; empty for a text that has none.
    pub(crate) vector: Option<Embedding>,
    /// What searches read of a new content.
    pub(crate) indexed: Option<Indexed>,
}

/// Changes what an update names.
pub(crate) async fn update(session: &mut Session<'_>, id: ExperienceId, prepared: &Prepared) -> Answer<()> {
    let mut one = rows::existing(session, id).await?;
    if prepared.update == ExperienceUpdate::default() {
        return Ok(());
    }
    apply(prepared.update.clone(), &mut one);
    one.updated_at = session.now;
    records::write(session, &one).await?;
    match (&prepared.vector, &prepared.indexed) {
        (Some(vector), Some(indexed)) => {
            entries::remove(session, one.collective_id, EXPERIENCES, id.uuid()).await?;
            entries::insert(session, one.collective_id, EXPERIENCES, id.uuid(), indexed, vector).await?;
        }
        (Some(vector), None) => entries::set_vector(session, one.collective_id, id.uuid(), vector).await?,
        (None, _) => {}
    }
    session.log(one.collective_id, Kind::Updated, *id.as_bytes());
    Ok(())
}

fn apply(update: ExperienceUpdate, one: &mut Experience) {
    fn set<T>(field: &mut T, value: Option<T>) {
        if let Some(value) = value {
            *field = value;
        }
    }
    set(&mut one.content, update.content);
    set(&mut one.importance, update.importance);
    set(&mut one.confidence, update.confidence);
    set(&mut one.domain, update.domain);
    set(&mut one.tags, update.tags);
    set(&mut one.related_files, update.related_files);
    set(&mut one.experience_type, update.experience_type);
}

/// Archives an experience, or takes it out of the archive; one that is as wanted already stays as it is.
pub(crate) async fn set_archived(session: &mut Session<'_>, id: ExperienceId, archived: bool) -> Answer<()> {
    let mut one = rows::existing(session, id).await?;
    if one.archived == archived {
        return Ok(());
    }
    one.archived = archived;
    one.updated_at = session.now;
    records::write(session, &one).await?;
    let kind = if archived { Kind::Archived } else { Kind::Unarchived };
    session.log(one.collective_id, kind, *id.as_bytes());
    Ok(())
}

/// Records an experience in the place of another one, whose key it gets unless it has another.
pub(crate) async fn supersede(
    session: &mut Session<'_>,
    older: ExperienceId,
    prepared: &records::Prepared,
) -> Answer<ExperienceId> {
    let row = session.row("SELECT collective_id FROM experience WHERE id = $1", &[&older.uuid()]).await?;
    let collective: CollectiveId = Id::of(row.ok_or(NotFoundError::Experience(older))?.get::<_, Uuid>(0));
    collectives::lock(session, collective, Lock::Whole).await?;
    let before = rows::existing(session, older).await?;
    let named = prepared.new.collective_id;
    if !named.is_nil() && named != collective {
        let reason = format!("{older} is in collective {collective}, not in {named}");
        return Err(ValidationError::InvalidField { field: "collective_id".into(), reason }.into());
    }
    if prepared.new.key.is_some() && prepared.new.key == before.key {
        // The new one is not to replace the old one but to stand beside it.
        relations::set_key(session, older, None).await?;
    }
    let source_id = records::record(session, prepared, Some(collective)).await?;
    let relation_type = RelationType::Supersedes;
    let relation =
        NewExperienceRelation { source_id, target_id: older, relation_type, strength: 1.0, metadata: None };
    relations::store(session, &relation).await?;
    Ok(source_id)
}

/// Counts one more application; how many they are.
pub(crate) async fn reinforce(session: &mut Session<'_>, id: ExperienceId) -> Answer<u32> {
    let mut one = rows::existing(session, id).await?;
    one.applications = one.applications.saturating_add(1);
    one.last_reinforced = session.now;
    one.updated_at = session.now;
    records::write(session, &one).await?;
    session.log(one.collective_id, Kind::Reinforced, *id.as_bytes());
    Ok(one.applications)
}

/// Deletes an experience with its relations.
pub(crate) async fn delete(session: &mut Session<'_>, id: ExperienceId) -> Answer<()> {
    // The collective is locked before what is in it, as everywhere.
    let row = session.row("SELECT collective_id FROM experience WHERE id = $1", &[&id.uuid()]).await?;
    let row = row.ok_or(NotFoundError::Experience(id))?;
    collectives::lock(session, Id::of(row.get::<_, Uuid>(0)), Lock::Whole).await?;
    let one = rows::existing(session, id).await?;
    relations::delete_record(session, &one).await
}
