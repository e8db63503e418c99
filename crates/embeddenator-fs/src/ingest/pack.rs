//! Filling segments: chunks are read again in the order of the layout, compared, compressed on several threads.

use std::ops::Range;
use std::path::Path;

use embeddenator_io::{Codec, Compression, Decoder, Encoder};

use crate::container::segment::Piece;
use crate::error::{Error, Result};
use crate::fingerprint::fingerprints;
use crate::ingest::opened::Opened;
use crate::limits::SEGMENTS_AHEAD;
use crate::medium::Medium;
use crate::progress::{Phase, Progress};
use crate::store::read::Store;
use crate::tables::chunks::Chunk;
use crate::transaction::{NewSegment, Transaction};
use crate::walk::Item;
use crate::workers::{Spread, in_order};

/// A chunk that is not stored yet, and where it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FreshChunk {
    pub(crate) chunk: Chunk,
    /// The position of its file among the items, or whatever its reader knows it by.
    pub(crate) item: u32,
    /// Where it begins in that file.
    pub(crate) offset: u64,
    /// Chunks of near-duplicates that follow each other have the same.
    pub(crate) group: u32,
    /// The stored segment that it is compressed behind.
    pub(crate) base: Option<u32>,
}

/// How segments are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packing<'a> {
    pub(crate) threads: usize,
    pub(crate) compression: Compression,
    /// Raw bytes of a segment at most.
    pub(crate) segment_bytes: u32,
    /// Whether chunks get fingerprints.
    pub(crate) fingerprints: bool,
    /// For errors.
    pub(crate) engram: &'a Path,
    /// Where bases are.
    pub(crate) store: Option<&'a Store>,
}

/// Appends the bytes of chunks that are stored together, each compared with its hash.
pub(crate) type Fill<'a> = &'a (dyn Fn(&[FreshChunk], &mut Decoder, &mut Vec<u8>) -> Result<()> + Sync);

/// Appends the chunks, in their order, as segments.
pub(crate) fn pack<M: Medium>(
    chunks: &[FreshChunk],
    fill: Fill<'_>,
    packing: Packing<'_>,
    transaction: &mut Transaction<M>,
    progress: &dyn Progress,
) -> Result<()> {
    progress.begin(Phase::Store, chunks.iter().map(|fresh| u64::from(fresh.chunk.length)).sum());
    let plan = plan(chunks, packing.segment_bytes);
    let part = |at: usize| plan.get(at).and_then(|range| chunks.get(range.clone())).unwrap_or_default();
    let state = || {
        let encoder = Encoder::new(packing.compression);
        let encoder = encoder.map_err(|error| Error::of_bytes(packing.engram, "a segment", error))?;
        Ok(Packer { packing, fill, encoder, decoder: Decoder::default(), raw: Vec::new() })
    };
    let spread = Spread { threads: packing.threads, ahead: packing.threads * SEGMENTS_AHEAD };
    in_order(
        spread,
        plan.len(),
        state,
        |packer, at| {
            let mut packed = packer.pack(part(at))?;
            packed.fingerprints = packer.fingerprints(part(at));
            Ok(packed)
        },
        |at, packed| {
            let chunks: Vec<Chunk> = part(at).iter().map(|fresh| fresh.chunk).collect();
            progress.advance(u64::from(packed.raw_length));
            transaction.append_segment(NewSegment {
                codec: packed.codec,
                stored: &packed.stored,
                raw_length: packed.raw_length,
                chunks: &chunks,
                pieces: packed.prefix.as_slice(),
                depth: packed.depth,
                fingerprints: packed.fingerprints,
            })
        },
    )
}

/// Which chunks each segment has: as many as fit and have one base; a group that fits into one segment is not split,
/// which is worth more than full segments.
fn plan(chunks: &[FreshChunk], segment_bytes: u32) -> Vec<Range<usize>> {
    let mut plan = Vec::new();
    let (mut start, mut at, mut sum) = (0, 0, 0_u64);
    let most = u64::from(segment_bytes);
    let same = |left: &FreshChunk, right: &FreshChunk| (left.base, left.group) == (right.base, right.group);
    for group in chunks.chunk_by(same) {
        let bytes: u64 = group.iter().map(|fresh| u64::from(fresh.chunk.length)).sum();
        let other = at > start && chunks[start].base != chunks[at].base;
        let mut ends = other || (sum + bytes > most && bytes <= most);
        for fresh in group {
            ends |= sum + u64::from(fresh.chunk.length) > most;
            if ends && at > start {
                plan.push(start..at);
                (start, sum) = (at, 0);
            }
            ends = false;
            sum += u64::from(fresh.chunk.length);
            at += 1;
        }
    }
    if start < chunks.len() {
        plan.push(start..chunks.len());
    }
    plan
}

/// A segment that is ready to be appended.
struct Packed {
    codec: Codec,
    stored: Vec<u8>,
    raw_length: u32,
    prefix: Option<Piece>,
    depth: u8,
    /// Those of each chunk, if they are wanted.
    fingerprints: Vec<Vec<u32>>,
}

/// Reads and compresses one segment after the other.
struct Packer<'a> {
    packing: Packing<'a>,
    fill: Fill<'a>,
    encoder: Encoder,
    decoder: Decoder,
    raw: Vec<u8>,
}

/// A segment is put behind its base if that makes it smaller by more than so many hundredths; otherwise it is stored by
/// itself, so that it can be a base again.
const GAIN_MIN_PERCENT: usize = 20;
/// A segment of which less than this share is left behind its base is not tried without it.
const SURE_RATIO: usize = 16;

impl Packer<'_> {
    fn pack(&mut self, chunks: &[FreshChunk]) -> Result<Packed> {
        self.raw.clear();
        (self.fill)(chunks, &mut self.decoder, &mut self.raw)?;
        let behind = match chunks.first().and_then(|fresh| fresh.base) {
            Some(base) => self.behind(base)?,
            None => None,
        };
        if let Some(packed) = &behind
            && packed.stored.len() <= self.raw.len() / SURE_RATIO
        {
            return Ok(behind.expect("it was just looked at"));
        }
        let engram = self.packing.engram;
        let encoded = self.encoder.encode(&self.raw);
        let (codec, stored) = encoded.map_err(|error| Error::of_bytes(engram, "a segment", error))?;
        match behind {
            Some(packed) if packed.stored.len() * 100 < stored.len() * (100 - GAIN_MIN_PERCENT) => Ok(packed),
            _ => Ok(Packed {
                codec,
                stored: stored.to_vec(),
                raw_length: self.raw.len() as u32,
                prefix: None,
                depth: 0,
                fingerprints: Vec::new(),
            }),
        }
    }

    /// The raw bytes compressed behind a segment; nothing if that does not make them smaller.
    fn behind(&mut self, base: u32) -> Result<Option<Packed>> {
        let Some(store) = self.packing.store else { return Ok(None) };
        let depth = store.segment_row(base)?.depth + 1;
        let prefix = store.segment(base, &mut self.decoder)?;
        let encoded = self.encoder.encode_with_prefix(&self.raw, &prefix);
        let (codec, stored) =
            encoded.map_err(|error| Error::of_bytes(self.packing.engram, "a segment", error))?;
        let piece = Piece { segment: base, offset: 0, length: prefix.len() as u32 };
        Ok((codec == Codec::Zstd).then(|| Packed {
            codec,
            stored: stored.to_vec(),
            raw_length: self.raw.len() as u32,
            prefix: Some(piece),
            depth,
            fingerprints: Vec::new(),
        }))
    }

    /// The fingerprints of the chunks that were read last.
    fn fingerprints(&self, chunks: &[FreshChunk]) -> Vec<Vec<u32>> {
        if !self.packing.fingerprints {
            return Vec::new();
        }
        let mut rest = self.raw.as_slice();
        let of_chunk = |fresh: &FreshChunk| {
            let (bytes, behind) = rest.split_at(rest.len().min(fresh.chunk.length as usize));
            rest = behind;
            let mut values = Vec::new();
            fingerprints(bytes, |_, value| values.push(value));
            values
        };
        chunks.iter().map(of_chunk).collect()
    }
}

/// Reads chunks of scanned files, if they are what they were when those were scanned.
pub(crate) fn read_files(items: &[Item], chunks: &[FreshChunk], raw: &mut Vec<u8>) -> Result<()> {
    for of_file in chunks.chunk_by(|left, right| left.item == right.item) {
        let item = of_file.first().and_then(|fresh| items.get(fresh.item as usize));
        read_file(item.expect("each fresh chunk is of an item"), of_file, raw)?;
    }
    Ok(())
}

fn read_file(item: &Item, chunks: &[FreshChunk], raw: &mut Vec<u8>) -> Result<()> {
    let changed = || Error::Changed { path: item.source() };
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::NotFound => changed(),
        _ => Error::of_system("read", item.source(), error),
    };
    let opened = Opened::open(item).map_err(failed)?.ok_or_else(changed)?;
    for fresh in chunks {
        let start = raw.len();
        raw.resize(start + fresh.chunk.length as usize, 0);
        let bytes = &mut raw[start..];
        opened.read_exact_at(bytes, fresh.offset).map_err(failed)?;
        if *blake3::hash(bytes).as_bytes() != fresh.chunk.hash {
            return Err(changed());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(groups: &[(u32, Option<u32>, &[u32])]) -> Vec<FreshChunk> {
        let of_group = |(group, base, lengths): &(u32, Option<u32>, &[u32])| {
            let chunk = |length: &u32| FreshChunk {
                chunk: Chunk { hash: [0; 32], length: *length },
                item: 0,
                offset: 0,
                group: *group,
                base: *base,
            };
            lengths.iter().map(chunk).collect::<Vec<_>>()
        };
        groups.iter().flat_map(of_group).collect()
    }

    #[test]
    fn group_that_fits_is_not_split_and_bases_are_apart() {
        let chunks = chunks(&[
            (0, None, &[40, 40]),
            (2, None, &[30, 10]),
            // More than a segment: it goes on where there is room.
            (4, None, &[50, 50, 50]),
            (7, None, &[10]),
            (8, Some(3), &[10]),
            (9, Some(3), &[10]),
            (10, Some(4), &[10]),
        ]);
        assert_eq!(plan(&chunks, 100), [0..2, 2..5, 5..7, 7..8, 8..10, 10..11]);
        assert_eq!(plan(&[], 100), []);
    }
}
