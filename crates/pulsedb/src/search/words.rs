//! The rows that hold the words of a query, ranked by BM25.
//!
//! ```text
//! of each block and each loose row: where the terms stand; the counts of living rows make the weights of the terms
//! of each block: scores of its rows; those that are allowed and reach the k-th best so far are offered
//! ```

use crate::error::Result;
use crate::index::{Address, BlockPostings, Segment, Snapshot, bit_bytes, with_analyser};
use crate::lexical::{
    Accumulator, Best, Bits, Bm25, Excluded, Matches, Pattern, Query, Scorer, TailRow, Totals,
};
use crate::search::filter::Allowed;
use crate::search::hit::{Hit, Rank};
use crate::storage::malformed_tail;

/// The best `k` of the allowed rows that hold a word of the query and all its phrases, and nothing it excludes.
pub(super) fn lexical(
    snapshot: &Snapshot<'_>,
    mut allowed: Allowed,
    text: &str,
    k: usize,
    parameters: Bm25,
) -> Result<Vec<Hit>> {
    let query = with_analyser(|analyser| Query::parse(text, analyser));
    let matches = snapshot.segments.iter().map(|segment| find_all(segment, &query));
    let matches = matches.collect::<Result<Vec<_>>>()?;
    let scorer = scorer(snapshot, &query, &matches, parameters)?;
    exclude(snapshot, &query, &mut allowed)?;
    let mut search = Search { snapshot, query: &query, best: Best::new(k), failed: None };
    let mut accumulator = Accumulator::default();
    for ((segment, matches), allowed) in snapshot.segments.iter().zip(&matches).zip(&allowed.blocks) {
        if matches.iter().all(Matches::is_empty) {
            continue;
        }
        let scored = accumulator.score(&scorer, matches, segment.lengths);
        scored.map_err(|_| segment.block.malformed_postings())?;
        let (allowed, dead) = (bit_bytes(allowed), bit_bytes(&segment.state.dead));
        let floor = search.best.floor();
        accumulator.drain(Some(Bits::new(&allowed)), Bits::new(&dead), floor, |row, score| {
            search.offer(score, segment.first + row)
        });
    }
    for ((row, allowed), address) in snapshot.loose.iter().zip(&allowed.loose).zip(snapshot.first_loose..) {
        if *allowed {
            let terms = TailRow::read(&row.terms).map_err(|_| malformed_tail(row.slot))?;
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
                Ok(true) => self.best.offer(score, || Rank::of(self.snapshot, address)),
                Ok(false) => {}
                Err(error) => self.failed = Some(error),
            }
        }
        self.best.floor()
    }

    /// Whether the record has the phrases of the query and none that it excludes.
    fn accepts(&self, address: Address) -> Result<bool> {
        if !self.query.needs_text() {
            return Ok(true);
        }
        let (_, row) = self.snapshot.row(address);
        let (_, experience) = self.snapshot.collective.view.indexed_row(row.id)?;
        Ok(with_analyser(|analyser| self.query.accepts(&experience.content, analyser)))
    }
}

fn find_all<'t>(segment: &Segment<'t>, query: &Query) -> Result<Vec<Matches<'t>>> {
    query.terms.iter().map(|term| find(segment, &term.pattern)).collect()
}

fn find<'t>(segment: &Segment<'t>, pattern: &Pattern) -> Result<Matches<'t>> {
    Matches::find(pattern, &BlockPostings(segment.block)).map_err(|found| found.of(segment.block))
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

/// Takes away the rows that hold a word which the query excludes.
fn exclude(snapshot: &Snapshot<'_>, query: &Query, allowed: &mut Allowed) -> Result<()> {
    for excluded in &query.excluded {
        let Excluded::Pattern(pattern) = excluded else { continue };
        for (segment, allowed) in snapshot.segments.iter().zip(&mut allowed.blocks) {
            let mut set = vec![0; allowed.len() * 8];
            let marked = find(segment, pattern)?.mark(segment.block.entry.rows, &mut set);
            marked.map_err(|_| segment.block.malformed_postings())?;
            let words = set.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
            allowed.iter_mut().zip(words).for_each(|(allowed, excluded)| *allowed &= !excluded);
        }
        for (row, allowed) in snapshot.loose.iter().zip(&mut allowed.loose) {
            let terms = TailRow::read(&row.terms).map_err(|_| malformed_tail(row.slot))?;
            *allowed &= pattern.count(&terms) == 0;
        }
    }
    Ok(())
}
