//! Rows of `meta`: facts about the database as a whole.

use crate::error::{PulseDBError, Result, StorageError};
use crate::limits;
use crate::model::ProviderIdentity;
use crate::storage::format::reader::Reader;
use crate::storage::format::series::Generation;
use crate::storage::format::writer::Write;

/// Key of the format version and feature bits.
pub(in crate::storage) const FORMAT: &[u8] = b"format";
/// Key of the embedder whose vectors are in force.
pub(in crate::storage) const EMBEDDING: &[u8] = b"embedding";
/// Key of the embedder that a move builds the next generation with; missing if there is no move.
pub(in crate::storage) const NEXT_EMBEDDING: &[u8] = b"next_embedding";
/// Key of the mark that vectors of other generations than those two may be left.
pub(in crate::storage) const OLD_VECTORS: &[u8] = b"old_vectors";
/// Key of the number of the last change.
pub(in crate::storage) const SEQUENCE: &[u8] = b"sequence";
/// Key of the smallest sequence number in the log.
pub(in crate::storage) const FLOOR: &[u8] = b"floor";
/// Key of the number that the next collective gets.
pub(in crate::storage) const NEXT_NUMBER: &[u8] = b"next_number";
/// Key of the number that the next block gets.
pub(in crate::storage) const NEXT_BLOCK: &[u8] = b"next_block";
/// Key of the moment of creation.
pub(in crate::storage) const CREATED: &[u8] = b"created";

/// The newest format that this code reads and the one that it writes.
pub(crate) const FORMAT_VERSION: FormatVersion = FormatVersion { major: limits::FORMAT_MAJOR, minor: 0 };

/// Version of the layout of a database. Older code of the same major version reads a newer minor one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FormatVersion {
    pub(crate) major: u16,
    pub(crate) minor: u16,
}

impl std::fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The row `format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::storage) struct FormatRow {
    pub(in crate::storage) version: FormatVersion,
    /// Features that code must know to read the database correctly; none are defined yet.
    pub(in crate::storage) required: u64,
    /// Features that code may ignore if it does not know them; none are defined yet.
    pub(in crate::storage) optional: u64,
}

impl FormatRow {
    pub(in crate::storage) const CURRENT: Self = Self { version: FORMAT_VERSION, required: 0, optional: 0 };

    pub(in crate::storage) fn write(&self, out: &mut Vec<u8>) {
        out.u16(self.version.major);
        out.u16(self.version.minor);
        out.u64(self.required);
        out.u64(self.optional);
    }

    pub(in crate::storage) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let version = FormatVersion { major: reader.u16()?, minor: reader.u16()? };
        let row = Self { version, required: reader.u64()?, optional: reader.u64()? };
        reader.end()?;
        Some(row)
    }

    /// Refuses what this code cannot read correctly.
    pub(in crate::storage) fn admit(&self) -> Result<()> {
        if self.version.major > FORMAT_VERSION.major {
            return Err(StorageError::FormatTooNew {
                found: self.version.to_string(),
                supported: FORMAT_VERSION.to_string(),
            }
            .into());
        }
        if self.version.major < FORMAT_VERSION.major {
            return Err(StorageError::FormatTooOld {
                found: self.version.to_string(),
                supported: FORMAT_VERSION.to_string(),
            }
            .into());
        }
        if self.required != 0 {
            return Err(StorageError::FormatTooNew {
                found: format!("{} with required features {:#x}", self.version, self.required),
                supported: format!("{FORMAT_VERSION} without them"),
            }
            .into());
        }
        Ok(())
    }
}

/// The rows `embedding` and `next_embedding`: what makes vectors, and the generation of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct EmbeddingRow {
    pub(crate) generation: Generation,
    pub(crate) identity: ProviderIdentity,
}

impl EmbeddingRow {
    pub(in crate::storage) fn write(&self, out: &mut Vec<u8>) {
        out.u16(self.generation.0);
        out.u32(self.identity.dimension as u32);
        out.text(&self.identity.provider);
        out.text(&self.identity.model_digest);
    }

    pub(in crate::storage) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let generation = Generation(reader.u16()?);
        let dimension = usize::try_from(reader.u32()?).ok()?;
        let identity = ProviderIdentity { provider: reader.text()?, model_digest: reader.text()?, dimension };
        reader.end()?;
        Some(Self { generation, identity })
    }

    /// Fails unless the stored embedder is this one.
    pub(in crate::storage) fn expect(&self, stored: &ProviderIdentity) -> Result<()> {
        if *stored == self.identity {
            return Ok(());
        }
        let (stored, requested) = (Box::new(stored.clone()), Box::new(self.identity.clone()));
        Err(PulseDBError::EmbeddingProviderMismatch { stored, requested })
    }

    /// The generation alone.
    pub(in crate::storage) fn read_generation(bytes: &[u8]) -> Option<Generation> {
        Reader::new(bytes).u16().map(Generation)
    }
}

/// The row `old_vectors`, which says all by being there.
pub(in crate::storage) fn read_mark(bytes: &[u8]) -> Option<()> {
    bytes.is_empty().then_some(())
}

/// A row that is one number.
pub(in crate::storage) fn read_number(bytes: &[u8]) -> Option<u64> {
    let mut reader = Reader::new(bytes);
    let value = reader.u64()?;
    reader.end()?;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_and_newer_formats_are_refused_by_name() {
        let of = |major| FormatRow { version: FormatVersion { major, minor: 7 }, ..FormatRow::CURRENT };
        assert!(of(FORMAT_VERSION.major).admit().is_ok());
        let older = of(FORMAT_VERSION.major - 1).admit().unwrap_err();
        assert!(matches!(older, PulseDBError::Storage(StorageError::FormatTooOld { .. })), "{older}");
        assert!(older.to_string().contains("export with the version that wrote it, then import"), "{older}");
        let newer = of(FORMAT_VERSION.major + 1).admit().unwrap_err();
        assert!(matches!(newer, PulseDBError::Storage(StorageError::FormatTooNew { .. })), "{newer}");
    }
}
