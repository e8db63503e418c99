//! An experience as Markdown with front matter.

use std::ops::Not;

use pulsedb::{AgentId, CollectiveId, Experience, Timestamp};

use crate::form::front::{Fault, Front, FrontWriter};
use crate::form::moment::Moment;

/// The file of an experience: all but its vector, its collective and its sequence number.
pub(crate) fn write(experience: &Experience) -> String {
    let filled = |list: &Vec<String>| list.is_empty().not().then(|| list.clone());
    FrontWriter::new()
        .field("id", &experience.id)
        .field("type", &experience.experience_type)
        .field("agent", &experience.source_agent)
        .optional("task", experience.source_task.as_ref())
        .optional("key", experience.key.as_ref())
        .optional("domain", filled(&experience.domain).as_ref())
        .optional("tags", experience.tags.is_empty().not().then_some(&experience.tags))
        .optional("files", filled(&experience.related_files).as_ref())
        .field("importance", &experience.importance)
        .field("confidence", &experience.confidence)
        .field("applications", &experience.applications)
        .field("timestamp", &Moment(experience.timestamp))
        .field("updated_at", &Moment(experience.updated_at))
        .field("last_reinforced", &Moment(experience.last_reinforced))
        .optional("expires_at", experience.expires_at.map(Moment).as_ref())
        .optional("archived", experience.archived.then_some(&true))
        .optional("superseded", experience.superseded.then_some(&true))
        .finish(&experience.content)
}

/// The experience of a file, without its vector; `superseded` follows from the relations.
pub(crate) fn read(bytes: &[u8], collective_id: CollectiveId) -> Result<Experience, Fault> {
    let mut front = Front::parse(bytes)?;
    let moment = |it: Moment| -> Timestamp { it.0 };
    let experience = Experience {
        id: front.take("id")?,
        collective_id,
        content: String::new(),
        embedding: Vec::new(),
        experience_type: front.take("type")?,
        importance: front.take("importance")?,
        confidence: front.take("confidence")?,
        applications: front.take("applications")?,
        domain: front.take_optional("domain")?.unwrap_or_default(),
        tags: front.take_optional("tags")?.unwrap_or_default(),
        related_files: front.take_optional("files")?.unwrap_or_default(),
        source_agent: front.take::<AgentId>("agent")?,
        source_task: front.take_optional("task")?,
        timestamp: front.take("timestamp").map(moment)?,
        updated_at: front.take("updated_at").map(moment)?,
        last_reinforced: front.take("last_reinforced").map(moment)?,
        archived: front.take_optional("archived")?.unwrap_or_default(),
        superseded: front.take_optional("superseded")?.unwrap_or_default(),
        key: front.take_optional("key")?,
        expires_at: front.take_optional("expires_at")?.map(moment),
        sequence: 0,
    };
    Ok(Experience { content: front.finish()?.to_owned(), ..experience })
}
