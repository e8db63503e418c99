//! The promises of the search by codes, with made-up vectors of fixed seeds.

mod bytes;
mod estimates;
mod recall;
mod ties;

use std::convert::Infallible;

use super::rescore::Candidates;
use super::{
    CodeQuery, Codes, CodesBuilder, Frame, Refinements, RefinementsBuilder, Scan, Scored, centroid, exact,
    rotation,
};
use crate::model::norm::Norm;
use crate::vector::{Isa, PreparedQuery};

/// Rows of the blocks of the tests but the last: no multiple of a group or of a chunk.
const BLOCK_ROWS: usize = 1_900;
/// Rows whose mean is frozen.
const FIRST_ROWS: usize = 256;

/// Numbers that look random and follow from a seed.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(super) fn word(&mut self) -> u64 {
        rotation::next(&mut self.0)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.word() % bound as u64) as usize
    }

    /// A number that is nearly normally distributed: the sum of four even ones.
    pub(super) fn normal(&mut self) -> f32 {
        let word = self.word();
        let sum: u64 = (0..4).map(|quarter| word >> (16 * quarter) & 0xffff).sum();
        (sum as f32 - 131_070.0) / 37_837.0
    }

    pub(super) fn unit(&mut self, dimension: usize) -> Vec<f32> {
        let mut vector: Vec<f32> = (0..dimension).map(|_| self.normal()).collect();
        let reciprocal = 1.0 / vector.iter().map(|component| component * component).sum::<f32>().sqrt();
        for component in &mut vector {
            *component *= reciprocal;
        }
        vector
    }
}

/// Vectors of one length in 200 clusters, with a cosine of 0.7 between those of one cluster.
pub(super) struct Clusters {
    centres: Vec<Vec<f32>>,
    random: Random,
}

impl Clusters {
    pub(super) fn new(dimension: usize, seed: u64) -> Clusters {
        let mut random = Random::new(seed);
        Clusters { centres: (0..200).map(|_| random.unit(dimension)).collect(), random }
    }

    pub(super) fn vector(&mut self) -> Vec<f32> {
        let centre = self.random.below(self.centres.len());
        let own = self.random.unit(self.centres[centre].len());
        let parts = self.centres[centre].iter().zip(own);
        parts.map(|(shared, own)| 0.7_f32.sqrt() * shared + 0.3_f32.sqrt() * own).collect()
    }
}

/// Codes and refinements of the same rows.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    codes: Codes<'a>,
    refinements: Refinements<'a>,
}

impl<'a> Block<'a> {
    pub(super) fn read(shape: super::Shape, codes: &'a [u8], refinements: &'a [u8]) -> Option<Block<'a>> {
        let (codes, refinements) = (Codes::read(shape, codes)?, Refinements::read(shape, refinements)?);
        (codes.rows() == refinements.rows()).then_some(Block { codes, refinements })
    }

    pub(super) fn rows(&self) -> usize {
        self.codes.rows()
    }

    pub(super) fn record(&self, row: usize) -> &'a [u8] {
        self.refinements.record(row).expect("a row of the block")
    }

    pub(super) fn chunks(&self) -> impl Iterator<Item = &'a [u8]> {
        self.codes.chunks().map(|(groups, _)| groups)
    }

    /// What a scan of this block alone leaves; its rows count from `first`.
    pub(super) fn scan(&self, query: &CodeQuery, k: usize, allowed: &[u64]) -> Candidates {
        let mut records = |row: u32| self.refinements.record(row as usize);
        let mut scan = Scan::new(query, k);
        assert!(scan.codes(&self.codes, allowed, 0, &mut records), "the query has the shape of the block");
        scan.finish(&mut records)
    }
}

/// Builds both.
#[derive(Clone)]
pub(super) struct BlockBuilder(CodesBuilder, RefinementsBuilder);

impl BlockBuilder {
    pub(super) fn new(shape: super::Shape) -> BlockBuilder {
        BlockBuilder(CodesBuilder::new(shape), RefinementsBuilder::new(shape))
    }

    pub(super) fn push(&mut self, code: Option<&[u8]>) -> bool {
        self.0.push(code) && self.1.push(code)
    }

    pub(super) fn append(&mut self, block: &Block<'_>, keep: &[u64]) -> bool {
        self.0.append(&block.codes, keep) && self.1.append(&block.refinements, keep)
    }

    pub(super) fn rows(&self) -> usize {
        assert_eq!(self.0.rows(), self.1.rows());
        self.0.rows()
    }

    pub(super) fn finish(self) -> (Vec<u8>, Vec<u8>) {
        (self.0.finish(), self.1.finish())
    }
}

/// Rows as a store has them: vectors, and blocks of their codes.
pub(super) struct Rows {
    pub(super) frame: Frame,
    vectors: Vec<u8>,
    norms: Vec<Norm>,
    blocks: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Rows {
    /// `count` vectors from `vector`.
    pub(super) fn new(dimension: usize, count: usize, mut vector: impl FnMut() -> Vec<f32>) -> Rows {
        let first: Vec<Vec<f32>> = (0..FIRST_ROWS.min(count)).map(|_| vector()).collect();
        let frame = Frame::new(dimension, &centroid(dimension, first.iter().map(Vec::as_slice)));
        let mut rows = Rows { frame, vectors: Vec::new(), norms: Vec::new(), blocks: Vec::new() };
        let mut builder = BlockBuilder::new(rows.frame.shape());
        for row in 0..count {
            let vector = first.get(row).cloned().unwrap_or_else(&mut vector);
            rows.vectors.extend(vector.iter().flat_map(|component| component.to_le_bytes()));
            rows.norms.push(Norm::of(&vector).expect("a vector with a norm"));
            let code = rows.frame.encode(&vector).expect("a vector with a norm");
            if builder.rows() == BLOCK_ROWS {
                let full = std::mem::replace(&mut builder, BlockBuilder::new(rows.frame.shape()));
                rows.blocks.push(full.finish());
            }
            assert!(builder.push(Some(&code)));
        }
        if builder.rows() > 0 {
            rows.blocks.push(builder.finish());
        }
        rows
    }

    pub(super) fn count(&self) -> usize {
        self.norms.len()
    }

    pub(super) fn query(&self, isa: Isa, vector: &[f32]) -> (PreparedQuery, CodeQuery) {
        let query = PreparedQuery::new(isa, vector).expect("a query with a norm");
        let codes = CodeQuery::new(&self.frame, &query);
        (query, codes)
    }

    pub(super) fn blocks(&self) -> impl Iterator<Item = Block<'_>> {
        let shape = self.frame.shape();
        self.blocks.iter().map(move |(codes, refinements)| {
            Block::read(shape, codes, refinements).expect("a block that was built here")
        })
    }

    /// All blocks, as a search goes through them.
    pub(super) fn scan(&self, query: &CodeQuery, k: usize, allowed: impl Fn(u32) -> bool) -> Candidates {
        let blocks: Vec<Block<'_>> = self.blocks().collect();
        let mut records =
            |row: u32| Some(blocks[row as usize / BLOCK_ROWS].record(row as usize % BLOCK_ROWS));
        let mut scan = Scan::new(query, k);
        for (block, first) in blocks.iter().zip((0..).step_by(BLOCK_ROWS)) {
            let mask = mask(block.rows(), |row| allowed(first + row));
            assert!(scan.codes(&block.codes, &mask, first, &mut records));
        }
        scan.finish(&mut records)
    }

    pub(super) fn score(
        &self,
        query: &PreparedQuery,
    ) -> impl FnMut(&[u32], &mut Vec<f32>) -> Result<(), Infallible> {
        move |slots, scores| {
            let bytes = query.dimension() * size_of::<f32>();
            let rows: Vec<_> = slots
                .iter()
                .map(|slot| *slot as usize)
                .map(|slot| (&self.vectors[slot * bytes..][..bytes], self.norms[slot]))
                .collect();
            query.cosines(&rows, scores);
            Ok(())
        }
    }

    /// The search by codes, best first and cut to k, with the number of rows that were compared exactly.
    pub(super) fn search(
        &self,
        vector: &[f32],
        k: usize,
        allowed: impl Fn(u32) -> bool,
    ) -> (Vec<Scored>, usize) {
        let (query, codes) = self.query(Isa::detect(), vector);
        let candidates = self.scan(&codes, k, allowed);
        assert_eq!(candidates.damaged(), None);
        let mut compared = 0;
        let mut score = self.score(&query);
        let counted = |slots: &[u32], scores: &mut Vec<f32>| {
            compared += slots.len();
            score(slots, scores)
        };
        let Ok(found) = candidates.rescore(k, counted);
        (best(found, k), compared)
    }

    /// The exact search, best first and cut to k.
    pub(super) fn oracle(&self, vector: &[f32], k: usize, allowed: impl Fn(u32) -> bool) -> Vec<Scored> {
        let query = PreparedQuery::new(Isa::detect(), vector).expect("a query with a norm");
        let slots = (0..self.count() as u32).filter(|slot| allowed(*slot));
        let Ok(found) = exact(slots, k, self.score(&query));
        best(found, k)
    }
}

/// The order of results, with the smaller slot for what a caller orders ties by.
fn best(mut found: Vec<Scored>, k: usize) -> Vec<Scored> {
    found.sort_by(|left, right| right.score.total_cmp(&left.score).then(left.slot.cmp(&right.slot)));
    found.truncate(k);
    found
}

/// The mask of the rows that are allowed.
pub(super) fn mask(rows: usize, allowed: impl Fn(u32) -> bool) -> Vec<u64> {
    let mut mask = vec![0; rows.div_ceil(64)];
    for row in (0..rows).filter(|row| allowed(*row as u32)) {
        mask[row / 64] |= 1 << (row % 64);
    }
    mask
}
