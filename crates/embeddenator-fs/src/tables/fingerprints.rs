//! Blobs of fingerprints: those of each chunk, so that a fragment is found without reading what is stored.

use std::collections::HashSet;

use embeddenator_io::{ByteWriter, Cursor, Error, Result};

use crate::fingerprint::{PIECE_BYTES, WINDOW};
use crate::tables::runs::Span;

const WHAT: &str = "a table of fingerprints";

/// The bytes of a table of these chunks.
pub(crate) fn write(chunks: &[Vec<u32>]) -> Vec<u8> {
    let sum: usize = chunks.iter().map(Vec::len).sum();
    let mut writer = ByteWriter::with_capacity(8 + 4 * (chunks.len() + sum));
    writer.u32(chunks.len() as u32).u16(PIECE_BYTES as u16).u16(WINDOW as u16);
    for of_chunk in chunks {
        writer.u32(of_chunk.len() as u32);
    }
    for value in chunks.iter().flatten() {
        writer.u32(*value);
    }
    writer.into_bytes()
}

/// Reads the table of a span of chunks, and hands each chunk that has some of the wanted fingerprints to `take`, with how
/// many of them.
pub(crate) fn count(
    bytes: &[u8],
    chunks: Span,
    wanted: &HashSet<u32>,
    mut take: impl FnMut(u32, u32),
) -> Result<()> {
    let mut cursor = Cursor::new(bytes);
    let malformed = |reason| Error::Malformed { what: WHAT, offset: 0, reason };
    if cursor.u32(WHAT)? != chunks.count {
        return Err(malformed("it has not as many chunks as the list of runs says"));
    }
    let made = (usize::from(cursor.u16(WHAT)?), usize::from(cursor.u16(WHAT)?));
    if made != (PIECE_BYTES, WINDOW) {
        return Err(malformed("its fingerprints are made in another way than this version's"));
    }
    let mut counts = Cursor::new(cursor.items(u64::from(chunks.count), 4, WHAT)?);
    // One bit for each value of twelve bits: most fingerprints are not asked for.
    let mut likely = [0_u64; 64];
    for value in wanted {
        likely[(value >> 6 & 63) as usize] |= 1 << (value & 63);
    }
    for number in chunks.first..chunks.end() {
        let count = counts.u32(WHAT)?;
        let mut values = Cursor::new(cursor.items(u64::from(count), 4, WHAT)?);
        let mut found = 0;
        for _ in 0..count {
            let value = values.u32(WHAT)?;
            let likely = likely[(value >> 6 & 63) as usize] >> (value & 63) & 1 == 1;
            found += u32::from(likely && wanted.contains(&value));
        }
        if found > 0 {
            take(number, found);
        }
    }
    cursor.finish(WHAT)
}
