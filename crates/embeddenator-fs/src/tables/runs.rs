//! The list of runs: which blobs the tables are in, and which rows each of them has.

use embeddenator_io::{ByteWriter, Cursor, Error, Result};

use crate::container::blob::{REFERENCE_BYTES, Reference};
use crate::container::footer::Totals;

const WHAT: &str = "the list of runs";
const CHUNKS_ROW_BYTES: usize = REFERENCE_BYTES + 16;
const SIGNATURES_ROW_BYTES: usize = REFERENCE_BYTES + 8;

/// Rows of consecutive numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) first: u32,
    pub(crate) count: u32,
}

impl Span {
    /// The number behind its last.
    pub(crate) fn end(self) -> u32 {
        self.first.saturating_add(self.count)
    }
}

/// A blob of chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunksBlob {
    pub(crate) blob: Reference,
    pub(crate) segments: Span,
    pub(crate) chunks: Span,
}

/// A blob of signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SignaturesBlob {
    pub(crate) blob: Reference,
    pub(crate) signatures: Span,
}

/// A blob of fingerprints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FingerprintsBlob {
    pub(crate) blob: Reference,
    pub(crate) chunks: Span,
}

/// All blobs of the tables, in the order of their rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RunList {
    pub(crate) chunks: Vec<ChunksBlob>,
    pub(crate) signatures: Vec<SignaturesBlob>,
    /// Those of the chunks that have fingerprints.
    pub(crate) fingerprints: Vec<FingerprintsBlob>,
}

impl RunList {
    /// Its bytes.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut writer = ByteWriter::new();
        writer.u32(self.chunks.len() as u32).u32(self.signatures.len() as u32);
        for row in &self.chunks {
            row.blob.write(&mut writer);
            for span in [row.segments, row.chunks] {
                writer.u32(span.first).u32(span.count);
            }
        }
        for row in &self.signatures {
            row.blob.write(&mut writer);
            writer.u32(row.signatures.first).u32(row.signatures.count);
        }
        if !self.fingerprints.is_empty() {
            writer.u32(self.fingerprints.len() as u32);
        }
        for row in &self.fingerprints {
            row.blob.write(&mut writer);
            writer.u32(row.chunks.first).u32(row.chunks.count);
        }
        writer.into_bytes()
    }

    /// Reads a list whose rows add up to `totals`.
    pub(crate) fn read(bytes: &[u8], totals: Totals) -> Result<Self> {
        let mut cursor = Cursor::new(bytes);
        let (chunks, signatures) = (cursor.u32(WHAT)?, cursor.u32(WHAT)?);
        let mut sums = Totals::default();
        let mut rows = Cursor::with_offset(cursor.items(u64::from(chunks), CHUNKS_ROW_BYTES, WHAT)?, 8);
        let mut list = Self { chunks: Vec::with_capacity(chunks as usize), ..Self::default() };
        for _ in 0..chunks {
            let blob = Reference::read(&mut rows)?;
            let segments = next_span(&mut rows, &mut sums.segments)?;
            let chunks = next_span(&mut rows, &mut sums.chunks)?;
            list.chunks.push(ChunksBlob { blob, segments, chunks });
        }
        let offset = cursor.offset();
        let rows = cursor.items(u64::from(signatures), SIGNATURES_ROW_BYTES, WHAT)?;
        let mut rows = Cursor::with_offset(rows, offset);
        list.signatures.reserve_exact(signatures as usize);
        for _ in 0..signatures {
            let blob = Reference::read(&mut rows)?;
            let signatures = next_span(&mut rows, &mut sums.signatures)?;
            list.signatures.push(SignaturesBlob { blob, signatures });
        }
        if cursor.remaining() > 0 {
            list.fingerprints = read_fingerprints(&mut cursor, totals.chunks)?;
        }
        cursor.finish(WHAT)?;
        if sums != totals {
            return Err(Error::Malformed {
                what: WHAT,
                offset: 0,
                reason: "its rows are not those of the footer",
            });
        }
        Ok(list)
    }

    /// The blob that a segment is in.
    pub(crate) fn blob_of_segment(&self, number: u32) -> Option<usize> {
        let at = self.chunks.partition_point(|row| row.segments.end() <= number);
        self.chunks.get(at).map(|_| at)
    }

    /// The blob that a chunk is in.
    pub(crate) fn blob_of_chunk(&self, number: u32) -> Option<usize> {
        let at = self.chunks.partition_point(|row| row.chunks.end() <= number);
        self.chunks.get(at).map(|_| at)
    }
}

/// Reads which chunks have fingerprints, and where these are; there is one row at least.
fn read_fingerprints(cursor: &mut Cursor<'_>, chunks: u32) -> Result<Vec<FingerprintsBlob>> {
    let offset = cursor.offset();
    let count = cursor.u32(WHAT)?;
    let mut rows =
        Cursor::with_offset(cursor.items(u64::from(count), SIGNATURES_ROW_BYTES, WHAT)?, offset + 4);
    let (mut list, mut end) = (Vec::with_capacity(count as usize), 0);
    for _ in 0..count {
        let blob = Reference::read(&mut rows)?;
        let span = Span { first: rows.u32(WHAT)?, count: rows.u32(WHAT)? };
        let behind = span.first.checked_add(span.count).filter(|end| *end <= chunks && span.count > 0);
        if span.first < end || behind.is_none() {
            let reason = "fingerprints are of no chunks, or of the same twice";
            return Err(Error::Malformed { what: WHAT, offset, reason });
        }
        end = span.end();
        list.push(FingerprintsBlob { blob, chunks: span });
    }
    if list.is_empty() {
        return Err(Error::Malformed { what: WHAT, offset, reason: "it counts no fingerprints" });
    }
    Ok(list)
}

/// Reads a span that continues where the one before ended, and is not empty.
fn next_span(cursor: &mut Cursor<'_>, end: &mut u32) -> Result<Span> {
    let offset = cursor.offset();
    let span = Span { first: cursor.u32(WHAT)?, count: cursor.u32(WHAT)? };
    let malformed = |reason| Error::Malformed { what: WHAT, offset, reason };
    if span.first != *end || span.count == 0 {
        return Err(malformed("a row does not continue the one before it"));
    }
    *end = span.first.checked_add(span.count).ok_or_else(|| malformed("a row ends beyond all numbers"))?;
    Ok(span)
}
