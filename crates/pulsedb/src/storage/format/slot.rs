//! Rows of `slot`, and the slot that index rows name.

use crate::clock::Timestamp;
use crate::id::ExperienceId;
use crate::model::change::Slot;
use crate::storage::format::flags::{ARCHIVED, SUPERSEDED, bit, known_bits};
use crate::storage::format::reader::Reader;
use crate::storage::format::writer::Write;

/// A row of `slot`: what a scan and a filter need of one experience.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SlotRow {
    pub(crate) id: ExperienceId,
    pub(crate) timestamp: Timestamp,
    pub(crate) importance: f32,
    pub(crate) confidence: f32,
    /// Words of the content, as the index counts them.
    pub(crate) words: u32,
    pub(crate) type_tag: u8,
    pub(crate) archived: bool,
    pub(crate) superseded: bool,
}

impl SlotRow {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.put(self.id.as_bytes());
        out.time(self.timestamp);
        out.f32(self.importance);
        out.f32(self.confidence);
        out.u32(self.words);
        out.u8(self.type_tag);
        out.u8(bit(self.archived, ARCHIVED) | bit(self.superseded, SUPERSEDED));
        out.u16(0);
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let id = ExperienceId::from_bytes(reader.id()?);
        let timestamp = reader.time()?;
        let importance = reader.f32()?;
        let confidence = reader.f32()?;
        let words = reader.u32()?;
        let type_tag = reader.u8()?;
        let flags = known_bits(reader.u8()?, ARCHIVED | SUPERSEDED)?;
        let reserved = reader.u16()?;
        reader.end()?;
        if reserved != 0 {
            return None;
        }
        let archived = flags & ARCHIVED != 0;
        let superseded = flags & SUPERSEDED != 0;
        Some(Self { id, timestamp, importance, confidence, words, type_tag, archived, superseded })
    }
}

/// The value of an index row.
pub(crate) fn read_slot_value(bytes: &[u8]) -> Option<Slot> {
    let mut reader = Reader::new(bytes);
    let slot = Slot(reader.u32()?);
    reader.end()?;
    Some(slot)
}
