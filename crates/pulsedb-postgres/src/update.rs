//! Changes of experiences that are there.

use pulsedb::backend::Indexed;
use pulsedb::{Embedding, Experience, ExperienceId, ExperienceUpdate, NotFoundError};
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

/// Archives an experience; one that is archived already stays as it is.
pub(crate) async fn archive(session: &mut Session<'_>, id: ExperienceId) -> Answer<()> {
    let mut one = rows::existing(session, id).await?;
    if one.archived {
        return Ok(());
    }
    one.archived = true;
    one.updated_at = session.now;
    records::write(session, &one).await?;
    session.log(one.collective_id, Kind::Archived, *id.as_bytes());
    Ok(())
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
