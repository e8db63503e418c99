//! The footer: the end of a commit, from which everything that holds is found.

use embeddenator_io::{ByteWriter, ContentHash, Cursor, Error, Result};

use crate::container::blob::Reference;
use crate::container::superblock::{FIRST_COMMIT, Superblock, VERSION, read_features};

/// Bytes of a footer.
pub(crate) const FOOTER_BYTES: usize = 256;
/// Multiple of bytes at which footers stand, so that looking for one looks at few places.
pub(crate) const FOOTER_ALIGNMENT: usize = 64;
const CHECK_BYTES: usize = 16;
const MAGIC: [u8; 8] = *b"\x89EMBFTR\n";
const WHAT: &str = "a footer";

/// How many rows the tables have, over all commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Totals {
    pub(crate) segments: u32,
    pub(crate) chunks: u32,
    pub(crate) signatures: u32,
}

/// The end of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) uuid: [u8; 16],
    pub(crate) sequence: u64,
    /// Where it stands.
    pub(crate) offset: u64,
    /// Where its commit begins.
    pub(crate) start: u64,
    /// Where the footer of the commit before stands; 0 for the first.
    pub(crate) previous: u64,
    /// The hash of that footer; zeros for the first.
    pub(crate) previous_hash: ContentHash,
    pub(crate) runs: Reference,
    pub(crate) snapshots: Reference,
    pub(crate) totals: Totals,
}

impl Footer {
    /// Where the next commit begins.
    pub(crate) fn end(&self) -> u64 {
        self.offset.saturating_add(FOOTER_BYTES as u64)
    }

    /// The superblock that leads here.
    pub(crate) fn superblock(&self) -> Superblock {
        let Self { uuid, sequence, offset, .. } = *self;
        Superblock { uuid, sequence, footer: offset, footer_hash: self.hash() }
    }

    /// What names it in superblocks and in the footer of the next commit.
    pub(crate) fn hash(&self) -> ContentHash {
        ContentHash::of(self.fields().as_bytes())
    }

    /// Its bytes.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut writer = self.fields();
        let hash = ContentHash::of(writer.as_bytes());
        writer.bytes(&hash.0);
        writer.into_bytes()
    }

    fn fields(&self) -> ByteWriter {
        let mut writer = ByteWriter::with_capacity(FOOTER_BYTES);
        writer.bytes(&MAGIC).u16(VERSION).zeros(6);
        writer.bytes(&self.uuid).u64(self.sequence).u64(self.offset).u64(self.start);
        writer.u64(self.previous).bytes(&self.previous_hash.0);
        self.runs.write(&mut writer);
        self.snapshots.write(&mut writer);
        writer.u32(self.totals.segments).u32(self.totals.chunks).u32(self.totals.signatures);
        writer.zeros(FOOTER_BYTES - CHECK_BYTES - writer.len());
        writer
    }

    /// Reads a footer that stands at byte `offset`.
    pub(crate) fn read(bytes: &[u8], offset: u64) -> Result<Self> {
        let mut cursor = Cursor::with_offset(bytes, offset);
        let malformed = |reason| Error::Malformed { what: WHAT, offset, reason };
        if cursor.array::<8>(WHAT)? != MAGIC {
            return Err(malformed("its magic is missing"));
        }
        let version = cursor.u16(WHAT)?;
        if version != VERSION {
            return Err(Error::UnsupportedVersion { what: WHAT, found: version, supported: VERSION });
        }
        let mut whole = Cursor::new(bytes);
        let covered = whole.take(FOOTER_BYTES - CHECK_BYTES, WHAT)?;
        if ContentHash(whole.array(WHAT)?) != ContentHash::of(covered) {
            return Err(Error::ChecksumMismatch { what: WHAT, offset });
        }
        cursor.zeros(2, WHAT)?;
        read_features(&mut cursor)?;
        let footer = Self {
            uuid: cursor.array(WHAT)?,
            sequence: cursor.u64(WHAT)?,
            offset: cursor.u64(WHAT)?,
            start: cursor.u64(WHAT)?,
            previous: cursor.u64(WHAT)?,
            previous_hash: ContentHash(cursor.array(WHAT)?),
            runs: Reference::read(&mut cursor)?,
            snapshots: Reference::read(&mut cursor)?,
            totals: Totals {
                segments: cursor.u32(WHAT)?,
                chunks: cursor.u32(WHAT)?,
                signatures: cursor.u32(WHAT)?,
            },
        };
        cursor.zeros(FOOTER_BYTES - CHECK_BYTES - 156, WHAT)?;
        if footer.offset != offset {
            return Err(malformed("it belongs elsewhere"));
        }
        let first = footer.previous == 0;
        let before = if first { FIRST_COMMIT } else { footer.previous.saturating_add(FOOTER_BYTES as u64) };
        if footer.start != before
            || footer.start > offset
            || footer.sequence == 0
            || first != (footer.sequence == 1)
        {
            return Err(malformed("its commit does not follow the one before"));
        }
        Ok(footer)
    }

    /// Whether `bytes` begin like a footer.
    pub(crate) fn begins(bytes: &[u8]) -> bool {
        bytes.starts_with(&MAGIC)
    }
}
