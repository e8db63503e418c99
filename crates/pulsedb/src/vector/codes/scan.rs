//! The scan of codes, which leaves the candidates for exact comparison.

use std::hint::black_box;

use super::block::{CHUNK_ROWS, Codes};
use super::query::{CodeQuery, Estimate, Survivor};
use super::rescore::{Candidate, Candidates};
use crate::vector::top_k::{Ordered, TopK};

/// Survivors that wait before any is refined, and that may be left waiting once some were. The most promising come first,
/// and raise the floor above most of the others.
const SURVIVORS: usize = 1_024;
/// Rows that are refined in one go, so that the processor waits for their memory once.
const TOGETHER: usize = 32;
/// Rows that are refined before there is a floor. A row whose bits mislead is lost only to a floor, so few rows lose none.
const FIRST: usize = 128;
/// Candidates from which on those that have fallen below the floor are dropped.
const PRUNE_FROM: usize = 4_096;
const CACHE_LINE: usize = 64;

/// Where refinements are read.
pub(crate) trait Records<'r> {
    /// These rows are read next.
    fn expect(&mut self, _rows: &[u32]) {}

    /// The refinement of a row, if it has one.
    fn record(&mut self, row: u32) -> Option<&'r [u8]>;
}

impl<'r, F: FnMut(u32) -> Option<&'r [u8]>> Records<'r> for F {
    fn record(&mut self, row: u32) -> Option<&'r [u8]> {
        self(row)
    }
}

/// A search over codes that has seen some rows.
///
/// Rows may come in any order and from several blocks. Each is offered once.
#[derive(Debug)]
pub(crate) struct Scan<'q> {
    query: &'q CodeQuery,
    /// The greatest lower bounds so far.
    lower: TopK<Ordered>,
    /// No row whose cosine is below this is among the best: the least of `lower`, once there are k.
    floor: f32,
    /// Rows that wait for being refined.
    survivors: Vec<Survivor>,
    k: usize,
    candidates: Vec<Candidate>,
    prune_at: usize,
    damaged: Option<u32>,
}

impl<'q> Scan<'q> {
    /// A scan for the best `k` rows, `k` being at least 1.
    pub(crate) fn new(query: &'q CodeQuery, k: usize) -> Scan<'q> {
        Scan {
            query,
            k: k.max(1),
            lower: TopK::new(k.max(1)),
            floor: f32::NEG_INFINITY,
            survivors: Vec::with_capacity(SURVIVORS + CHUNK_ROWS),
            candidates: Vec::new(),
            prune_at: PRUNE_FROM,
            damaged: None,
        }
    }

    /// Scans the rows whose bit is set in `allowed` and that have a vector. The first row of the codes is `first`, by
    /// which `records` and the candidates know it; the other rows follow. A row without a refinement is compared exactly.
    ///
    /// Rows that `allowed` is too short for are not allowed.
    /// Returns false, and scans nothing, if the codes have another shape than the query.
    pub(crate) fn codes<'r>(
        &mut self,
        codes: &Codes<'_>,
        allowed: &[u64],
        first: u32,
        records: &mut impl Records<'r>,
    ) -> bool {
        if codes.shape() != self.query.shape() {
            return false;
        }
        let mut start = 0;
        for ((groups, present), allowed) in codes.chunks().zip(allowed) {
            let allowed = *allowed & present & low_bits(codes.rows() - start);
            if allowed != 0 {
                let first = first + start as u32;
                self.query.survivors(groups, allowed, self.floor, first, &mut self.survivors);
                if self.survivors.len() >= SURVIVORS {
                    self.refine_down_to(SURVIVORS / 2, records);
                }
            }
            start += CHUNK_ROWS;
        }
        true
    }

    /// The rows that are to be compared exactly.
    pub(crate) fn finish<'r>(mut self, records: &mut impl Records<'r>) -> Candidates {
        self.refine_down_to(0, records);
        Candidates::new(self.candidates, self.floor, self.damaged)
    }

    /// Refines survivors, the most promising first, until so many are left whose bounds reach the floor.
    fn refine_down_to<'r>(&mut self, rest: usize, records: &mut impl Records<'r>) {
        let mut survivors = std::mem::take(&mut self.survivors);
        loop {
            survivors.retain(|survivor| survivor.upper >= self.floor);
            if survivors.len() <= rest {
                break;
            }
            let together = if self.floor == f32::NEG_INFINITY { FIRST } else { TOGETHER };
            let waiting = survivors.len().saturating_sub(together.max(self.k));
            if waiting > 0 {
                survivors.select_nth_unstable_by(waiting, |left, right| left.upper.total_cmp(&right.upper));
            }
            let rows: Vec<u32> = survivors.drain(waiting..).map(|survivor| survivor.row).collect();
            self.refine(&rows, records);
        }
        self.survivors = survivors;
    }

    fn refine<'r>(&mut self, rows: &[u32], records: &mut impl Records<'r>) {
        records.expect(rows);
        let records = rows.iter().map(|row| (*row, records.record(*row).unwrap_or_default()));
        let mut fetched = 0;
        let records: Vec<(u32, &[u8])> = records
            .inspect(|(_, record)| {
                fetched |= record.iter().step_by(CACHE_LINE).fold(0, |all, byte| all | byte);
            })
            .collect();
        black_box(fetched);
        for (row, record) in records {
            let Some(Estimate { cosine, error }) = self.query.refine(record) else {
                // Nothing is known of the row but that it may be the best: it is compared exactly.
                self.damaged = self.damaged.or(Some(row));
                self.candidates.push(Candidate { upper: f32::INFINITY, slot: row });
                continue;
            };
            if cosine + error >= self.floor {
                self.candidates.push(Candidate { upper: cosine + error, slot: row });
                self.lower.push(Ordered(cosine - error));
                self.raise_floor();
            }
        }
        if self.candidates.len() >= self.prune_at {
            self.candidates.retain(|candidate| candidate.upper >= self.floor);
            self.prune_at = PRUNE_FROM.max(2 * self.candidates.len());
        }
    }

    fn raise_floor(&mut self) {
        if let Some(Ordered(least)) = self.lower.least() {
            self.floor = self.floor.max(*least);
        }
    }
}

/// A mask of the first `count` rows of a chunk.
fn low_bits(count: usize) -> u64 {
    if count >= CHUNK_ROWS { u64::MAX } else { (1 << count) - 1 }
}
