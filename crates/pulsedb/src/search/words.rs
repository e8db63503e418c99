//! The rows that hold the words of a query, ranked by BM25.
//!
//! ```text
//! of each block and each loose row: where the terms stand; the counts of living rows make the weights of the terms
//! of each block: scores of its rows; those that are allowed and reach the k-th best so far are offered
//! ```

use std::cmp::Reverse;

use crate::error::Result;
use crate::index::{Address, BlockPostings, Segment, Snapshot, bit_bytes, with_analyser};
use crate::lexical::{Accumulator, Best, Bits, Bm25, Matches, Query, Scorer, TailRow, Totals};
use crate::model::Explain;
use crate::search::filter::Allowed;
use crate::search::hit::{Hit, Rank};
use crate::storage::malformed_tail;

/// A query with where its terms stand, and what they weigh.
pub(super) struct Words<'t> {
    pub(super) query: Query,
    pub(super) scorer: Scorer,
    /// Of each block, those of each term.
    matches: Vec<Vec<Matches<'t>>>,
}

/// The best `k` of the allowed rows that hold a word of the query and all its phrases, and nothing it excludes.
pub(super) fn lexical(
    snapshot: &Snapshot<'_>,
    allowed: &Allowed,
    text: &str,
    k: usize,
    parameters: Bm25,
) -> Result<Vec<Hit>> {
    let query = with_analyser(|analyser| Query::parse(text, analyser));
    let words = Words::find(snapshot, query, parameters)?;
    let mut search = Search { snapshot, query: &words.query, best: Best::new(k), failed: None };
    words.search(&mut search, allowed)?;
    if let Some(error) = search.failed {
        return Err(error);
    }
    let best = search.best.into_sorted();
    Ok(best.map(|(score, (rank, address))| hit(score, rank, address.0)).collect())
}

fn hit(score: f32, rank: Rank, address: Address) -> Hit {
    Hit { score, rank, address, parts: Explain::of_words(score) }
}

impl<'t> Words<'t> {
    /// Looks the terms of a query up.
    pub(super) fn find(snapshot: &Snapshot<'t>, query: Query, parameters: Bm25) -> Result<Self> {
        let matches = snapshot.segments.iter().map(|segment| find_all(segment, &query));
        let matches = matches.collect::<Result<Vec<_>>>()?;
        let scorer = scorer(snapshot, &query, &matches, parameters)?;
        Ok(Self { query, scorer, matches })
    }

    /// The score of every row, address by address: 0 for one that holds no term.
    pub(super) fn scores(&self, snapshot: &Snapshot<'t>) -> Result<Vec<f32>> {
        let mut scores = Vec::with_capacity(snapshot.rows());
        let mut accumulator = Accumulator::default();
        for (segment, matches) in snapshot.segments.iter().zip(&self.matches) {
            let added = accumulator.score(&self.scorer, matches, segment.lengths()?);
            added.map_err(|_| segment.block.malformed_postings())?;
            accumulator.take(segment.block.entry.rows, &mut scores);
        }
        for row in &snapshot.loose {
            let terms = TailRow::read(&row.terms).map_err(|_| malformed_tail(row.slot))?;
            scores.push(self.score_loose(&terms));
        }
        Ok(scores)
    }

    fn score_loose(&self, terms: &TailRow<'_>) -> f32 {
        let counts: Vec<u32> = self.query.terms.iter().map(|term| term.pattern.count(terms)).collect();
        self.scorer.score(&counts, terms.length())
    }

    fn search(&self, search: &mut Search<'_, '_>, allowed: &Allowed) -> Result<()> {
        let snapshot = search.snapshot;
        let query = &self.query;
        let mut accumulator = Accumulator::default();
        for ((segment, matches), allowed) in snapshot.segments.iter().zip(&self.matches).zip(&allowed.blocks)
        {
            if matches.iter().all(Matches::is_empty) {
                continue;
            }
            let added = accumulator.score(&self.scorer, matches, segment.lengths()?);
            added.map_err(|_| segment.block.malformed_postings())?;
            let (mut allowed, dead) = (bit_bytes(allowed), bit_bytes(&segment.state.dead));
            if query.restricts() {
                let values = BlockPostings(segment.block);
                let restricted = query.restrict(&values, segment.block.entry.rows, &mut allowed);
                restricted.map_err(|found| found.of(segment.block))?;
            }
            let floor = search.best.floor();
            accumulator.drain(Some(Bits::new(&allowed)), Bits::new(&dead), floor, |row, score| {
                search.offer(score, segment.first + row)
            });
        }
        let rows = snapshot.loose.iter().zip(snapshot.first_loose..).zip(&allowed.loose);
        for ((row, address), _) in rows.filter(|(_, allowed)| **allowed) {
            let terms = TailRow::read(&row.terms).map_err(|_| malformed_tail(row.slot))?;
            if query.admits(&terms) {
                search.offer(self.score_loose(&terms), address);
            }
        }
        Ok(())
    }
}

/// The best `n` of the allowed rows by their scores, best first, those above 0.
pub(super) fn best_of(
    snapshot: &Snapshot<'_>,
    allowed: &Allowed,
    scores: &[f32],
    n: usize,
) -> Result<Vec<Address>> {
    let mut best = Best::new(n);
    for (segment, allowed) in snapshot.segments.iter().zip(&allowed.blocks) {
        let first = segment.first as usize;
        let scores = &scores[first..first + segment.block.entry.rows as usize];
        for ((at, scores), allowed) in scores.chunks(64).enumerate().zip(allowed) {
            let floor = best.floor().max(f32::MIN_POSITIVE);
            let reached = scores.iter().enumerate();
            let reached = reached.fold(0_u64, |bits, (row, score)| bits | u64::from(*score >= floor) << row);
            let mut reached = reached & allowed;
            while reached != 0 {
                let row = reached.trailing_zeros() as usize;
                let address = (first + at * 64 + row) as Address;
                let rank = Rank::of(snapshot, address)?;
                best.offer(scores[row], || (rank, Reverse(address)));
                reached &= reached - 1;
            }
        }
    }
    for address in allowed.loose_addresses(snapshot) {
        let rank = Rank::of(snapshot, address)?;
        best.offer(scores[address as usize], || (rank, Reverse(address)));
    }
    Ok(best.into_sorted().map(|(_, (_, address))| address.0).collect())
}

struct Search<'s, 't> {
    snapshot: &'s Snapshot<'t>,
    query: &'s Query,
    /// Rows have ids of their own, so that addresses decide nothing.
    best: Best<(Rank, Reverse<Address>)>,
    failed: Option<crate::error::PulseDBError>,
}

impl Search<'_, '_> {
    /// Offers a row, if its text passes; the score that the next one must reach.
    fn offer(&mut self, score: f32, address: Address) -> f32 {
        if self.failed.is_none() && score > 0.0 && score >= self.best.floor() {
            match self.accepts(address) {
                Ok(Some(rank)) => self.best.offer(score, || (rank, Reverse(address))),
                Ok(None) => {}
                Err(error) => self.failed = Some(error),
            }
        }
        self.best.floor()
    }

    /// The rank of a record, if it has the phrases of the query and none that it excludes.
    fn accepts(&self, address: Address) -> Result<Option<Rank>> {
        if self.query.needs_text() {
            let (_, row) = self.snapshot.row(address)?;
            let content = self.snapshot.collective.content(row.id)?;
            if !with_analyser(|analyser| self.query.accepts(&content, analyser)) {
                return Ok(None);
            }
        }
        Rank::of(self.snapshot, address).map(Some)
    }
}

fn find_all<'t>(segment: &Segment<'t>, query: &Query) -> Result<Vec<Matches<'t>>> {
    let values = BlockPostings(segment.block);
    let matches = query.terms.iter().map(|term| Matches::find(&term.pattern, &values));
    matches.map(|found| found.map_err(|found| found.of(segment.block))).collect()
}

/// The statistics of the query over every record that is not deleted, whatever the filter.
fn scorer(
    snapshot: &Snapshot<'_>,
    query: &Query,
    matches: &[Vec<Matches<'_>>],
    parameters: Bm25,
) -> Result<Scorer> {
    let mut frequencies = vec![0; query.terms.len()];
    for (segment, matches) in snapshot.segments.iter().zip(matches) {
        let dead = if segment.block.entry.dead == 0 { Vec::new() } else { bit_bytes(&segment.state.dead) };
        for (frequency, found) in frequencies.iter_mut().zip(matches) {
            let live = found.live_rows(segment.block.entry.rows, Bits::new(&dead));
            *frequency += live.map_err(|_| segment.block.malformed_postings())?;
        }
    }
    for row in &snapshot.loose {
        let terms = TailRow::read(&row.terms).map_err(|_| malformed_tail(row.slot))?;
        for (frequency, term) in frequencies.iter_mut().zip(&query.terms) {
            *frequency += u64::from(term.pattern.count(&terms) > 0);
        }
    }
    let (rows, words) = snapshot.collective.totals()?;
    let terms = query.terms.iter().zip(frequencies).map(|(term, frequency)| (term.times, frequency));
    Ok(Scorer::new(terms, Totals { rows, words }, parameters))
}
