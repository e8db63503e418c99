//! Scores of one block's rows, and the best of all blocks.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::bits::Bits;
use super::bm25::Scorer;
use super::lengths::Lengths;
use super::malformed::Malformed;
use super::matches::Matches;
use super::postings::CHUNK;

/// Lanes that are compared and cleared together.
const LANES: usize = 16;

/// Scores of the rows of one block after another. All are 0 between two blocks.
#[derive(Debug, Default)]
pub(crate) struct Accumulator {
    scores: Vec<[f32; LANES]>,
    /// How many of them belong to the block at hand.
    groups: usize,
    /// Counts of a pattern whose parts overlap; all 0 between two patterns.
    counts: Vec<u32>,
}

impl Accumulator {
    /// Scores the rows of one block: `matches` are those of each term of the query, in its order. The block before
    /// has been drained.
    ///
    /// # Errors
    /// If the values are no postings of the block.
    pub(crate) fn score(
        &mut self,
        scorer: &Scorer,
        matches: &[Matches<'_>],
        lengths: Lengths<'_>,
    ) -> Result<(), Malformed> {
        debug_assert_eq!(self.groups, 0, "the block before was not drained");
        self.add_all(scorer, matches, lengths).inspect_err(|_| {
            // The next block starts from nothing.
            *self = Accumulator::default();
        })
    }

    fn add_all(
        &mut self,
        scorer: &Scorer,
        matches: &[Matches<'_>],
        lengths: Lengths<'_>,
    ) -> Result<(), Malformed> {
        let rows = lengths.rows();
        self.groups = rows.div_ceil(LANES as u32) as usize;
        self.scores.resize(self.scores.len().max(self.groups), [0.0; LANES]);
        for (term, found) in matches.iter().enumerate() {
            let weight = scorer.weight(term);
            let sums = self.scores.as_flattened_mut();
            if found.overlap() {
                self.counts.resize(self.counts.len().max(rows as usize), 0);
                let counts = &mut self.counts;
                found.each_chunk(rows, |rows, times| {
                    rows.iter().zip(times).for_each(|(&row, &times)| counts[row as usize] += times);
                })?;
                for (row, count) in
                    counts[..rows as usize].iter_mut().enumerate().filter(|(_, count)| **count > 0)
                {
                    sums[row] += Scorer::part(weight, *count, scorer.norm(lengths.of(row as u32) as f32));
                    *count = 0;
                }
            } else {
                found.each_chunk(rows, |rows, counts| {
                    // Parts are computed side by side, and then added one by one.
                    let mut parts = [0.0; CHUNK];
                    let parts = &mut parts[..rows.len()];
                    lengths.of_each(rows, |at, length| parts[at] = length as f32);
                    for (part, &count) in parts.iter_mut().zip(counts) {
                        *part = Scorer::part(weight, count, scorer.norm(*part));
                    }
                    for (&row, part) in rows.iter().zip(parts) {
                        sums[row as usize] += *part;
                    }
                })?;
            }
        }
        Ok(())
    }

    /// Appends the scores of all rows of the block, 0 for those that hold no term. All scores are 0 afterwards.
    pub(crate) fn take(&mut self, rows: u32, scores: &mut Vec<f32>) {
        let groups = &mut self.scores[..self.groups];
        let all = groups.as_flattened();
        scores.extend_from_slice(&all[..all.len().min(rows as usize)]);
        groups.fill([0.0; LANES]);
        self.groups = 0;
    }

    /// Calls `found` with each row of the block that is allowed, not dead, and whose score is above 0 and not below
    /// the floor, in rising order. What `found` returns is the floor from there on. All scores are 0 afterwards.
    pub(crate) fn drain(
        &mut self,
        allowed: Option<Bits<'_>>,
        dead: Bits<'_>,
        mut floor: f32,
        mut found: impl FnMut(u32, f32) -> f32,
    ) {
        for (group, lanes) in self.scores[..self.groups].iter_mut().enumerate() {
            let mut reached = reached(lanes, floor);
            if reached != 0 {
                reached &= allowed.map_or(u16::MAX, |allowed| allowed.sixteen(group)) & !dead.sixteen(group);
                while reached != 0 {
                    let lane = reached.trailing_zeros();
                    floor = found((group * LANES) as u32 + lane, lanes[lane as usize]);
                    reached &= reached - 1;
                }
            }
            *lanes = [0.0; LANES];
        }
        self.groups = 0;
    }
}

/// The lanes whose score is above 0 and not below the floor, as bits.
#[inline]
fn reached(lanes: &[f32; LANES], floor: f32) -> u16 {
    // One comparison does for both: no score is smaller than the smallest normal number.
    let floor = floor.max(f32::MIN_POSITIVE);
    lanes.iter().enumerate().fold(0, |bits, (lane, &score)| bits | u16::from(score >= floor) << lane)
}

/// The best k of all rows. Of equal scores the greater `T` is better, so that whoever asks decides: newer first, then
/// the smaller id. An order without ties gives one answer, however the rows are spread over blocks and tail.
#[derive(Clone, Debug)]
pub(crate) struct Best<T> {
    k: usize,
    /// At most k, the worst on top.
    kept: BinaryHeap<Reverse<Ranked<T>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Ranked<T> {
    /// The bits of a score above 0, which sort as the score does.
    score: u32,
    rank: T,
}

impl<T: Ord> Best<T> {
    pub(crate) fn new(k: usize) -> Best<T> {
        Best { k, kept: BinaryHeap::new() }
    }

    /// The score below which nothing is kept any more.
    #[inline]
    pub(crate) fn floor(&self) -> f32 {
        match self.kept.peek() {
            Some(Reverse(worst)) if self.kept.len() >= self.k => f32::from_bits(worst.score),
            _ => 0.0,
        }
    }

    /// Keeps a row if it is among the best so far. Its rank among equals is asked for only if its score suffices.
    pub(crate) fn offer(&mut self, score: f32, rank: impl FnOnce() -> T) {
        if self.k == 0 || score <= 0.0 || score < self.floor() {
            return;
        }
        let row = Ranked { score: score.to_bits(), rank: rank() };
        if self.kept.len() < self.k {
            self.kept.push(Reverse(row));
        } else if let Some(mut worst) = self.kept.peek_mut()
            && row > worst.0
        {
            worst.0 = row;
        }
    }

    /// What was kept, the best first.
    pub(crate) fn into_sorted(self) -> impl Iterator<Item = (f32, T)> {
        let sorted = self.kept.into_sorted_vec().into_iter();
        sorted.map(|Reverse(row)| (f32::from_bits(row.score), row.rank))
    }
}
