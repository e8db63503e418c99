//! Blobs of chunks: the segments of a run, and the length and hash of each chunk in them.

use embeddenator_io::{ByteWriter, Cursor, Error, Result};

use crate::container::segment::{SEGMENT_ROW_BYTES, SegmentRow};
use crate::tables::runs::Span;

const WHAT: &str = "a table of chunks";
/// Bytes of a hash.
pub(crate) const HASH_BYTES: usize = 32;

/// What is known of a chunk before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) hash: [u8; HASH_BYTES],
    pub(crate) length: u32,
}

/// A chunk, and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkRow {
    pub(crate) chunk: Chunk,
    pub(crate) segment: u32,
    /// Where it begins in the raw bytes of the segment.
    pub(crate) offset: u32,
}

/// Segments of a run and their chunks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ChunkTable {
    pub(crate) segments: Vec<SegmentRow>,
    pub(crate) chunks: Vec<ChunkRow>,
}

impl ChunkTable {
    /// Its bytes.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut writer = ByteWriter::new();
        writer.u32(self.segments.len() as u32).u32(self.chunks.len() as u32);
        for row in &self.segments {
            row.write(&mut writer);
        }
        for row in &self.chunks {
            writer.u32(row.chunk.length);
        }
        for row in &self.chunks {
            writer.bytes(&row.chunk.hash);
        }
        writer.into_bytes()
    }

    /// Reads the table of these segments and chunks.
    pub(crate) fn read(bytes: &[u8], segments: Span, chunks: Span) -> Result<Self> {
        let mut cursor = Cursor::new(bytes);
        let malformed = |reason| Error::Malformed { what: WHAT, offset: 0, reason };
        if (cursor.u32(WHAT)?, cursor.u32(WHAT)?) != (segments.count, chunks.count) {
            return Err(malformed("it has not as many rows as the list of runs says"));
        }
        let rows = cursor.items(u64::from(segments.count), SEGMENT_ROW_BYTES, WHAT)?;
        let lengths = cursor.items(u64::from(chunks.count), 4, WHAT)?;
        let hashes = cursor.items(u64::from(chunks.count), HASH_BYTES, WHAT)?;
        cursor.finish(WHAT)?;
        let (mut rows, mut lengths) = (Cursor::with_offset(rows, 8), Cursor::new(lengths));
        let mut hashes = Cursor::new(hashes);
        let mut table = Self {
            segments: Vec::with_capacity(segments.count as usize),
            chunks: Vec::with_capacity(chunks.count as usize),
        };
        for segment in segments.first..segments.end() {
            let row = SegmentRow::read(&mut rows)?;
            let mut offset = 0_u32;
            for _ in 0..row.chunks {
                let chunk = Chunk { length: lengths.u32(WHAT)?, hash: hashes.array(WHAT)? };
                let end = offset.checked_add(chunk.length).filter(|end| *end <= row.raw_length);
                let end = end.filter(|end| *end > offset);
                let end = end.ok_or_else(|| malformed("a chunk is empty or ends outside of its segment"))?;
                table.chunks.push(ChunkRow { chunk, segment, offset });
                offset = end;
            }
            if offset != row.raw_length {
                return Err(malformed("the chunks of a segment do not fill it"));
            }
            table.segments.push(row);
        }
        lengths.finish("the lengths of chunks")?;
        Ok(table)
    }
}
