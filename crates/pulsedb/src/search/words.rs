//! The rows that hold the words of a query, ranked by BM25.
//!
//! ```text
//! of each block and each loose row: where the terms stand; the counts of living rows make the weights of the terms
//! of each block: scores of its rows; those that are allowed and reach the k-th best so far are offered
//! ```

use crate::error::Result;
use crate::index::{Address, BlockPostings, Segment, Snapshot, bit_bytes, with_analyser};
use crate::lexical::{Accumulator, Best, Bits, Bm25, Matches, Query, Scorer, TailRow, Totals};
use crate::search::filter::Allowed;
use crate::search::hit::{Hit, Rank};
use crate::storage::malformed_tail;

/// The best `k` of the allowed rows that hold a word of the query and all its phrases, and nothing it excludes.
pub(super) fn lexical(
    snapshot: &Snapshot<'_>,
    allowed: &Allowed,
    text: &str,
    k: usize,
    parameters: Bm25,
) -> Result<Vec<Hit>> {
    let query = with_analyser(|analyser| Query::parse(text, analyser));
    let matches = snapshot.segments.iter().map(|segment| find_all(segment, &query));
    let matches = matches.collect::<Result<Vec<_>>>()?;
    let scorer = scorer(snapshot, &query, &matches, parameters)?;
    let mut search = Search { snapshot, query: &query, best: Best::new(k), failed: None };
    let mut accumulator = Accumulator::default();
    for ((segment, matches), allowed) in snapshot.segments.iter().zip(&matches).zip(&allowed.blocks) {
        if matches.iter().all(Matches::is_empty) {
            continue;
        }
        let added = accumulator.score(&scorer, matches, segment.lengths()?);
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
    for ((row, allowed), address) in snapshot.loose.iter().zip(&allowed.loose).zip(snapshot.first_loose..) {
        if *allowed {
            let terms = TailRow::read(&row.terms).map_err(|_| malformed_tail(row.slot))?;
            if !query.admits(&terms) {
                continue;
            }
            let counts: Vec<u32> = query.terms.iter().map(|term| term.pattern.count(&terms)).collect();
            search.offer(scorer.score(&counts, terms.length()), address);
        }
    }
    if let Some(error) = search.failed {
        return Err(error);
    }
    Ok(search.best.into_sorted().map(|(score, rank)| Hit { score, rank }).collect())
}

struct Search<'s, 't> {
    snapshot: &'s Snapshot<'t>,
    query: &'s Query,
    best: Best<Rank>,
    failed: Option<crate::error::PulseDBError>,
}

impl Search<'_, '_> {
    /// Offers a row, if its text passes; the score that the next one must reach.
    fn offer(&mut self, score: f32, address: Address) -> f32 {
        if self.failed.is_none() && score > 0.0 && score >= self.best.floor() {
            match self.accepts(address) {
                Ok(Some(rank)) => self.best.offer(score, || rank),
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
