//! Rows of `relation`, and the rows that find them by their ends.

use crate::id::{CollectiveId, ExperienceId, RelationId};
use crate::model::change::CollectiveNumber;
use crate::model::{ExperienceRelation, RelationType};
use crate::storage::format::flags::{HAS_METADATA, bit, known_bits};
use crate::storage::format::reader::Reader;
use crate::storage::format::writer::Write;

/// A row of `relation`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RelationRow {
    pub(crate) number: CollectiveNumber,
    pub(crate) collective_id: CollectiveId,
    pub(crate) relation: ExperienceRelation,
}

impl RelationRow {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let relation = &self.relation;
        out.u32(self.number.0);
        out.put(self.collective_id.as_bytes());
        out.put(relation.source_id.as_bytes());
        out.put(relation.target_id.as_bytes());
        out.time(relation.created_at);
        out.f32(relation.strength);
        out.u8(relation_tag(relation.relation_type));
        out.u8(bit(relation.metadata.is_some(), HAS_METADATA));
        if let Some(metadata) = &relation.metadata {
            out.text(metadata);
        }
    }

    pub(crate) fn read(id: RelationId, bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let number = CollectiveNumber(reader.u32()?);
        let collective_id = CollectiveId::from_bytes(reader.id()?);
        let source_id = ExperienceId::from_bytes(reader.id()?);
        let target_id = ExperienceId::from_bytes(reader.id()?);
        let created_at = reader.time()?;
        let strength = reader.f32()?;
        let relation_type = relation_type(reader.u8()?)?;
        let flags = known_bits(reader.u8()?, HAS_METADATA)?;
        let metadata = if flags & HAS_METADATA == 0 { None } else { Some(reader.text()?) };
        reader.end()?;
        let relation =
            ExperienceRelation { id, source_id, target_id, relation_type, strength, metadata, created_at };
        Some(Self { number, collective_id, relation })
    }
}

/// The number of a type in keys and rows.
pub(crate) fn relation_tag(relation_type: RelationType) -> u8 {
    match relation_type {
        RelationType::Supports => 0,
        RelationType::Contradicts => 1,
        RelationType::Elaborates => 2,
        RelationType::Supersedes => 3,
        RelationType::Implies => 4,
        RelationType::RelatedTo => 5,
    }
}

fn relation_type(tag: u8) -> Option<RelationType> {
    RelationType::ALL.into_iter().find(|one| relation_tag(*one) == tag)
}

/// A row of `relation_by_source` or `relation_by_target`: the end that its key begins with, what is said, the other end,
/// and which relation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) near: ExperienceId,
    pub(crate) relation_type: RelationType,
    pub(crate) far: ExperienceId,
    pub(crate) id: RelationId,
}

/// Bytes of a key of a link: number, end, type, other end.
const LINK_KEY_BYTES: usize = 4 + 16 + 1 + 16;

impl Link {
    /// As the source of a relation sees it.
    pub(crate) fn of_source(relation: &ExperienceRelation) -> Self {
        Self {
            near: relation.source_id,
            relation_type: relation.relation_type,
            far: relation.target_id,
            id: relation.id,
        }
    }

    /// As the target of a relation sees it.
    pub(crate) fn of_target(relation: &ExperienceRelation) -> Self {
        Self { near: relation.target_id, far: relation.source_id, ..Self::of_source(relation) }
    }

    pub(crate) fn key(&self, number: CollectiveNumber) -> [u8; LINK_KEY_BYTES] {
        let mut key = [0; LINK_KEY_BYTES];
        key[..4].copy_from_slice(&number.0.to_be_bytes());
        key[4..20].copy_from_slice(self.near.as_bytes());
        key[20] = relation_tag(self.relation_type);
        key[21..].copy_from_slice(self.far.as_bytes());
        key
    }

    pub(crate) fn read(key: &[u8], bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(key);
        reader.u32()?;
        let near = ExperienceId::from_bytes(reader.id()?);
        let relation_type = relation_type(reader.u8()?)?;
        let far = ExperienceId::from_bytes(reader.id()?);
        reader.end()?;
        let id = RelationId::from_bytes(bytes.try_into().ok()?);
        Some(Self { near, relation_type, far, id })
    }
}

/// The first and the last key that links of an end may have, of one type or of all.
pub(crate) fn link_bounds(
    number: CollectiveNumber,
    near: ExperienceId,
    relation_type: Option<RelationType>,
) -> (Vec<u8>, Vec<u8>) {
    let mut from = number.0.to_be_bytes().to_vec();
    from.extend_from_slice(near.as_bytes());
    from.extend(relation_type.map(relation_tag));
    let mut to = from.clone();
    from.resize(LINK_KEY_BYTES, 0);
    to.resize(LINK_KEY_BYTES, 0xff);
    (from, to)
}
