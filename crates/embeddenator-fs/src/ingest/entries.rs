//! From what was scanned to the entries of the manifest: distinct chunks, their final numbers, signatures.

use std::collections::HashMap;

use embeddenator_vsa::{BlockCode, Codes, Shape};

use crate::entry::{ChunkRun, Content, Data, Entry, Node};
use crate::ingest::chunk_ids::ChunkIds;
use crate::ingest::layout;
use crate::ingest::pack::FreshChunk;
use crate::ingest::scan::{Scanned, ScannedData};
use crate::limits::SIGNATURE_BYTES_MIN;
use crate::walk::Item;

/// What was scanned, and which distinct chunks it has.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// For each item that is the first name of a file with data.
    contents: HashMap<u32, Stored>,
    ids: ChunkIds,
    /// Chunks that are not stored, by the order in which they were found.
    fresh: Vec<FreshChunk>,
    /// The number of the first of them.
    base: u32,
}

/// A scanned file; its chunks as numbers in the order in which they were found.
#[derive(Debug)]
struct Stored {
    scanned: Scanned,
    chunks: Vec<u32>,
    /// Its first chunk among the fresh ones, and how many it has there: those that it is the first file to have.
    fresh: std::ops::Range<u32>,
}

impl Gathered {
    /// Nothing yet; `base` chunks are stored before.
    pub(crate) fn new(base: u32) -> Self {
        Self { contents: HashMap::new(), ids: ChunkIds::default(), fresh: Vec::new(), base }
    }

    /// Adds what was found in an item; items come in the order of their paths.
    pub(crate) fn add(&mut self, item: u32, mut scanned: Scanned) {
        let mut chunks = Vec::new();
        let first = self.fresh.len() as u32;
        if let ScannedData::Chunks(found, _) = &mut scanned.data {
            chunks.reserve_exact(found.len());
            for (offset, chunk) in std::mem::take(found) {
                let hash_of = |number: u32| {
                    let fresh = number.checked_sub(self.base)?;
                    self.fresh.get(fresh as usize).map(|fresh| fresh.chunk.hash)
                };
                let number = self.ids.get(&chunk, hash_of).unwrap_or_else(|| {
                    let number = self.base + self.fresh.len() as u32;
                    self.ids.insert(&chunk, number);
                    self.fresh.push(FreshChunk { chunk, item, offset });
                    number
                });
                chunks.push(number);
            }
        }
        let fresh = first..self.fresh.len() as u32;
        self.contents.insert(item, Stored { scanned, chunks, fresh });
    }

    /// Puts the fresh chunks into the order of the layout.
    pub(crate) fn lay_out(self) -> LaidOut {
        let mut files: Vec<(u32, &Stored)> =
            self.contents.iter().map(|(item, stored)| (*item, stored)).collect();
        files.retain(|(_, stored)| !stored.fresh.is_empty());
        files.sort_by_key(|(item, _)| *item);
        let codes: Vec<&BlockCode> = files.iter().filter_map(|(_, stored)| stored.code()).collect();
        let order = layout::order(&codes);
        let mut sequence = Vec::with_capacity(self.fresh.len());
        let mut numbers = vec![0; self.fresh.len()];
        let mut items = Vec::with_capacity(files.len());
        for (item, stored) in order.iter().filter_map(|file| files.get(*file as usize)) {
            items.push(*item);
            for at in stored.fresh.clone() {
                numbers[at as usize] = self.base + sequence.len() as u32;
                sequence.push(self.fresh[at as usize]);
            }
        }
        LaidOut { contents: self.contents, base: self.base, numbers, sequence, items }
    }
}

impl Stored {
    fn code(&self) -> Option<&BlockCode> {
        match &self.scanned.data {
            ScannedData::Inline(_) => None,
            ScannedData::Chunks(_, code) => Some(code),
        }
    }
}

/// What was scanned, with the final numbers of its chunks.
#[derive(Debug)]
pub(crate) struct LaidOut {
    contents: HashMap<u32, Stored>,
    base: u32,
    /// The final number of each fresh chunk.
    numbers: Vec<u32>,
    /// The fresh chunks in the order in which they are stored.
    pub(crate) sequence: Vec<FreshChunk>,
    /// The items that have them, in that order.
    items: Vec<u32>,
}

/// The signatures that are not stored yet, and the number of each content's.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) codes: Codes,
    by_content: HashMap<[u8; 32], u32>,
}

/// An entry, and the hash of its data if it is a file.
pub(crate) type Hashed = (Entry, Option<[u8; 32]>);

impl LaidOut {
    /// Numbers the signatures from `base` on, in the order of the layout, so that like ones are neighbours.
    pub(crate) fn sign(&self, base: u32) -> Signed {
        let mut rest: Vec<u32> = self.contents.keys().copied().collect();
        rest.sort_unstable();
        let mut signed = Signed { codes: Codes::new(Shape::DEFAULT), by_content: HashMap::new() };
        for stored in self.items.iter().chain(&rest).filter_map(|item| self.contents.get(item)) {
            let Some(code) = stored.code().filter(|_| stored.scanned.data_bytes() >= SIGNATURE_BYTES_MIN)
            else {
                continue;
            };
            let number = base + signed.codes.len() as u32;
            if let std::collections::hash_map::Entry::Vacant(vacant) =
                signed.by_content.entry(stored.scanned.hash)
            {
                vacant.insert(number);
                signed.codes.push(code).expect("the codes have the shape of the table");
            }
        }
        signed
    }

    /// The entries of all items; `links` gives for an item the first one that is the same file, and the group of both.
    pub(crate) fn entries(
        &self,
        items: Vec<Item>,
        links: &HashMap<u32, (u32, Option<u32>)>,
        signed: &Signed,
    ) -> Vec<Hashed> {
        let entry = |(number, item): (u32, Item)| {
            let (first, link_group) = links.get(&number).copied().unwrap_or((number, None));
            let (node, hash) = match item.found.node {
                Node::File(_) => {
                    let (content, hash) = self.content(first, signed);
                    (Node::File(content), Some(hash))
                }
                node => (node, None),
            };
            (Entry { path: item.path, metadata: item.found.metadata, link_group, node }, hash)
        };
        (0..).zip(items).map(entry).collect()
    }

    fn content(&self, item: u32, signed: &Signed) -> (Content, [u8; 32]) {
        let stored = self.contents.get(&item).expect("the first name of each file was scanned");
        let data = match &stored.scanned.data {
            ScannedData::Inline(data) if !data.is_empty() => Data::Inline(data.clone()),
            ScannedData::Inline(_) | ScannedData::Chunks(..) => Data::Chunks(self.runs(&stored.chunks)),
        };
        let Scanned { size, ref holes, hash, .. } = stored.scanned;
        let signature = signed.by_content.get(&hash).copied();
        (Content { size, holes: holes.clone(), data, signature }, hash)
    }

    fn runs(&self, chunks: &[u32]) -> Vec<ChunkRun> {
        let mut runs: Vec<ChunkRun> = Vec::new();
        for found in chunks {
            let number = match found.checked_sub(self.base) {
                Some(fresh) => self.numbers[fresh as usize],
                None => *found,
            };
            match runs.last_mut() {
                Some(run) if run.first + run.count == number => run.count += 1,
                _ => runs.push(ChunkRun { first: number, count: 1 }),
            }
        }
        runs
    }
}
