//! Filling segments: chunks are read again in the order of the layout, compared, compressed on several threads.

use std::ops::Range;
use std::path::Path;

use embeddenator_io::{Codec, Compression, Encoder};

use crate::error::{Error, Result};
use crate::limits::SEGMENTS_AHEAD;
use crate::medium::Medium;
use crate::platform::{file, look};
use crate::progress::{Phase, Progress};
use crate::tables::chunks::Chunk;
use crate::transaction::{NewSegment, Transaction};
use crate::walk::Item;
use crate::workers::{Spread, in_order};

/// A chunk that is not stored yet, and where it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FreshChunk {
    pub(crate) chunk: Chunk,
    /// The position of its file among the items.
    pub(crate) item: u32,
    /// Where it begins in that file.
    pub(crate) offset: u64,
}

/// How segments are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packing {
    pub(crate) threads: usize,
    pub(crate) compression: Compression,
    /// Raw bytes of a segment at most.
    pub(crate) segment_bytes: u32,
}

/// Appends the chunks, in their order, as segments.
pub(crate) fn pack<M: Medium>(
    chunks: &[FreshChunk],
    items: &[Item],
    packing: Packing,
    transaction: &mut Transaction<M>,
    engram: &Path,
    progress: &dyn Progress,
) -> Result<()> {
    progress.begin(Phase::Store, chunks.iter().map(|fresh| u64::from(fresh.chunk.length)).sum());
    let plan = plan(chunks, packing.segment_bytes);
    let part = |at: usize| plan.get(at).and_then(|range| chunks.get(range.clone())).unwrap_or_default();
    let state = || {
        let encoder = Encoder::new(packing.compression);
        let encoder = encoder.map_err(|error| Error::of_bytes(engram, "a segment", error))?;
        Ok(Packer { items, engram, encoder, raw: Vec::new() })
    };
    let spread = Spread { threads: packing.threads, ahead: packing.threads * SEGMENTS_AHEAD };
    in_order(
        spread,
        plan.len(),
        state,
        |packer, at| packer.pack(part(at)),
        |at, (codec, stored, raw_length)| {
            let chunks: Vec<Chunk> = part(at).iter().map(|fresh| fresh.chunk).collect();
            progress.advance(u64::from(raw_length));
            let stored = stored.as_slice();
            transaction.append_segment(NewSegment {
                codec,
                stored,
                raw_length,
                chunks: &chunks,
                pieces: &[],
                depth: 0,
            })
        },
    )
}

/// Which chunks each segment has: as many as fit.
fn plan(chunks: &[FreshChunk], segment_bytes: u32) -> Vec<Range<usize>> {
    let mut plan = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for (at, fresh) in chunks.iter().enumerate() {
        if sum + fresh.chunk.length > segment_bytes && at > start {
            plan.push(start..at);
            (start, sum) = (at, 0);
        }
        sum += fresh.chunk.length;
    }
    if start < chunks.len() {
        plan.push(start..chunks.len());
    }
    plan
}

/// Reads and compresses one segment after the other.
struct Packer<'a> {
    items: &'a [Item],
    engram: &'a Path,
    encoder: Encoder,
    raw: Vec<u8>,
}

impl Packer<'_> {
    fn pack(&mut self, chunks: &[FreshChunk]) -> Result<(Codec, Vec<u8>, u32)> {
        self.raw.clear();
        for of_file in chunks.chunk_by(|left, right| left.item == right.item) {
            self.read(of_file)?;
        }
        let encoded = self.encoder.encode(&self.raw);
        let (codec, stored) = encoded.map_err(|error| Error::of_bytes(self.engram, "a segment", error))?;
        Ok((codec, stored.to_vec(), self.raw.len() as u32))
    }

    /// Appends chunks of one file to the raw bytes, if they are what they were when it was scanned.
    fn read(&mut self, chunks: &[FreshChunk]) -> Result<()> {
        let item = chunks.first().and_then(|fresh| self.items.get(fresh.item as usize));
        let item = item.expect("each fresh chunk is of an item");
        let changed = || Error::Changed { path: item.source.clone() };
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::NotFound => changed(),
            _ => Error::of_system("read", &item.source, error),
        };
        let (opened, _, _) = look::open(&item.source, item.found.id).map_err(failed)?.ok_or_else(changed)?;
        for fresh in chunks {
            let start = self.raw.len();
            self.raw.resize(start + fresh.chunk.length as usize, 0);
            let bytes = &mut self.raw[start..];
            file::read_exact_at(&opened, bytes, fresh.offset).map_err(failed)?;
            if *blake3::hash(bytes).as_bytes() != fresh.chunk.hash {
                return Err(changed());
            }
        }
        Ok(())
    }
}
