//! Rows of `collective` and `counter`.

use crate::clock::Timestamp;
use crate::model::change::CollectiveNumber;
use crate::storage::format::flags::flag;
use crate::storage::format::reader::Reader;
use crate::storage::format::writer::Write;

/// A row of `collective`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CollectiveRow {
    pub(crate) number: CollectiveNumber,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) name: String,
    pub(crate) owner: Option<String>,
}

impl CollectiveRow {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.u32(self.number.0);
        out.u8(u8::from(self.owner.is_some()));
        out.time(self.created_at);
        out.time(self.updated_at);
        out.text(&self.name);
        if let Some(owner) = &self.owner {
            out.text(owner);
        }
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let number = CollectiveNumber(reader.u32()?);
        let has_owner = flag(reader.u8()?)?;
        let created_at = reader.time()?;
        let updated_at = reader.time()?;
        let name = reader.text()?;
        let owner = if has_owner { Some(reader.text()?) } else { None };
        reader.end()?;
        Some(Self { number, created_at, updated_at, name, owner })
    }
}

/// A row of `counter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct CounterRow {
    pub(crate) experiences: u64,
    /// Bytes of keys and values, but for vectors.
    pub(crate) bytes: u64,
    /// Bytes of keys and values of vectors.
    pub(crate) vector_bytes: u64,
    /// Words of all contents, as the index counts them.
    pub(crate) words: u64,
    pub(crate) next_slot: u32,
    /// Rows of the tail of its index.
    pub(crate) tail_rows: u32,
    /// Rows of `activity`.
    pub(crate) activities: u32,
}

impl CounterRow {
    /// Bytes of all keys and values.
    pub(crate) fn all_bytes(&self) -> u64 {
        self.bytes + self.vector_bytes
    }

    /// Counts bytes of keys and values that came, or went if negative.
    pub(crate) fn grow(&mut self, bytes: i64) {
        self.bytes = self.bytes.saturating_add_signed(bytes);
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.u64(self.experiences);
        out.u64(self.bytes);
        out.u64(self.vector_bytes);
        out.u64(self.words);
        out.u32(self.next_slot);
        out.u32(self.tail_rows);
        out.u32(self.activities);
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let row = Self {
            experiences: reader.u64()?,
            bytes: reader.u64()?,
            vector_bytes: reader.u64()?,
            words: reader.u64()?,
            next_slot: reader.u32()?,
            tail_rows: reader.u32()?,
            activities: reader.u32()?,
        };
        reader.end()?;
        Some(row)
    }
}
