//! The rows whose vectors are nearest to a query.
//!
//! ```text
//! few rows allowed: compare each
//! else scan the codes of the blocks, refine what may be among the best, compare those exactly for as long as one of
//!      the rest may be; compare the loose rows exactly
//! ```

use std::ops::RangeInclusive;

use crate::error::{PulseDBError, Result};
use crate::index::{Address, Snapshot, code_run_rows, refinement_run_rows};
use crate::model::Explain;
use crate::model::change::Slot;
use crate::model::norm::Norm;
use crate::search::filter::{Allowed, rows_of};
use crate::search::hit::{Hit, Rank, best};
use crate::storage::{BlockPart, BlockView, VectorRow};
use crate::vector::PreparedQuery;
use crate::vector::codes::{
    self, CodeQuery, Codes, Frame, Records, Refinements, Scan, Scored, Shape, gather_limit,
};

/// Loose rows lie so close that reading all vectors between them beats a look for each: so many slots a row, at most.
const SPARSE: usize = 4;

/// The best `k` of the allowed rows that have a vector, best first. Up to `exact_rows` are compared without codes.
pub(super) fn nearest(
    snapshot: &Snapshot<'_>,
    allowed: &Allowed,
    query: &PreparedQuery,
    k: usize,
    exact_rows: usize,
) -> Result<Vec<Hit>> {
    let blocks = with_vectors(snapshot, allowed)?;
    let loose = loose_vectors(snapshot, allowed, query.dimension())?;
    let count = blocks.iter().flatten().map(|word| word.count_ones() as usize).sum::<usize>() + loose.len();
    let frame =
        if count <= exact_rows.max(gather_limit(k)) { None } else { snapshot.frame(query.dimension())? };
    let mut scored = match frame {
        Some(frame) => by_codes(snapshot, &blocks, query, k, &frame)?,
        None => exactly(snapshot, &blocks, query, k)?,
    };
    scored.extend(best_loose(&loose, query, k)?);
    let hits = scored.into_iter();
    let hits = hits.map(|hit| {
        let (rank, parts) = (Rank::of(snapshot, hit.slot)?, Explain::of_vector(hit.score));
        Ok(Hit { score: hit.score, rank, address: hit.slot, parts })
    });
    Ok(best(hits.collect::<Result<_>>()?, k))
}

/// The allowed rows of each block that have a vector.
fn with_vectors(snapshot: &Snapshot<'_>, allowed: &Allowed) -> Result<Vec<Vec<u64>>> {
    let mut blocks = allowed.blocks.clone();
    for (segment, allowed) in snapshot.segments.iter().zip(&mut blocks) {
        if allowed.iter().any(|word| *word != 0) {
            allowed.iter_mut().zip(segment.has_vector()?).for_each(|(word, has_vector)| *word &= has_vector);
        }
    }
    Ok(blocks)
}

/// The best of the blocks by their codes.
fn by_codes(
    snapshot: &Snapshot<'_>,
    allowed: &[Vec<u64>],
    query: &PreparedQuery,
    k: usize,
    frame: &Frame,
) -> Result<Vec<Scored>> {
    let shape = frame.shape();
    let prepared = CodeQuery::new(frame, query);
    let mut scan = Scan::new(&prepared, k);
    let mut finer = Finer::new(snapshot, shape);
    let blocks = || snapshot.segments.iter().zip(allowed);
    for (segment, allowed) in blocks() {
        for (run, _) in runs(shape, allowed) {
            finer.is_cold |= segment.block.will_need(BlockPart::Codes, run)?;
        }
    }
    for (segment, allowed) in blocks() {
        for (run, allowed) in runs(shape, allowed) {
            let first = segment.first + u32::from(run) * code_run_rows(shape) as u32;
            let codes = Codes::read(shape, segment.block.part(BlockPart::Codes, run)?);
            if !codes.is_some_and(|codes| scan.codes(&codes, allowed, first, &mut finer)) {
                return Err(segment.block.malformed(BlockPart::Codes));
            }
        }
    }
    let candidates = scan.finish(&mut finer);
    if let Some(error) = finer.failed {
        return Err(error);
    }
    if let Some(address) = candidates.damaged() {
        let (slot, _) = snapshot.row(address)?;
        tracing::warn!(slot = slot.0, "a code is damaged, its vector was compared; run `repair`");
    }
    candidates.rescore(k, |rows, scores| score(snapshot, query, rows, scores))
}

/// The runs of codes of a block that have allowed rows, each with its part of the bitmap.
fn runs(shape: Shape, allowed: &[u64]) -> impl Iterator<Item = (u16, &[u64])> {
    let runs = (0..).zip(allowed.chunks(code_run_rows(shape) / 64));
    runs.filter(|(_, allowed)| allowed.iter().any(|word| *word != 0))
}

/// The refinements of the blocks, run by run as they are asked for.
struct Finer<'s, 't> {
    snapshot: &'s Snapshot<'t>,
    shape: Shape,
    /// Whether this process has not searched here before, so that what it reads may lie on the disk alone.
    is_cold: bool,
    /// The runs of each block that were asked for.
    runs: Vec<Vec<Option<Refinements<'t>>>>,
    failed: Option<PulseDBError>,
}

impl<'t> Records<'t> for Finer<'_, 't> {
    fn expect(&mut self, rows: &[u32]) {
        // From a disk they come together then, and not one after the other.
        let rows = if self.is_cold { rows } else { &[] };
        for row in rows {
            if let Some(record) = self.record(*row) {
                BlockView::will_need_bytes(record);
            }
        }
    }

    /// The refinement of a row; `None` if it cannot be read, which `failed` then says.
    fn record(&mut self, address: Address) -> Option<&'t [u8]> {
        let (segment, row) = self.snapshot.place(address);
        let run = row / refinement_run_rows(self.shape);
        let refinements = match self.runs[segment].get(run).copied().flatten() {
            Some(refinements) => refinements,
            None => self.read(segment, run)?,
        };
        refinements.record(row % refinement_run_rows(self.shape))
    }
}

impl<'s, 't> Finer<'s, 't> {
    fn new(snapshot: &'s Snapshot<'t>, shape: Shape) -> Self {
        let runs = vec![Vec::new(); snapshot.segments.len()];
        Self { snapshot, shape, is_cold: false, runs, failed: None }
    }

    #[cold]
    fn read(&mut self, segment: usize, run: usize) -> Option<Refinements<'t>> {
        let block = self.snapshot.segments[segment].block;
        let read = block.part_of_checked_pieces(BlockPart::Refinements, run as u16).and_then(|bytes| {
            Refinements::read(self.shape, bytes).ok_or_else(|| block.malformed(BlockPart::Refinements))
        });
        match read {
            Ok(refinements) => {
                let runs = &mut self.runs[segment];
                runs.resize(runs.len().max(run + 1), None);
                runs[run] = Some(refinements);
                Some(refinements)
            }
            Err(error) => {
                self.failed = Some(error);
                None
            }
        }
    }
}

/// The best of the blocks, each allowed row compared.
fn exactly(
    snapshot: &Snapshot<'_>,
    allowed: &[Vec<u64>],
    query: &PreparedQuery,
    k: usize,
) -> Result<Vec<Scored>> {
    let rows = snapshot
        .segments
        .iter()
        .zip(allowed)
        .flat_map(|(segment, allowed)| rows_of(allowed).map(|row| segment.first + row as Address));
    codes::exact(rows, k, |rows, scores| score(snapshot, query, rows, scores))
}

/// Appends the exact cosine of each row, all of which have a vector.
pub(super) fn score(
    snapshot: &Snapshot<'_>,
    query: &PreparedQuery,
    rows: &[Address],
    scores: &mut Vec<f32>,
) -> Result<()> {
    let mut vectors = Vec::with_capacity(rows.len());
    for address in rows {
        let (slot, _) = snapshot.row(*address)?;
        let vector = snapshot.collective.vector(snapshot.generation, slot, query.dimension())?;
        vectors.push((vector.bytes, Norm::from_bits(vector.norm_bits)));
    }
    query.cosines(&vectors, scores);
    Ok(())
}

/// The vectors of the loose rows that are allowed and have one, in the order of their addresses.
fn loose_vectors<'t>(
    snapshot: &Snapshot<'t>,
    allowed: &Allowed,
    dimension: usize,
) -> Result<Vec<(Address, VectorRow<'t>)>> {
    let (collective, generation) = (snapshot.collective, snapshot.generation);
    let rows: Vec<Address> = allowed.loose_addresses(snapshot).collect();
    let mut vectors = Vec::with_capacity(rows.len());
    let mut stored = match dense(snapshot, &rows)? {
        // In order of their slots, as they are stored.
        Some(slots) => Some(collective.vectors_between(generation, slots, dimension)?),
        None => None,
    };
    for address in rows {
        let (slot, _) = snapshot.row(address)?;
        let vector = loop {
            match stored.as_mut().and_then(Iterator::next).transpose()? {
                Some((found, vector)) if found == slot => break vector,
                Some((found, _)) if found < slot => {}
                _ => break collective.vector_if_any(generation, slot, dimension)?,
            }
        };
        vectors.extend(vector.map(|vector| (address, vector)));
    }
    Ok(vectors)
}

/// The best of loose rows, each compared.
fn best_loose(loose: &[(Address, VectorRow<'_>)], query: &PreparedQuery, k: usize) -> Result<Vec<Scored>> {
    let mut vectors = loose.iter().map(|(_, vector)| (vector.bytes, Norm::from_bits(vector.norm_bits)));
    codes::exact(loose.iter().map(|(address, _)| *address), k, |rows, scores| {
        // It asks for the rows in the order in which they are given.
        query.cosines(&vectors.by_ref().take(rows.len()).collect::<Vec<_>>(), scores);
        Ok(())
    })
}

/// The slots from the first to the last of these rows, if there are few others between them.
fn dense(snapshot: &Snapshot<'_>, rows: &[Address]) -> Result<Option<RangeInclusive<Slot>>> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(None) };
    let ((first, _), (last, _)) = (snapshot.row(*first)?, snapshot.row(*last)?);
    let span = last.0.saturating_sub(first.0) as usize;
    Ok((first <= last && span <= SPARSE * rows.len()).then_some(first..=last))
}
