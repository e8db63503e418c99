//! The choice of the nodes that a search looks into.

use std::cmp::Reverse;

use super::nodes::Node;
use crate::Beam;

/// Nodes whose scores are compared with the threshold at once.
const RUN: usize = 64;

/// A node and its score, ordered best first.
pub(super) type Scored = (Reverse<i16>, u32);

/// The best nodes by score, best first, of equal scores those with the lower ids first: the `width` best, and beyond
/// them those with scores of `floor` and more, `width_max` together.
pub(super) fn best_nodes(scores: &[i16], nodes: &[Node], beam: Beam, floor: i16) -> Vec<Scored> {
    let (width, width_max) = (beam.width.max(1), beam.width_max.max(beam.width).max(1));
    let mut kept: Vec<Scored> = Vec::new();
    let mut threshold = i16::MIN;
    let mut prune_at = 4 * width;
    for (run, first) in scores.chunks(RUN).zip((0_u32..).step_by(RUN)) {
        // The maximum of a run is found in wide registers, and mostly is too low.
        if run.iter().copied().fold(i16::MIN, i16::max) < threshold {
            continue;
        }
        let above = run.iter().zip(first..).filter(|(score, _)| **score >= threshold);
        kept.extend(above.map(|(score, node)| (Reverse(*score), node)));
        if kept.len() >= prune_at {
            threshold = prune(&mut kept, nodes, width, width_max, floor).max(threshold);
            prune_at = (2 * kept.len()).max(prune_at);
        }
    }
    prune(&mut kept, nodes, width, width_max, floor);
    kept.sort_unstable_by_key(|scored| key(*scored, nodes));
    kept
}

/// Drops what can no longer be among the best, and returns the score that is needed to be.
fn prune(kept: &mut Vec<Scored>, nodes: &[Node], width: usize, width_max: usize, floor: i16) -> i16 {
    if kept.len() <= width {
        return i16::MIN;
    }
    let (_, (Reverse(last), _), _) = kept.select_nth_unstable_by_key(width - 1, |scored| key(*scored, nodes));
    let threshold = (*last).min(floor);
    let beyond = kept.split_off(width);
    kept.extend(beyond.into_iter().filter(|(score, _)| score.0 >= floor));
    if kept.len() <= width_max {
        return threshold;
    }
    let (_, (Reverse(last), _), _) =
        kept.select_nth_unstable_by_key(width_max - 1, |scored| key(*scored, nodes));
    let threshold = *last;
    kept.truncate(width_max);
    threshold
}

#[inline]
fn key(scored: Scored, nodes: &[Node]) -> (Reverse<i16>, crate::Id) {
    (scored.0, nodes[scored.1 as usize].lowest)
}
