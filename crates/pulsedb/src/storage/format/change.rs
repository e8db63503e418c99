//! Rows of `log`.

use crate::id::{CollectiveId, ExperienceId, InsightId, RelationId, Seq};
use crate::model::change::{Action, Change, ChangeKind, CollectiveNumber, ExperienceChange, Slot};
use crate::storage::format::reader::Reader;
use crate::storage::format::writer::Write;

/// What a row of the log is about, as its kind byte.
mod kind {
    pub(super) const COLLECTIVE_CREATED: u8 = 0;
    pub(super) const COLLECTIVE_DELETED: u8 = 1;
    pub(super) const COLLECTIVE_RENAMED: u8 = 2;
    pub(super) const EXPERIENCE_CREATED: u8 = 16;
    pub(super) const EXPERIENCE_UPDATED: u8 = 17;
    pub(super) const EXPERIENCE_REINFORCED: u8 = 18;
    pub(super) const EXPERIENCE_ARCHIVED: u8 = 19;
    pub(super) const EXPERIENCE_UNARCHIVED: u8 = 20;
    pub(super) const EXPERIENCE_DELETED: u8 = 21;
    pub(super) const RELATION_CREATED: u8 = 32;
    pub(super) const RELATION_DELETED: u8 = 33;
    pub(super) const INSIGHT_CREATED: u8 = 48;
    pub(super) const INSIGHT_DELETED: u8 = 49;
}

/// Writes a row of `log`; its key is the sequence number.
pub(crate) fn write_change(change: &Change, transaction: u64, out: &mut Vec<u8>) {
    let tag = match &change.kind {
        ChangeKind::CollectiveCreated => kind::COLLECTIVE_CREATED,
        ChangeKind::CollectiveDeleted => kind::COLLECTIVE_DELETED,
        ChangeKind::CollectiveRenamed => kind::COLLECTIVE_RENAMED,
        ChangeKind::Experience(experience) => match experience.action {
            Action::Created => kind::EXPERIENCE_CREATED,
            Action::Updated => kind::EXPERIENCE_UPDATED,
            Action::Reinforced => kind::EXPERIENCE_REINFORCED,
            Action::Archived => kind::EXPERIENCE_ARCHIVED,
            Action::Unarchived => kind::EXPERIENCE_UNARCHIVED,
            Action::Deleted => kind::EXPERIENCE_DELETED,
        },
        ChangeKind::Relation { is_deleted: false, .. } => kind::RELATION_CREATED,
        ChangeKind::Relation { is_deleted: true, .. } => kind::RELATION_DELETED,
        ChangeKind::Insight { is_deleted: false, .. } => kind::INSIGHT_CREATED,
        ChangeKind::Insight { is_deleted: true, .. } => kind::INSIGHT_DELETED,
    };
    out.u8(tag);
    out.u64(transaction);
    out.time(change.timestamp);
    out.u32(change.number.0);
    out.put(change.collective_id.as_bytes());
    match &change.kind {
        ChangeKind::CollectiveCreated | ChangeKind::CollectiveDeleted | ChangeKind::CollectiveRenamed => {}
        ChangeKind::Experience(experience) => {
            out.put(experience.id.as_bytes());
            out.u32(experience.slot.0);
            out.u32(experience.previous.0);
            out.u8(experience.type_tag);
            out.f32(experience.importance);
            out.texts(&experience.domain);
        }
        ChangeKind::Relation { id, .. } => out.put(id.as_bytes()),
        ChangeKind::Insight { id, .. } => out.put(id.as_bytes()),
    }
}

/// Reads a row of `log`, and the number of the transaction that wrote it.
pub(crate) fn read_change(sequence: Seq, bytes: &[u8]) -> Option<(Change, u64)> {
    let mut reader = Reader::new(bytes);
    let tag = reader.u8()?;
    let transaction = reader.u64()?;
    let timestamp = reader.time()?;
    let number = CollectiveNumber(reader.u32()?);
    let collective_id = CollectiveId::from_bytes(reader.id()?);
    let kind = match tag {
        kind::COLLECTIVE_CREATED => ChangeKind::CollectiveCreated,
        kind::COLLECTIVE_DELETED => ChangeKind::CollectiveDeleted,
        kind::COLLECTIVE_RENAMED => ChangeKind::CollectiveRenamed,
        kind::EXPERIENCE_CREATED => read_experience_change(Action::Created, &mut reader)?,
        kind::EXPERIENCE_UPDATED => read_experience_change(Action::Updated, &mut reader)?,
        kind::EXPERIENCE_REINFORCED => read_experience_change(Action::Reinforced, &mut reader)?,
        kind::EXPERIENCE_ARCHIVED => read_experience_change(Action::Archived, &mut reader)?,
        kind::EXPERIENCE_UNARCHIVED => read_experience_change(Action::Unarchived, &mut reader)?,
        kind::EXPERIENCE_DELETED => read_experience_change(Action::Deleted, &mut reader)?,
        kind::RELATION_CREATED | kind::RELATION_DELETED => ChangeKind::Relation {
            id: RelationId::from_bytes(reader.id()?),
            is_deleted: tag == kind::RELATION_DELETED,
        },
        kind::INSIGHT_CREATED | kind::INSIGHT_DELETED => ChangeKind::Insight {
            id: InsightId::from_bytes(reader.id()?),
            is_deleted: tag == kind::INSIGHT_DELETED,
        },
        _ => return None,
    };
    reader.end()?;
    Some((Change { sequence, timestamp, number, collective_id, kind }, transaction))
}

fn read_experience_change(action: Action, reader: &mut Reader<'_>) -> Option<ChangeKind> {
    Some(ChangeKind::Experience(ExperienceChange {
        id: ExperienceId::from_bytes(reader.id()?),
        action,
        slot: Slot(reader.u32()?),
        previous: Slot(reader.u32()?),
        type_tag: reader.u8()?,
        importance: reader.f32()?,
        domain: reader.texts()?,
    }))
}
