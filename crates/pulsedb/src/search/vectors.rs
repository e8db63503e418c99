//! The rows whose vectors are nearest to a query.
//!
//! ```text
//! few rows allowed: compare each
//! else scan the codes of the blocks, refine what may be among the best, compare those exactly for as long as one of
//!      the rest may be; compare the loose rows exactly
//! ```

use crate::error::Result;
use crate::index::{Address, Snapshot, run_rows};
use crate::model::Explain;
use crate::model::norm::Norm;
use crate::search::filter::Allowed;
use crate::search::hit::{Hit, Rank, best};
use crate::storage::BlockPart;
use crate::vector::PreparedQuery;
use crate::vector::codes::{self, Block, CodeQuery, Frame, Scan, Scored, gather_limit};

/// The best `k` of the allowed rows that have a vector, best first. Up to `exact_rows` are compared without codes.
pub(super) fn nearest(
    snapshot: &Snapshot<'_>,
    mut allowed: Allowed,
    query: &PreparedQuery,
    k: usize,
    exact_rows: usize,
) -> Result<Vec<Hit>> {
    for (segment, allowed) in snapshot.segments.iter().zip(&mut allowed.blocks) {
        allowed.iter_mut().zip(&segment.has_vector).for_each(|(allowed, has_vector)| *allowed &= has_vector);
    }
    for (row, allowed) in snapshot.loose.iter().zip(&mut allowed.loose) {
        *allowed = *allowed && snapshot.collective.has_vector(snapshot.generation, row.slot)?;
    }
    let frame = if allowed.count() <= exact_rows.max(gather_limit(k)) {
        None
    } else {
        snapshot.frame(query.dimension())?
    };
    let scored = if let Some(frame) = frame {
        by_codes(snapshot, &allowed, query, k, &frame)?
    } else {
        let rows = allowed.addresses(snapshot);
        codes::exact(rows, k, |rows, scores| score(snapshot, query, rows, scores))?
    };
    let hits = scored.into_iter();
    let hits = hits.map(|hit| Hit {
        score: hit.score,
        rank: Rank::of(snapshot, hit.slot),
        address: hit.slot,
        parts: Explain::of_vector(hit.score),
    });
    Ok(best(hits.collect(), k))
}

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
    for (segment, allowed) in snapshot.segments.iter().zip(&allowed.blocks) {
        let mut first = 0;
        for (run, allowed) in (0..).zip(allowed.chunks(run_rows(shape) / 64)) {
            if allowed.iter().any(|word| *word != 0) {
                let address = |row: u32| segment.first + first as u32 + row;
                let codes = segment.block.part(BlockPart::Codes, run)?;
                let finer = segment.block.part(BlockPart::Refinements, run)?;
                let scanned = Block::read(shape, codes, finer)
                    .is_some_and(|block| scan.block(&block, allowed, address));
                if !scanned {
                    return Err(segment.block.malformed(BlockPart::Codes));
                }
            }
            first += allowed.len() * 64;
        }
    }
    let candidates = scan.finish();
    if let Some(address) = candidates.damaged() {
        let (slot, _) = snapshot.row(address);
        tracing::warn!(slot = slot.0, "a code is damaged, its vector was compared; run `repair`");
    }
    let mut scored = candidates.rescore(k, |rows, scores| score(snapshot, query, rows, scores))?;
    scored.extend(codes::exact(allowed.loose_addresses(snapshot), k, |rows, scores| {
        score(snapshot, query, rows, scores)
    })?);
    Ok(scored)
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
        let (slot, _) = snapshot.row(*address);
        let vector = snapshot.collective.vector(snapshot.generation, slot, query.dimension())?;
        vectors.push((vector.bytes, Norm::from_bits(vector.norm_bits)));
    }
    query.cosines(&vectors, scores);
    Ok(())
}
