//! Every reader of stored bytes in one place, for the fuzz targets and for the test below.
//!
//! The readers are private. This module exists only under `cfg(fuzzing)`, which cargo-fuzz sets, and in tests.

use std::collections::HashSet;

use embeddenator_io::{ByteWriter, ContentHash, Cursor, Decoder};
use embeddenator_vsa::CodesRef;

use crate::container::behind::Behind;
use crate::container::footer::{FOOTER_BYTES, Footer, Totals};
use crate::container::segment::{Segment, SegmentRow};
use crate::container::superblock::{SUPERBLOCK_BYTES, Superblock};
use crate::manifest::block;
use crate::manifest::index::ManifestIndex;
use crate::snapshot::SnapshotList;
use crate::tables::chunks::ChunkTable;
use crate::tables::runs::{RunList, Span};
use crate::tables::{fingerprints, signatures};

/// Reads bytes as each part of an engram, as they are and with checks that fit.
///
/// # Panics
/// If a reader panics, or accepts bytes that its writer would not have written.
pub fn read(bytes: &[u8]) {
    for sealed in [false, true] {
        read_superblock(bytes, sealed);
        read_footer(bytes, sealed);
    }
    read_segment(bytes);
    if let Ok(list) = SnapshotList::read(bytes) {
        assert_eq!(list.write(), bytes, "two lists of snapshots for one");
    }
    if let Ok(index) = ManifestIndex::read(bytes) {
        assert_eq!(index.write(), bytes, "two indexes for one manifest");
    }
    let span = Span { first: 0, count: bytes.first().copied().unwrap_or_default().into() };
    drop(fingerprints::count(bytes, span, &HashSet::from([7]), |_, _| {}));
    if let Ok(behind) = Behind::read(bytes, 0) {
        drop(behind.decode(&[], ContentHash::of(bytes)));
    }
    if let Ok(entries) = block::read(bytes) {
        let written = block::write(&entries);
        assert_eq!(block::read(&written).ok(), Some(entries), "a block does not read again");
    }
    read_tables(bytes);
}

fn read_superblock(bytes: &[u8], sealed: bool) {
    let bytes = if sealed { seal(bytes, SUPERBLOCK_BYTES) } else { bytes.to_vec() };
    if let Ok(superblock) = Superblock::read(&bytes, 0) {
        assert_eq!(superblock.write(), bytes.get(..SUPERBLOCK_BYTES).unwrap_or_default());
    }
}

fn read_footer(bytes: &[u8], sealed: bool) {
    let bytes = if sealed { seal(bytes, FOOTER_BYTES) } else { bytes.to_vec() };
    let mut cursor = Cursor::new(&bytes);
    if cursor.take(40, "fuzzed").is_ok()
        && let Ok(offset) = cursor.u64("fuzzed")
        && let Ok(footer) = Footer::read(&bytes, offset)
    {
        assert_eq!(footer.write(), bytes.get(..FOOTER_BYTES).unwrap_or_default());
    }
}

/// Bytes of a length whose last 16 are the hash of those before.
fn seal(bytes: &[u8], length: usize) -> Vec<u8> {
    let mut sealed = bytes.to_vec();
    sealed.resize(length - 16, 0);
    let hash = ContentHash::of(&sealed);
    sealed.extend_from_slice(&hash.0);
    sealed
}

fn read_segment(bytes: &[u8]) {
    let mut cursor = Cursor::new(bytes);
    let what = "fuzzed";
    let (Ok(_magic), Ok(number)) = (cursor.u32(what), cursor.u32(what)) else { return };
    let (Ok(lengths), Ok(coding)) = (cursor.array::<8>(what), cursor.array::<4>(what)) else { return };
    // The row that its header agrees with.
    let mut row = ByteWriter::new();
    row.u64(0).bytes(&lengths).u32(1).bytes(&coding);
    if let Ok(row) = SegmentRow::read(&mut Cursor::new(row.as_bytes()))
        && let Ok(segment) = Segment::read(bytes, number, &row)
    {
        let mut raw = Vec::new();
        if segment.decode(&[], &mut Decoder::default(), &mut raw).is_ok() {
            assert_eq!(raw.len(), row.raw_length as usize);
        }
    }
}

fn read_tables(bytes: &[u8]) {
    let mut cursor = Cursor::new(bytes);
    let what = "fuzzed";
    let (Ok(first), Ok(second), Ok(third)) = (cursor.u32(what), cursor.u32(what), cursor.u32(what)) else {
        return;
    };
    let span = |count| Span { first: 0, count };
    if let Ok(table) = ChunkTable::read(bytes, span(first), span(second)) {
        assert_eq!(table.write(), bytes, "two tables for the same chunks");
    }
    if let Ok(codes) = signatures::read(bytes, span(first)) {
        let rows = CodesRef::from_rows(codes.shape(), codes.as_rows()).expect("rows of codes are codes");
        assert_eq!(signatures::write(rows), bytes, "two tables for the same signatures");
    }
    let totals = Totals { segments: first, chunks: second, signatures: third };
    let rest = bytes.get(12..).unwrap_or_default();
    if let Ok(list) = RunList::read(rest, totals) {
        assert_eq!(list.write(), rest, "two lists for the same runs");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embeddenator_vsa::Random;

    #[test]
    fn readers_take_whatever_a_damaged_engram_has() {
        let golden = include_bytes!("../tests/golden/v1.egm");
        let mut random = Random::new(5);
        // Each part begins at one of these multiples or behind another part; all are tried.
        for start in 0..golden.len() {
            let mut part = golden[start..golden.len().min(start + 600)].to_vec();
            read(&part);
            for _ in 0..3 {
                let at = random.below(part.len() as u64) as usize;
                part[at] = random.below(256) as u8;
                read(&part);
            }
        }
    }
}
