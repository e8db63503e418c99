//! Keeps the best of the items that it is offered: higher dot products first, of equal ones the lower id.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::{Hit, Id};

/// The best `k` items so far.
pub(crate) struct TopK {
    k: usize,
    /// The worst of the kept is on top. Dot product and id order as results do.
    kept: BinaryHeap<(Reverse<i32>, Id)>,
}

impl TopK {
    /// Keeps `k` of at most `items` that will be offered.
    pub(crate) fn new(k: usize, items: usize) -> Self {
        TopK { k, kept: BinaryHeap::with_capacity(k.min(items)) }
    }

    /// Offers items with their dot products.
    #[inline]
    pub(crate) fn offer(&mut self, ids: &[Id], dots: &[i32]) {
        let mut worst = self.worst();
        for (id, dot) in ids.iter().zip(dots) {
            if *dot < worst {
                continue;
            }
            self.offer_one(*id, *dot);
            worst = self.worst();
        }
    }

    #[inline]
    fn offer_one(&mut self, id: Id, dot: i32) {
        let found = (Reverse(dot), id);
        if self.kept.len() < self.k {
            self.kept.push(found);
        } else if let Some(mut worst) = self.kept.peek_mut().filter(|worst| found < **worst) {
            *worst = found;
        }
    }

    /// The dot product that an item needs at least to be kept.
    #[inline]
    pub(crate) fn worst(&self) -> i32 {
        if self.kept.len() < self.k {
            return i32::MIN;
        }
        self.kept.peek().map_or(i32::MAX, |(worst, _)| worst.0)
    }

    /// Whether `k` items are kept.
    pub(crate) fn is_full(&self) -> bool {
        self.kept.len() >= self.k
    }

    /// Takes over what another one kept of other items.
    pub(crate) fn merge(&mut self, other: TopK) {
        for (dot, id) in other.kept {
            self.offer_one(id, dot.0);
        }
    }

    /// The hits, best first; the score is the dot product over `blocks`, the cosine of block codes.
    pub(crate) fn into_hits(self, blocks: usize) -> Vec<Hit> {
        let kept = self.kept.into_sorted_vec();
        kept.into_iter().map(|(dot, id)| Hit { id, score: dot.0 as f32 / blocks as f32 }).collect()
    }
}
