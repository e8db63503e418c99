//! Rows of `experience`.

use std::collections::BTreeMap;

use crate::id::{AgentId, CollectiveId, ExperienceId, TaskId};
use crate::model::Experience;
use crate::model::change::{CollectiveNumber, Slot};
use crate::storage::format::experience_type::{read_type, type_tag, write_type};
use crate::storage::format::flags::{ARCHIVED, EXPIRES, HAS_KEY, HAS_TASK, SUPERSEDED, bit, known_bits};
use crate::storage::format::reader::Reader;
use crate::storage::format::writer::Write;

/// Where the rows of an experience are, which callers do not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) number: CollectiveNumber,
    pub(crate) slot: Slot,
}

/// Writes a row of `experience`. The vector is not part of it.
pub(crate) fn write_experience(place: Place, experience: &Experience, out: &mut Vec<u8>) {
    out.u32(place.number.0);
    out.u32(place.slot.0);
    out.put(experience.collective_id.as_bytes());
    out.u64(experience.sequence);
    out.time(experience.timestamp);
    out.time(experience.updated_at);
    out.time(experience.last_reinforced);
    out.f32(experience.importance);
    out.f32(experience.confidence);
    out.u32(experience.applications);
    out.u8(type_tag(&experience.experience_type));
    out.u8(bit(experience.archived, ARCHIVED)
        | bit(experience.source_task.is_some(), HAS_TASK)
        | bit(experience.key.is_some(), HAS_KEY)
        | bit(experience.expires_at.is_some(), EXPIRES)
        | bit(experience.superseded, SUPERSEDED));
    out.text(&experience.content);
    out.text(experience.source_agent.as_str());
    if let Some(task) = &experience.source_task {
        out.text(task.as_str());
    }
    if let Some(key) = &experience.key {
        out.text(key);
    }
    if let Some(end) = experience.expires_at {
        out.time(end);
    }
    out.texts(&experience.domain);
    out.u16(experience.tags.len() as u16);
    for (key, value) in &experience.tags {
        out.text(key);
        out.text(value);
    }
    out.texts(&experience.related_files);
    write_type(&experience.experience_type, out);
}

/// Reads a row of `experience`; the embedding is left empty.
pub(crate) fn read_experience(id: ExperienceId, bytes: &[u8]) -> Option<(Place, Experience)> {
    let mut reader = Reader::new(bytes);
    let number = CollectiveNumber(reader.u32()?);
    let slot = Slot(reader.u32()?);
    let collective_id = CollectiveId::from_bytes(reader.id()?);
    let sequence = reader.u64()?;
    let timestamp = reader.time()?;
    let updated_at = reader.time()?;
    let last_reinforced = reader.time()?;
    let importance = reader.f32()?;
    let confidence = reader.f32()?;
    let applications = reader.u32()?;
    let type_tag = reader.u8()?;
    let flags = known_bits(reader.u8()?, ARCHIVED | HAS_TASK | HAS_KEY | EXPIRES | SUPERSEDED)?;
    let content = reader.text()?;
    let source_agent = AgentId::new(reader.text()?);
    let source_task = if flags & HAS_TASK == 0 { None } else { Some(TaskId::new(reader.text()?)) };
    let key = if flags & HAS_KEY == 0 { None } else { Some(reader.text()?) };
    let expires_at = if flags & EXPIRES == 0 { None } else { Some(reader.time()?) };
    let domain = reader.texts()?;
    let tags = read_tags(&mut reader)?;
    let related_files = reader.texts()?;
    let experience_type = read_type(type_tag, &mut reader)?;
    reader.end()?;
    let place = Place { number, slot };
    let experience = Experience {
        id,
        collective_id,
        content,
        embedding: Vec::new(),
        experience_type,
        importance,
        confidence,
        applications,
        domain,
        tags,
        related_files,
        source_agent,
        source_task,
        timestamp,
        updated_at,
        last_reinforced,
        archived: flags & ARCHIVED != 0,
        superseded: flags & SUPERSEDED != 0,
        key,
        expires_at,
        sequence,
    };
    Some((place, experience))
}

fn read_tags(reader: &mut Reader<'_>) -> Option<BTreeMap<String, String>> {
    let count = usize::from(reader.u16()?);
    let mut tags = BTreeMap::new();
    for _ in 0..count {
        let key = reader.text()?;
        // They are written in order. If a key came twice, one value would be lost silently.
        if tags.last_key_value().is_some_and(|(last, _)| *last >= key) {
            return None;
        }
        tags.insert(key, reader.text()?);
    }
    Some(tags)
}
