//! The choice of the node that a new item goes to, so that similar items meet in one.
//!
//! ```text
//! score the open nodes (those with room) of the last few banks that have any
//! similar = the node whose score is the most deviations above zero, if that is enough to stand out
//! if there may be more open nodes, and nothing is similar or the similar one holds mostly other things:
//!     a node of its own, so that what is like it may follow
//! else the similar one, if any
//! else of the nodes that the item does not cancel in: the first that no items alike dominate, else the one of the
//!     least norm, else a new one
//! ```
//!
//! A deviation is that of the scores of unrelated codes, which depends on the node: see `Nodes`. In a node that items
//! alike dominate, another item would drown; so clusters and the rest stay apart, and since the rest fills one node after
//! the other, nodes do not stay half empty. The choice is a function of the nodes alone, so inserting an item, removing
//! it and inserting it again gives the same bytes.

use embeddenator_vsa::limits::BANK_SLOTS;
use embeddenator_vsa::{CodeRef, Result};

use super::beam::maximum;
use super::nodes::{Nodes, Place};

/// Banks whose open nodes are scored for an insertion.
const BANKS_MAX: usize = 4;
/// Nodes that may be open for what is like them: a bank of them costs nothing more than one.
const SEEDS_MIN: usize = 64;
/// Of a large index one node in so many may be open for what is like it.
const NODES_PER_SEED: usize = 8;
/// Nodes that may be open for what is like them in any index: somewhat less than what is scored.
const SEEDS_MAX: usize = 3 * 64;
/// Deviations from which on a score stands out: of 256 unrelated ones one in a hundred does by chance.
const SIMILAR_DEVIATIONS: f32 = 4.0;
/// Deviations below zero from which on an item is taken to cancel in a node.
const OPPOSITE_DEVIATIONS: f32 = -3.0;
/// The mean cosine with the items of a node from which on an item belongs there.
const KINDRED_COSINE: f32 = 1.0 / 16.0;

/// How many times the square of the norm of a node is that of as many unrelated items, if some alike dominate it.
const DOMINATED: i64 = 2;

/// The node for a new item.
pub(super) fn place(nodes: &Nodes, code: CodeRef<'_>) -> Result<Place> {
    let mut scored = [ScoredBank::default(); BANKS_MAX];
    let open = nodes.open().iter().enumerate().rev().filter(|(_, open)| **open != 0);
    let mut count = 0;
    for (scored, (bank, open)) in scored.iter_mut().zip(open) {
        let (counters, scales) = nodes.bank(bank);
        *scored =
            ScoredBank { bank, open: *open, scores: counters.dots(code)?, deviations: [0.0; BANK_SLOTS] };
        for ((deviations, score), scale) in scored.deviations.iter_mut().zip(&scored.scores).zip(scales) {
            *deviations = f32::from(*score) * scale;
        }
        count += 1;
    }
    // The first bank first.
    let scored = &mut scored[..count];
    scored.reverse();
    Ok(choose(nodes, scored))
}

/// The open nodes of a bank, and what a new item scores at each node.
#[derive(Clone, Copy)]
struct ScoredBank {
    bank: usize,
    open: u64,
    scores: [i16; BANK_SLOTS],
    deviations: [f32; BANK_SLOTS],
}

fn choose(nodes: &Nodes, scored: &[ScoredBank]) -> Place {
    let node_count = nodes.as_slice().len();
    let may_seed = nodes.open_count() < (SEEDS_MIN + node_count / NODES_PER_SEED).min(SEEDS_MAX);
    let similar = similar(scored);
    if let Some(place) = similar.filter(|place| !may_seed || kindred(nodes, *place)) {
        return place;
    }
    let own = || {
        let empty = places(scored).find(|(place, _)| nodes.as_slice()[place.node].ids.is_empty());
        empty.map_or(Place { node: node_count, score: 0 }, |(place, _)| place)
    };
    if may_seed {
        return own();
    }
    let indifferent = || places(scored).filter(|(_, deviations)| *deviations > OPPOSITE_DEVIATIONS);
    let least = || indifferent().min_by_key(|(place, _)| nodes.as_slice()[place.node].square);
    let other = indifferent().find(|(place, _)| is_mixed(nodes, *place)).or_else(least);
    other.map_or_else(own, |(place, _)| place)
}

/// The node at which the item scores the most deviations, if that stands out.
fn similar(scored: &[ScoredBank]) -> Option<Place> {
    // Mostly nothing of a bank stands out, which is found in wide registers.
    let promising = |scored: &&ScoredBank| maximum(&scored.deviations) >= SIMILAR_DEVIATIONS;
    let mut best: Option<(Place, f32)> = None;
    for scored in scored.iter().filter(promising) {
        for (place, deviations) in scored.places() {
            if deviations >= best.map_or(SIMILAR_DEVIATIONS, |(_, best)| best.next_up()) {
                best = Some((place, deviations));
            }
        }
    }
    best.map(|(place, _)| place)
}

/// Whether most items of the node are like the one that is placed.
fn kindred(nodes: &Nodes, place: Place) -> bool {
    let most = nodes.as_slice()[place.node].ids.len() * nodes.shape().blocks();
    place.score as f32 >= KINDRED_COSINE * most as f32
}

/// Whether no items that are alike dominate the node.
fn is_mixed(nodes: &Nodes, place: Place) -> bool {
    let node = &nodes.as_slice()[place.node];
    node.square <= DOMINATED * (node.ids.len() * nodes.shape().blocks()) as i64
}

/// The open nodes in their order, each with the deviations that the item scores there.
fn places(scored: &[ScoredBank]) -> impl Iterator<Item = (Place, f32)> {
    scored.iter().flat_map(ScoredBank::places)
}

impl ScoredBank {
    fn places(&self) -> impl Iterator<Item = (Place, f32)> {
        let open = (0..BANK_SLOTS).filter(|slot| (self.open >> slot) & 1 == 1);
        open.map(|slot| {
            let place = Place { node: self.bank * BANK_SLOTS + slot, score: i64::from(self.scores[slot]) };
            (place, self.deviations[slot])
        })
    }
}

impl Default for ScoredBank {
    fn default() -> Self {
        ScoredBank { bank: 0, open: 0, scores: [0; BANK_SLOTS], deviations: [0.0; BANK_SLOTS] }
    }
}
