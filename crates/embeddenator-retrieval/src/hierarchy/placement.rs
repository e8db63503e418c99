//! The choice of the node that a new item goes to, so that similar items meet in one.
//!
//! ```text
//! score the open nodes (those with room) of the first few banks that have any
//! if the best score stands out from those of unrelated items: that node
//! else if there are few open nodes: a node of its own, so that what is similar may follow
//! else the first open node that the item does not cancel in, else a new one
//! ```
//!
//! "Stands out" is relative to the items of a node: the sum of n unrelated dot products has a standard deviation of
//! sqrt(n * blocks / positions). Since unrelated items fill the first open node, nodes close in the order of their
//! opening, and holes that removals left are filled first. The choice is a function of the nodes alone, so taking an
//! item out and inserting it again as the next thing gives the same bytes.

use embeddenator_vsa::limits::BANK_SLOTS;
use embeddenator_vsa::{CodeRef, Result};

use super::nodes::Nodes;

/// Banks whose open nodes are scored for an insertion.
const BANKS_MAX: usize = 4;
/// Nodes that may be open at once because each was begun for an item unlike the others: somewhat less than what is
/// scored.
const SEEDS_MAX: usize = 3 * 64;
/// One open node for so many nodes may be there for this reason.
const NODES_PER_SEED: usize = 8;
/// Standard deviations from which on a score stands out: of 256 unrelated scores one in a hundred does by chance.
const SIMILAR_DEVIATIONS: i64 = 4;
/// Standard deviations below zero from which on an item is taken to cancel in a node.
const OPPOSITE_DEVIATIONS: i64 = 3;

/// The node for a new item; the number of nodes for one after the last.
pub(super) fn place(nodes: &Nodes, code: CodeRef<'_>) -> Result<usize> {
    let shape = nodes.shape();
    let (blocks, positions) = (shape.blocks() as i64, shape.positions() as i64);
    let mut similar: Option<(usize, i64, i64)> = None;
    let mut indifferent = None;
    let mut empty = None;
    let open = nodes.open().iter().zip(nodes.banks()).enumerate();
    for (bank, (open, counters)) in open.filter(|(_, (open, _))| **open != 0).take(BANKS_MAX) {
        let dots = counters.dots(code)?;
        let mut left = *open;
        while left != 0 {
            let slot = left.trailing_zeros() as usize;
            left &= left - 1;
            let node = bank * BANK_SLOTS + slot;
            let items = i64::from(counters.items()[slot]);
            let score = i64::from(dots[slot]);
            // Compares squares of scores over deviations, which are exact in integers.
            let (square, variance) = (score * score * positions, items * blocks);
            if items == 0 {
                empty = empty.or(Some(node));
            } else if score > 0 {
                let stands_out = square >= SIMILAR_DEVIATIONS * SIMILAR_DEVIATIONS * variance;
                let better =
                    similar.is_none_or(|(_, score, items_of_best)| score * items < square * items_of_best);
                if stands_out && better {
                    similar = Some((node, square, items));
                }
            }
            if score >= 0 || square < OPPOSITE_DEVIATIONS * OPPOSITE_DEVIATIONS * variance {
                indifferent = indifferent.or(Some(node));
            }
        }
    }
    if let Some((node, ..)) = similar {
        return Ok(node);
    }
    let seeds = (nodes.as_slice().len() / NODES_PER_SEED).clamp(1, SEEDS_MAX);
    let own = empty.unwrap_or(nodes.as_slice().len());
    Ok(if nodes.open_count() < seeds { own } else { indifferent.unwrap_or(own) })
}
