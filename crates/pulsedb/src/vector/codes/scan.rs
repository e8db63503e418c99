//! The scan of blocks and of rows that are in no block yet, which leaves the candidates for exact comparison.

use std::hint::black_box;

use super::block::{CHUNK_ROWS, Codes, put_bits};
use super::query::{CodeQuery, Estimate, Survivor};
use super::rescore::{Candidate, Candidates};
use super::shape::GROUP_ROWS;
use crate::vector::top_k::{Ordered, TopK};

/// Survivors that are collected before any is refined. The most promising come first then, and raise the floor above
/// most of the others: in the first thousands of rows this saves nine of ten refinements.
const SURVIVORS: usize = 1_024;
/// Rows that are refined in one go, so that the processor waits for their memory once.
const TOGETHER: usize = 32;
/// Candidates from which on those that have fallen below the floor are dropped.
const PRUNE_FROM: usize = 4_096;
const CACHE_LINE: usize = 64;

/// Where the refinements of a block are read.
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
    /// Rows that are refined in one go.
    together: usize,
    candidates: Vec<Candidate>,
    prune_at: usize,
    damaged: Option<u32>,
}

impl<'q> Scan<'q> {
    /// A scan for the best `k` rows, `k` being at least 1.
    pub(crate) fn new(query: &'q CodeQuery, k: usize) -> Scan<'q> {
        Scan {
            query,
            lower: TopK::new(k.max(1)),
            floor: f32::NEG_INFINITY,
            survivors: Vec::with_capacity(SURVIVORS + CHUNK_ROWS),
            together: k.max(TOGETHER),
            candidates: Vec::new(),
            prune_at: PRUNE_FROM,
            damaged: None,
        }
    }

    /// Scans the rows whose bit is set in `allowed` and that have a vector; `slot` says where the vector of a row lies,
    /// `records` what its refinement is. A row without a refinement is compared exactly.
    ///
    /// Rows that `allowed` is too short for are not allowed.
    /// Returns false, and scans nothing, if the codes have another shape than the query.
    pub(crate) fn codes<'r>(
        &mut self,
        codes: &Codes<'_>,
        allowed: &[u64],
        slot: impl Fn(u32) -> u32,
        records: &mut impl Records<'r>,
    ) -> bool {
        if codes.shape() != self.query.shape() {
            return false;
        }
        let mut start = 0;
        for ((groups, present), allowed) in codes.chunks().zip(allowed) {
            let allowed = *allowed & present & low_bits(codes.rows() - start);
            if allowed != 0 {
                self.query.survivors(groups, allowed, self.floor, start, &mut self.survivors);
                if self.survivors.len() >= SURVIVORS {
                    self.refine_survivors(&slot, records);
                }
            }
            start += CHUNK_ROWS;
        }
        self.refine_survivors(slot, records);
        true
    }

    #[cfg_attr(not(test), expect(dead_code, reason = "rows of the tail are compared exactly"))]
    /// Scans rows that are in no block, each with its slot and its code, with the results of a block of them.
    ///
    /// Returns false at the first code that is of another length; the rows before it have been scanned.
    pub(crate) fn rows<'r>(&mut self, rows: impl IntoIterator<Item = (u32, &'r [u8])>) -> bool {
        let shape = self.query.shape();
        let mut chunk = Vec::with_capacity(CHUNK_ROWS);
        let mut groups = vec![0; shape.group_bytes() * (CHUNK_ROWS / GROUP_ROWS)];
        for (slot, code) in rows {
            if code.len() != shape.code_bytes() {
                self.chunk(&groups, &chunk);
                return false;
            }
            let (bits, record) = code.split_at(code.len() - shape.record_bytes());
            let group = chunk.len() / GROUP_ROWS * shape.group_bytes();
            put_bits(shape, &mut groups[group..group + shape.group_bytes()], chunk.len() % GROUP_ROWS, bits);
            chunk.push((slot, record));
            if chunk.len() == CHUNK_ROWS {
                self.chunk(&groups, &chunk);
                chunk.clear();
            }
        }
        self.chunk(&groups, &chunk);
        true
    }

    /// Scans a chunk of rows whose bits were put into groups.
    fn chunk(&mut self, groups: &[u8], rows: &[(u32, &[u8])]) {
        self.query.survivors(groups, low_bits(rows.len()), self.floor, 0, &mut self.survivors);
        self.refine_survivors(|row| rows[row as usize].0, &mut |row: u32| Some(rows[row as usize].1));
    }

    #[cfg_attr(not(test), expect(dead_code, reason = "one thread scans"))]
    /// Adds what another scan for the same query and k has found in other rows.
    pub(crate) fn absorb(&mut self, other: Scan<'_>) {
        for lower in other.lower.into_sorted_vec() {
            self.lower.push(lower);
        }
        self.raise_floor();
        self.candidates.extend(other.candidates);
        self.damaged = self.damaged.or(other.damaged);
    }

    /// The rows that are to be compared exactly.
    pub(crate) fn finish(self) -> Candidates {
        Candidates::new(self.candidates, self.floor, self.damaged)
    }

    /// Refines the survivors so far, the most promising first, until the floor is above the rest.
    fn refine_survivors<'r>(&mut self, slot: impl Fn(u32) -> u32, records: &mut impl Records<'r>) {
        let mut survivors = std::mem::take(&mut self.survivors);
        loop {
            survivors.retain(|survivor| survivor.upper >= self.floor);
            let rest = survivors.len().saturating_sub(self.together);
            if rest > 0 {
                survivors.select_nth_unstable_by(rest, |left, right| left.upper.total_cmp(&right.upper));
            }
            if survivors.is_empty() {
                break;
            }
            let rows: Vec<u32> = survivors.drain(rest..).map(|survivor| survivor.row).collect();
            self.refine(&rows, &slot, records);
        }
        self.survivors = survivors;
    }

    fn refine<'r>(&mut self, rows: &[u32], slot: impl Fn(u32) -> u32, records: &mut impl Records<'r>) {
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
                let slot = slot(row);
                self.damaged = self.damaged.or(Some(slot));
                self.candidates.push(Candidate { upper: f32::INFINITY, slot });
                continue;
            };
            if cosine + error >= self.floor {
                self.candidates.push(Candidate { upper: cosine + error, slot: slot(row) });
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
