//! The superblock: which commit holds.

use embeddenator_io::{ByteWriter, ContentHash, Cursor, Error, Result};

/// Bytes of a slot: a page, so that a torn write of one does not reach the other.
pub(crate) const SUPERBLOCK_BYTES: usize = 4096;
/// Where the first commit begins.
pub(crate) const FIRST_COMMIT: u64 = 2 * SUPERBLOCK_BYTES as u64;
/// The version of the format that is written and read.
pub(crate) const VERSION: u16 = 1;
const CHECK_BYTES: usize = 16;
const MAGIC: [u8; 8] = *b"\x89EMBEGM\n";
const WHAT: &str = "a superblock";

/// What a slot says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Superblock {
    /// What the engram is called among machines.
    pub(crate) uuid: [u8; 16],
    /// The number of the commit, from 1.
    pub(crate) sequence: u64,
    /// Where its footer is.
    pub(crate) footer: u64,
    /// The hash of that footer.
    pub(crate) footer_hash: ContentHash,
}

impl Superblock {
    /// The slot that a commit writes, 0 or 1.
    pub(crate) fn slot(&self) -> u64 {
        self.sequence % 2
    }

    /// The bytes of the slot.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut writer = ByteWriter::with_capacity(SUPERBLOCK_BYTES);
        writer.bytes(&MAGIC).u16(VERSION).zeros(6);
        writer.bytes(&self.uuid).u64(self.sequence).u64(self.footer).bytes(&self.footer_hash.0);
        writer.align(SUPERBLOCK_BYTES - CHECK_BYTES);
        let check = ContentHash::of(writer.as_bytes());
        writer.bytes(&check.0);
        writer.into_bytes()
    }

    /// What the first eight bytes of a file are if no engram begins so; one that was cut before them may.
    pub(crate) fn unlike(begin: &[u8]) -> Option<[u8; 8]> {
        if !begin.is_empty() && MAGIC.starts_with(begin) {
            return None;
        }
        let mut found = [0; 8];
        found.iter_mut().zip(begin).for_each(|(to, from)| *to = *from);
        Some(found)
    }

    /// Reads a slot that stands at byte `offset`.
    pub(crate) fn read(bytes: &[u8], offset: u64) -> Result<Self> {
        let mut cursor = Cursor::with_offset(bytes, offset);
        let magic = cursor.array::<8>(WHAT)?;
        if magic != MAGIC {
            return Err(Error::NotRecognised { what: "engram", found: magic });
        }
        let version = cursor.u16(WHAT)?;
        if version != VERSION {
            return Err(Error::UnsupportedVersion { what: "the engram", found: version, supported: VERSION });
        }
        let mut whole = Cursor::new(bytes);
        let covered = whole.take(SUPERBLOCK_BYTES - CHECK_BYTES, WHAT)?;
        if ContentHash(whole.array(WHAT)?) != ContentHash::of(covered) {
            return Err(Error::ChecksumMismatch { what: WHAT, offset });
        }
        cursor.zeros(2, WHAT)?;
        read_features(&mut cursor)?;
        let superblock = Self {
            uuid: cursor.array(WHAT)?,
            sequence: cursor.u64(WHAT)?,
            footer: cursor.u64(WHAT)?,
            footer_hash: ContentHash(cursor.array(WHAT)?),
        };
        cursor.zeros(SUPERBLOCK_BYTES - CHECK_BYTES - 64, WHAT)?;
        Ok(superblock)
    }
}

/// Refuses features that this program does not know.
pub(super) fn read_features(cursor: &mut Cursor<'_>) -> Result<()> {
    match cursor.u32("the features of the engram")? {
        0 => Ok(()),
        features => {
            let found = if features > 0xffff { (features >> 16) as u16 } else { features as u16 };
            Err(Error::UnsupportedFlags { what: "the engram", found })
        }
    }
}
