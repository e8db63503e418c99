//! Looking through files: where they are cut, what their chunks' hashes are, and their signatures.

use std::io;

use embeddenator_vsa::{BlockCode, ShingleEncoder};

use crate::chunk::cut_region;
use crate::entry::{Content, Data, Hole};
use crate::error::{Error, Result};
use crate::ingest::opened::Opened;
use crate::limits::{FILES_AHEAD, INLINE_BYTES_MAX};
use crate::manifest::tree_hash;
use crate::progress::{Phase, Progress};
use crate::tables::chunks::Chunk;
use crate::tables::signatures;
use crate::walk::Item;
use crate::workers::{Spread, in_order};

/// What was found in a file.
#[derive(Debug)]
pub(crate) struct Scanned {
    pub(crate) size: u64,
    pub(crate) holes: Vec<Hole>,
    pub(crate) data: ScannedData,
    /// The hash of its data.
    pub(crate) hash: [u8; 32],
}

/// The data of a file.
#[derive(Debug)]
pub(crate) enum ScannedData {
    /// Short enough to be kept in the manifest.
    Inline(Vec<u8>),
    /// Its chunks with their offsets in the file, and its signature.
    Chunks(Vec<(u64, Chunk)>, Box<BlockCode>),
}

impl Scanned {
    /// Bytes that are not in a hole.
    pub(crate) fn data_bytes(&self) -> u64 {
        let data = Data::Chunks(Vec::new());
        Content { size: self.size, holes: self.holes.clone(), data, signature: None }.data_bytes()
    }
}

/// Looks through files on several threads; `take` gets the results in their order.
pub(crate) fn scan(
    items: &[&Item],
    threads: usize,
    progress: &dyn Progress,
    take: impl FnMut(usize, Scanned) -> Result<()>,
) -> Result<()> {
    let sizes = items.iter().map(|item| match &item.found.node {
        crate::entry::Node::File(content) => content.size,
        _ => 0,
    });
    progress.begin(Phase::Scan, sizes.sum());
    let encoder = signatures::encoder();
    let spread = Spread { threads, ahead: threads * FILES_AHEAD };
    let work = |buffer: &mut Vec<u8>, at: usize| {
        let item = items.get(at).expect("workers stay within the count");
        let scanned = scan_file(item, &encoder, buffer)?;
        progress.advance(scanned.size);
        Ok(scanned)
    };
    in_order(spread, items.len(), || Ok(Vec::new()), work, take)
}

fn scan_file(item: &Item, encoder: &ShingleEncoder, buffer: &mut Vec<u8>) -> Result<Scanned> {
    let failed = |error: io::Error| Error::of_system("read", item.source(), error);
    let changed = || Error::Changed { path: item.source() };
    let opened = Opened::open(item).map_err(failed)?.ok_or_else(changed)?;
    let (size, holes) = (opened.size, opened.holes.clone());
    let content = Content { size, holes, data: Data::Chunks(Vec::new()), signature: None };
    let read = |buffer: &mut [u8], at| opened.read_at(buffer, at);
    if content.data_bytes() <= INLINE_BYTES_MAX as u64 {
        let mut data = Vec::new();
        for region in content.regions() {
            let done = cut_region(buffer, region, read, |_, bytes| data.extend_from_slice(bytes));
            if done.map_err(failed)? != region.1 {
                return Err(changed());
            }
        }
        let hash = *blake3::hash(&data).as_bytes();
        return Ok(Scanned { size, holes: content.holes, data: ScannedData::Inline(data), hash });
    }
    let mut sketch = encoder.sketch();
    let mut chunks = Vec::new();
    for region in content.regions() {
        let done = cut_region(buffer, region, read, |at, bytes| {
            sketch.push(bytes);
            let hash = *blake3::hash(bytes).as_bytes();
            chunks.push((at, Chunk { hash, length: bytes.len() as u32 }));
        });
        if done.map_err(failed)? != region.1 {
            return Err(changed());
        }
    }
    let hash = tree_hash::of_chunks(chunks.iter().map(|(_, chunk)| &chunk.hash));
    let data = ScannedData::Chunks(chunks, Box::new(sketch.code()));
    Ok(Scanned { size, holes: content.holes, data, hash })
}
