//! The rows whose vectors are nearest to a query.
//!
//! ```text
//! few rows allowed: compare each
//! else scan the codes of the blocks, refine what may be among the best, compare those exactly for as long as one of
//!      the rest may be; compare the loose rows exactly
//! ```

use std::ops::RangeInclusive;

use crate::error::{PulseDBError, Result};
use crate::index::{Address, Segment, Snapshot, code_run_rows, refinement_run_rows};
use crate::model::Explain;
use crate::model::change::Slot;
use crate::model::norm::Norm;
use crate::search::filter::{Allowed, rows_of};
use crate::search::hit::{Hit, Rank, best};
use crate::storage::BlockPart;
use crate::vector::PreparedQuery;
use crate::vector::codes::{self, CodeQuery, Codes, Frame, Refinements, Scan, Scored, Shape, gather_limit};

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
    let frame = if allowed.count() <= exact_rows.max(gather_limit(k)) {
        None
    } else {
        snapshot.frame(query.dimension())?
    };
    let mut scored = match frame {
        Some(frame) => by_codes(snapshot, allowed, query, k, &frame)?,
        None => exactly(snapshot, allowed, query, k)?,
    };
    scored.extend(loose(snapshot, allowed, query, k)?);
    let hits = scored.into_iter();
    let hits = hits.map(|hit| {
        let (rank, parts) = (Rank::of(snapshot, hit.slot)?, Explain::of_vector(hit.score));
        Ok(Hit { score: hit.score, rank, address: hit.slot, parts })
    });
    Ok(best(hits.collect::<Result<_>>()?, k))
}

/// The best of the blocks by their codes.
fn by_codes(
    snapshot: &Snapshot<'_>,
    allowed: &Allowed,
    query: &PreparedQuery,
    k: usize,
    frame: &Frame,
) -> Result<Vec<Scored>> {
    let shape = frame.shape();
    let prepared = CodeQuery::new(frame, query);
    let mut scan = Scan::new(&prepared, k);
    let blocks = || snapshot.segments.iter().zip(&allowed.blocks);
    for (segment, allowed) in blocks() {
        for (run, _) in runs(shape, allowed) {
            segment.block.will_need(BlockPart::Codes, run)?;
        }
    }
    for (segment, allowed) in blocks() {
        let mut finer = Finer::new(segment, shape);
        for (run, allowed) in runs(shape, allowed) {
            let first = u32::from(run) * code_run_rows(shape) as u32;
            let codes = Codes::read(shape, segment.block.part(BlockPart::Codes, run)?);
            let address = |row: u32| segment.first + first + row;
            let scanned = codes.is_some_and(|codes| {
                scan.codes(&codes, allowed, address, |row| finer.record((first + row) as usize))
            });
            if !scanned {
                return Err(segment.block.malformed(BlockPart::Codes));
            }
        }
        if let Some(error) = finer.failed {
            return Err(error);
        }
    }
    let candidates = scan.finish();
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

/// The refinements of a block, run by run as they are asked for.
struct Finer<'s, 't> {
    segment: &'s Segment<'t>,
    shape: Shape,
    runs: Vec<Option<Refinements<'t>>>,
    failed: Option<PulseDBError>,
}

impl<'s, 't> Finer<'s, 't> {
    fn new(segment: &'s Segment<'t>, shape: Shape) -> Self {
        let runs = (segment.block.entry.rows as usize).div_ceil(refinement_run_rows(shape));
        Self { segment, shape, runs: vec![None; runs], failed: None }
    }

    /// The refinement of a row; `None` if it cannot be read, which `failed` then says.
    fn record(&mut self, row: usize) -> Option<&'t [u8]> {
        let run = row / refinement_run_rows(self.shape);
        let refinements = match self.runs.get(run)? {
            Some(refinements) => *refinements,
            None => self.read(run)?,
        };
        refinements.record(row % refinement_run_rows(self.shape))
    }

    #[cold]
    fn read(&mut self, run: usize) -> Option<Refinements<'t>> {
        let block = self.segment.block;
        let read = block.part_of_checked_pieces(BlockPart::Refinements, run as u16).and_then(|bytes| {
            Refinements::read(self.shape, bytes).ok_or_else(|| block.malformed(BlockPart::Refinements))
        });
        match read {
            Ok(refinements) => {
                self.runs[run] = Some(refinements);
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
    allowed: &Allowed,
    query: &PreparedQuery,
    k: usize,
) -> Result<Vec<Scored>> {
    let mut blocks = Vec::new();
    for (segment, allowed) in snapshot.segments.iter().zip(&allowed.blocks) {
        if allowed.iter().any(|word| *word != 0) {
            blocks.push((segment.first, segment.columns()?, allowed));
        }
    }
    let rows = blocks.into_iter().flat_map(|(first, columns, allowed)| {
        rows_of(allowed).filter(|row| columns.has_vector(*row)).map(move |row| first + row as u32)
    });
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
        let (slot, row) = snapshot.row(*address)?;
        let bytes = snapshot.collective.vector_bytes(slot, query.dimension())?;
        vectors.push((bytes, Norm::from_bits(row.norm_bits)));
    }
    query.cosines(&vectors, scores);
    Ok(())
}

/// The best of the loose rows, each allowed one compared.
fn loose(snapshot: &Snapshot<'_>, allowed: &Allowed, query: &PreparedQuery, k: usize) -> Result<Vec<Scored>> {
    let has_vector =
        |address: &Address| snapshot.loose[(address - snapshot.first_loose) as usize].row.has_vector;
    let rows: Vec<Address> = allowed.loose_addresses(snapshot).filter(has_vector).collect();
    let Some(slots) = dense(snapshot, &rows)? else {
        return codes::exact(rows, k, |rows, scores| score(snapshot, query, rows, scores));
    };
    // In order of their slots, as they are stored.
    let mut stored = snapshot.collective.vectors_between(slots, query.dimension())?;
    codes::exact(rows, k, |rows, scores| {
        let mut vectors = Vec::with_capacity(rows.len());
        for address in rows {
            let (slot, row) = snapshot.row(*address)?;
            let bytes = loop {
                match stored.next().transpose()? {
                    Some((found, bytes)) if found == slot => break bytes,
                    Some((found, _)) if found < slot => {}
                    _ => break snapshot.collective.vector_bytes(slot, query.dimension())?,
                }
            };
            vectors.push((bytes, Norm::from_bits(row.norm_bits)));
        }
        query.cosines(&vectors, scores);
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
