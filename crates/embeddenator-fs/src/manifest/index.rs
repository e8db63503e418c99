//! The index of a manifest: where its blocks are, and the first path of each.

use embeddenator_io::{ByteWriter, Cursor, Error, Result};

use crate::container::blob::{REFERENCE_BYTES, Reference};
use crate::path::{EngramPath, broken_rule};

const WHAT: &str = "the index of the manifest";

/// A block of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlockRow {
    pub(crate) blob: Reference,
    pub(crate) entries: u32,
    pub(crate) first: EngramPath,
}

/// All blocks in the order of their paths; there is one at least, and the first begins with the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ManifestIndex {
    pub(crate) blocks: Vec<BlockRow>,
}

impl ManifestIndex {
    /// Its bytes.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut writer = ByteWriter::new();
        writer.u32(self.blocks.len() as u32).zeros(4);
        for row in &self.blocks {
            row.blob.write(&mut writer);
            writer.u32(row.entries).u16(row.first.as_bytes().len() as u16).zeros(2);
            writer.bytes(row.first.as_bytes());
        }
        writer.into_bytes()
    }

    /// Reads an index.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(bytes);
        let malformed = |offset, reason| Error::Malformed { what: WHAT, offset, reason };
        let count = cursor.u32(WHAT)?;
        cursor.zeros(4, WHAT)?;
        cursor.clone().items(u64::from(count), REFERENCE_BYTES + 8, WHAT)?;
        let mut blocks: Vec<BlockRow> = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let offset = cursor.offset();
            let blob = Reference::read(&mut cursor)?;
            let entries = cursor.u32(WHAT)?;
            let length = usize::from(cursor.u16(WHAT)?);
            cursor.zeros(2, WHAT)?;
            let path = cursor.take(length, WHAT)?;
            if let Some(reason) = broken_rule(path) {
                return Err(malformed(offset, reason));
            }
            let first = EngramPath::new(path).map_err(|_| malformed(offset, "a path is none"))?;
            if entries == 0 || blocks.last().is_some_and(|before| before.first >= first) {
                return Err(malformed(
                    offset,
                    "a block is empty, or its path does not follow the one before it",
                ));
            }
            blocks.push(BlockRow { blob, entries, first });
        }
        cursor.finish(WHAT)?;
        if !blocks.first().is_some_and(|row| row.first.is_root()) {
            return Err(malformed(0, "it does not begin with the root"));
        }
        Ok(Self { blocks })
    }

    /// The block that has a path, if any has.
    pub(crate) fn block_of(&self, path: &EngramPath) -> usize {
        self.blocks.partition_point(|row| row.first <= *path).saturating_sub(1)
    }
}
