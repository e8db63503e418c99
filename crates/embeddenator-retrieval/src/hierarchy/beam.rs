//! Choosing the nodes that a search visits.

use std::cmp::Ordering;

use embeddenator_vsa::limits::BANK_SLOTS;

use super::nodes::{Node, Scales};
use crate::Beam;

/// The deviations at which a node's score stands out from those of unrelated items: one in a
/// thousand does by chance.
const FLOOR_DEVIATIONS: f32 = 3.0;
/// Values compared at once.
const LANES: usize = 16;

/// A node, its score, and the score in standard deviations of the scores of unrelated codes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scored {
    pub(super) node: u32,
    pub(super) score: i16,
    deviations: f32,
}

/// Collects the best nodes by deviations, equal ones by lowest id: the `width` best, and beyond
/// them those that stand out, up to `width_max` in total.
///
/// ```text
/// threshold = what a node needs to be among the best seen so far
/// for each bank: if its best node reaches the threshold, keep the nodes that do
///     once twice as many are kept as needed: drop the rest, raise the threshold
/// ```
#[derive(Clone, Debug)]
pub(super) struct BestNodes {
    width: usize,
    width_max: usize,
    threshold: f32,
    kept: Vec<Scored>,
    /// The number to keep before the worst are dropped.
    kept_max: usize,
}

impl BestNodes {
    /// For an index of `nodes` nodes.
    pub(super) fn new(beam: Beam, nodes: usize) -> Self {
        let width = beam.width.max(1);
        let kept_max = width.saturating_mul(4);
        BestNodes {
            width,
            width_max: beam.width_max.max(width),
            threshold: f32::NEG_INFINITY,
            // Room for one more bank before the worst are dropped.
            kept: Vec::with_capacity(kept_max.saturating_add(BANK_SLOTS).min(nodes)),
            kept_max,
        }
    }

    /// Offers the scores of a bank whose first node is `first`.
    #[inline]
    pub(super) fn offer(
        &mut self,
        first: usize,
        scores: &[i16; BANK_SLOTS],
        scales: &Scales,
        nodes: &[Node],
    ) {
        let mut deviations = [0.0; BANK_SLOTS];
        for ((deviations, score), scale) in deviations.iter_mut().zip(scores).zip(scales) {
            *deviations = f32::from(*score) * scale;
        }
        // Wide registers find the best of a bank, which is usually too low.
        if maximum(&deviations) < self.threshold {
            return;
        }
        // The last bank may have slots without a node.
        let offered = (first..nodes.len()).zip(scores).zip(deviations);
        let above = offered.filter(|(_, deviations)| *deviations >= self.threshold);
        self.kept.extend(above.map(|((node, score), deviations)| Scored {
            node: node as u32,
            score: *score,
            deviations,
        }));
        if self.kept.len() >= self.kept_max {
            self.drop_worst(nodes);
            self.kept_max = self.kept_max.max(self.kept.len().saturating_mul(2));
        }
    }

    /// The nodes, best first.
    pub(super) fn into_sorted(mut self, nodes: &[Node]) -> Vec<Scored> {
        self.drop_worst(nodes);
        self.kept.sort_unstable_by(|left, right| left.cmp(right, nodes));
        self.kept
    }

    /// Drops the nodes that can no longer be among the best.
    fn drop_worst(&mut self, nodes: &[Node]) {
        if self.kept.len() <= self.width {
            return;
        }
        let mut threshold = self.select(self.width, nodes).min(FLOOR_DEVIATIONS);
        let beyond = self.kept.split_off(self.width);
        self.kept.extend(beyond.into_iter().filter(|scored| scored.deviations >= FLOOR_DEVIATIONS));
        if self.kept.len() > self.width_max {
            threshold = self.select(self.width_max, nodes);
            self.kept.truncate(self.width_max);
        }
        self.threshold = self.threshold.max(threshold);
    }

    /// Moves the `count` best to the front and returns the deviations of the worst of them.
    fn select(&mut self, count: usize, nodes: &[Node]) -> f32 {
        let (_, last, _) = self.kept.select_nth_unstable_by(count - 1, |left, right| left.cmp(right, nodes));
        last.deviations
    }
}

impl Scored {
    /// Orders better nodes first.
    #[inline]
    fn cmp(&self, other: &Scored, nodes: &[Node]) -> Ordering {
        let lowest = |scored: &Scored| nodes[scored.node as usize].lowest;
        let by_id = || lowest(self).cmp(&lowest(other)).then(self.node.cmp(&other.node));
        other.deviations.total_cmp(&self.deviations).then_with(by_id)
    }
}

/// The largest of the values, found with wide registers.
#[inline]
pub(super) fn maximum(values: &[f32; BANK_SLOTS]) -> f32 {
    let mut largest = [f32::NEG_INFINITY; LANES];
    for values in values.chunks_exact(LANES) {
        for (largest, value) in largest.iter_mut().zip(values) {
            *largest = if *value > *largest { *value } else { *largest };
        }
    }
    largest.into_iter().fold(f32::NEG_INFINITY, f32::max)
}
