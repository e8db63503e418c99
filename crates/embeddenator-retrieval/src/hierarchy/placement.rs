//! The choice of the node that a new item goes to, so that similar items meet in one.
//!
//! ```text
//! score the open nodes (those with room) of the first few banks that have any
//! similar = the node whose score is the most deviations above zero, if that is enough to stand out
//! if there may be more open nodes, and nothing is similar or the similar one holds mostly other things:
//!     a node of its own, so that what is like it may follow
//! else the similar one, if any
//! else the first open node that the item does not cancel in, else a new one
//! ```
//!
//! A deviation is that of the scores of unrelated codes, which depends on the node: see `Nodes`. Since items that are
//! like nothing fill the first open node, nodes close in the order of their opening, and holes that removals left are
//! filled first. The choice is a function of the nodes alone, so inserting an item, removing it and inserting it again
//! gives the same bytes.

use embeddenator_vsa::limits::BANK_SLOTS;
use embeddenator_vsa::{CodeRef, Result};

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
    let blocks = nodes.shape().blocks();
    let mut similar: Option<(f32, Place)> = None;
    let mut mixed = None;
    let mut least: Option<(i64, Place)> = None;
    let mut empty = None;
    let open = nodes.open().iter().enumerate().rev().filter(|(_, open)| **open != 0);
    for (bank, open) in open.take(BANKS_MAX) {
        let (counters, scales) = nodes.bank(bank);
        let dots = counters.dots(code)?;
        let mut left = *open;
        while left != 0 {
            let slot = left.trailing_zeros() as usize;
            left &= left - 1;
            let place = Place { node: bank * BANK_SLOTS + slot, score: i64::from(dots[slot]) };
            let deviations = f32::from(dots[slot]) * scales[slot];
            let items = counters.items()[slot];
            if items == 0 {
                empty = empty.or(Some(place));
            }
            if deviations >= similar.map_or(SIMILAR_DEVIATIONS, |(best, _)| best.next_up()) {
                similar = Some((deviations, place));
            }
            if deviations > OPPOSITE_DEVIATIONS {
                let square = nodes.as_slice()[place.node].square;
                if square <= DOMINATED * i64::from(items) * blocks as i64 {
                    mixed = mixed.filter(|best: &Place| best.node < place.node).or(Some(place));
                }
                if least.is_none_or(|(least, _)| square < least) {
                    least = Some((square, place));
                }
            }
        }
    }
    let node_count = nodes.as_slice().len();
    let own = empty.unwrap_or(Place { node: node_count, score: 0 });
    let may_seed = nodes.open_count() < (SEEDS_MIN + node_count / NODES_PER_SEED).min(SEEDS_MAX);
    let kindred = |place: Place| {
        let most = nodes.as_slice()[place.node].ids.len() * blocks;
        place.score as f32 >= KINDRED_COSINE * most as f32
    };
    Ok(match similar {
        Some((_, place)) if !may_seed || kindred(place) => place,
        _ if may_seed => own,
        _ => mixed.or(least.map(|(_, place)| place)).unwrap_or(own),
    })
}
