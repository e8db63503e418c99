//! Choosing the node for a new item, so that similar items share a node.
//!
//! ```text
//! score the open nodes (those with room) in the last few banks that have any
//! similar = the node whose score is the most deviations above zero, if it stands out
//! if more open nodes are allowed, and no node is similar or the similar one holds mostly other items:
//!     a new node, so that similar items can follow
//! else the similar node, if any
//! else, among the nodes in which the item does not cancel: the first that no group of similar items
//!     dominates, else the one with the least norm, else a new node
//! ```
//!
//! A deviation is that of the scores of unrelated codes, which depends on the node: see `Nodes`. A
//! different item would drown in a node that a group of similar items dominates; so clusters and
//! other items are kept apart, and since the other items fill one node after another, nodes do not
//! stay half empty. The choice depends only on the nodes, so inserting an item, removing it and
//! inserting it again gives the same bytes.

use embeddenator_vsa::limits::BANK_SLOTS;
use embeddenator_vsa::{CodeRef, Result};

use super::beam::maximum;
use super::nodes::{Nodes, Place};

/// Banks whose open nodes are scored for each insertion.
const BANKS_MAX: usize = 4;
/// Nodes that may wait for similar items: a bank of them costs no more than one.
const SEEDS_MIN: usize = 64;
/// In a large index, one in this many nodes may wait for similar items.
const NODES_PER_SEED: usize = 8;
/// Nodes that may wait for similar items in any index: somewhat fewer than are scored.
const SEEDS_MAX: usize = 3 * 64;
/// The deviations at which a score stands out: the best of 256 unrelated ones does by chance once
/// in a hundred times.
const SIMILAR_DEVIATIONS: f32 = 4.0;
/// The deviations at or below which an item is taken to cancel in a node.
const OPPOSITE_DEVIATIONS: f32 = -3.0;
/// The mean cosine with a node's items at which an item belongs there.
const KINDRED_COSINE: f32 = 1.0 / 16.0;

/// Similar items dominate a node if the square of its norm is this many times that of as many
/// unrelated items.
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
    // Back in ascending order.
    let scored = &mut scored[..count];
    scored.reverse();
    Ok(choose(nodes, scored))
}

/// The open nodes of a bank, and the score of a new item at each node.
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

/// The node at which the item scores the most deviations, if it stands out.
fn similar(scored: &[ScoredBank]) -> Option<Place> {
    // Usually nothing in a bank stands out, which wide registers show quickly.
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

/// Whether most items of the node are similar to the new one.
fn kindred(nodes: &Nodes, place: Place) -> bool {
    let most = nodes.as_slice()[place.node].ids.len() * nodes.shape().blocks();
    place.score as f32 >= KINDRED_COSINE * most as f32
}

/// Whether no group of similar items dominates the node.
fn is_mixed(nodes: &Nodes, place: Place) -> bool {
    let node = &nodes.as_slice()[place.node];
    node.square <= DOMINATED * (node.ids.len() * nodes.shape().blocks()) as i64
}

/// The open nodes in order, each with the deviations that the item scores there.
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
