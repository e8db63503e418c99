//! From what was scanned to the entries of the manifest: distinct chunks, their final numbers, signatures.

use std::collections::HashMap;

use embeddenator_vsa::{BlockCode, Codes, Shape};

use crate::entry::{ChunkRun, Content, Data, Entry, Node};
use crate::error::Result;
use crate::ingest::before::Before;
use crate::ingest::chunk_ids::ChunkIds;
use crate::ingest::layout::Placed;
use crate::ingest::pack::FreshChunk;
use crate::ingest::scan::{Scanned, ScannedData};
use crate::ingest::{deltas, layout};
use crate::limits::SIGNATURE_BYTES_MIN;
use crate::walk::Item;

/// The data of a file that was not read, since it is as it was, and its hash.
pub(crate) type Unchanged = HashMap<u32, (Content, [u8; 32])>;

/// What was scanned, and which distinct chunks it has.
pub(crate) struct Gathered<'a> {
    before: Option<&'a Before<'a>>,
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

impl<'a> Gathered<'a> {
    /// Nothing yet; what is stored before has the numbers below those of fresh chunks.
    pub(crate) fn new(before: Option<&'a Before<'a>>) -> Result<Self> {
        let mut ids = ChunkIds::default();
        let mut base = 0;
        if let Some(before) = before {
            let runs = &before.store.runs.chunks;
            for (at, run) in runs.iter().enumerate() {
                for (number, row) in (run.chunks.first..).zip(&before.store.table(at)?.chunks) {
                    ids.insert(&row.chunk, number);
                }
            }
            base = runs.last().map_or(0, |run| run.chunks.end());
        }
        Ok(Self { before, contents: HashMap::new(), ids, fresh: Vec::new(), base })
    }

    /// Adds what was found in an item; items come in the order of their paths.
    pub(crate) fn add(&mut self, item: u32, mut scanned: Scanned) {
        let mut chunks = Vec::new();
        let first = self.fresh.len() as u32;
        if let ScannedData::Chunks(found, _) = &mut scanned.data {
            chunks.reserve_exact(found.len());
            for (offset, chunk) in std::mem::take(found) {
                let hash_of = |number: u32| match number.checked_sub(self.base) {
                    Some(fresh) => self.fresh.get(fresh as usize).map(|fresh| fresh.chunk.hash),
                    // The tables were all read when the numbers were filled in.
                    None => Some(self.before?.store.chunk_row(number).ok()?.chunk.hash),
                };
                let number = self.ids.get(&chunk, hash_of).unwrap_or_else(|| {
                    let number = self.base + self.fresh.len() as u32;
                    self.ids.insert(&chunk, number);
                    self.fresh.push(FreshChunk { chunk, item, offset, group: 0, base: None });
                    number
                });
                chunks.push(number);
            }
        }
        let fresh = first..self.fresh.len() as u32;
        self.contents.insert(item, Stored { scanned, chunks, fresh });
    }

    /// Puts the fresh chunks into the order of the layout: those that are stored by themselves, then those that go behind
    /// a stored segment, by that.
    pub(crate) fn lay_out(self) -> Result<LaidOut> {
        let mut files: Vec<(u32, &Stored)> =
            self.contents.iter().map(|(item, stored)| (*item, stored)).collect();
        files.retain(|(_, stored)| !stored.fresh.is_empty());
        files.sort_by_key(|(item, _)| *item);
        let codes: Vec<&BlockCode> = files.iter().filter_map(|(_, stored)| stored.code()).collect();
        let order = layout::order(&codes);
        let bases = self.bases(&files)?;
        let mut items = Vec::with_capacity(files.len());
        // Each fresh chunk as it is stored, and its position among them as they were found.
        let mut sequence: Vec<(FreshChunk, u32)> = Vec::with_capacity(self.fresh.len());
        for Placed { file, group } in order {
            let Some((item, stored)) = files.get(file as usize) else { continue };
            items.push(*item);
            let base = bases.get(file as usize).and_then(Option::as_ref);
            for at in stored.fresh.clone() {
                let fresh = self.fresh[at as usize];
                let middle = fresh.offset + u64::from(fresh.chunk.length) / 2;
                let base = base.and_then(|base| base.segment_at(middle));
                sequence.push((FreshChunk { group, base, ..fresh }, at));
            }
        }
        // Stable, so that the layout holds within a base; those without one come first.
        sequence.sort_by_key(|(fresh, _)| fresh.base);
        let mut numbers = vec![0; self.fresh.len()];
        for (number, (_, at)) in (self.base..).zip(&sequence) {
            numbers[*at as usize] = number;
        }
        let sequence = sequence.into_iter().map(|(fresh, _)| fresh).collect();
        Ok(LaidOut { contents: self.contents, base: self.base, numbers, sequence, items })
    }

    /// For each file what it is compressed behind.
    fn bases(&self, files: &[(u32, &Stored)]) -> Result<Vec<Option<deltas::Base>>> {
        let Some(before) = self.before else { return Ok(Vec::new()) };
        let large = |stored: &Stored| stored.scanned.data_bytes() >= SIGNATURE_BYTES_MIN;
        let codes = files.iter().filter(|(_, stored)| large(stored)).filter_map(|(_, stored)| stored.code());
        let mut found = deltas::bases(before, &codes.collect::<Vec<_>>())?.into_iter();
        let base = |(_, stored): &(u32, &Stored)| {
            if large(stored) && stored.code().is_some() { found.next().flatten() } else { None }
        };
        Ok(files.iter().map(base).collect())
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

impl Default for Signed {
    /// No signature.
    fn default() -> Self {
        Self { codes: Codes::new(Shape::DEFAULT), by_content: HashMap::new() }
    }
}

/// An entry, and the hash of its data if it is a file.
pub(crate) type Hashed = (Entry, Option<[u8; 32]>);

impl LaidOut {
    /// Numbers the signatures from `base` on, in the order of the layout, so that like ones are neighbours; contents that
    /// are `known` have a number already.
    pub(crate) fn sign(&self, base: u32, known: &HashMap<[u8; 32], u32>) -> Signed {
        let mut rest: Vec<u32> = self.contents.keys().copied().collect();
        rest.sort_unstable();
        let mut signed = Signed::default();
        for stored in self.items.iter().chain(&rest).filter_map(|item| self.contents.get(item)) {
            let Some(code) = stored.code().filter(|_| stored.scanned.data_bytes() >= SIGNATURE_BYTES_MIN)
            else {
                continue;
            };
            if let Some(number) = known.get(&stored.scanned.hash) {
                signed.by_content.insert(stored.scanned.hash, *number);
                continue;
            }
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
        unchanged: &Unchanged,
    ) -> Vec<Hashed> {
        let entry = |(number, item): (u32, Item)| {
            let (first, link_group) = links.get(&number).copied().unwrap_or((number, None));
            let (node, hash) = match item.found.node {
                Node::File(_) => {
                    let unchanged = unchanged.get(&first).cloned();
                    let (content, hash) = unchanged.unwrap_or_else(|| self.content(first, signed));
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
        runs_of(chunks.iter().map(|found| match found.checked_sub(self.base) {
            Some(fresh) => self.numbers[fresh as usize],
            None => *found,
        }))
    }
}

/// The fewest runs that have these chunks.
pub(crate) fn runs_of(chunks: impl Iterator<Item = u32>) -> Vec<ChunkRun> {
    let mut runs: Vec<ChunkRun> = Vec::new();
    for number in chunks {
        match runs.last_mut() {
            Some(run) if run.first + run.count == number => run.count += 1,
            _ => runs.push(ChunkRun { first: number, count: 1 }),
        }
    }
    runs
}
