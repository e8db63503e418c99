//! Keeps the best of the values that it is offered.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::{Hit, Id};

/// A dot product and its item, ordered as results are: higher dot products first, equal ones by id.
pub(crate) type Found = (Reverse<i32>, Id);

/// The best `k` so far of values that are ordered as results are.
pub(crate) struct TopK<T: Ord> {
    k: usize,
    /// The worst value kept is on top.
    kept: BinaryHeap<T>,
}

impl<T: Ord> TopK<T> {
    /// Keeps `k` of at most `offers` values.
    pub(crate) fn new(k: usize, offers: usize) -> Self {
        TopK { k, kept: BinaryHeap::with_capacity(k.min(offers)) }
    }

    #[inline]
    pub(crate) fn offer(&mut self, found: T) {
        if self.kept.len() < self.k {
            self.kept.push(found);
        } else if let Some(mut worst) = self.kept.peek_mut().filter(|worst| found < **worst) {
            *worst = found;
        }
    }

    /// Whether `k` values are kept.
    pub(crate) fn is_full(&self) -> bool {
        self.kept.len() >= self.k
    }

    /// The worst value kept, if there are `k`.
    pub(crate) fn worst(&self) -> Option<&T> {
        self.kept.peek().filter(|_| self.is_full())
    }

    /// Takes over the values that another one has kept.
    pub(crate) fn merge(&mut self, other: TopK<T>) {
        for found in other.kept {
            self.offer(found);
        }
    }

    /// The values kept, best first.
    pub(crate) fn into_sorted(self) -> Vec<T> {
        self.kept.into_sorted_vec()
    }
}

impl TopK<Found> {
    /// Offers items with their dot products.
    #[inline]
    pub(crate) fn offer_all(&mut self, ids: &[Id], dots: &[i32]) {
        let mut worst = self.worst_dot();
        for (id, dot) in ids.iter().zip(dots) {
            if *dot >= worst {
                self.offer((Reverse(*dot), *id));
                worst = self.worst_dot();
            }
        }
    }

    /// The lowest dot product with which an item would be kept.
    #[inline]
    pub(crate) fn worst_dot(&self) -> i32 {
        if !self.is_full() {
            return i32::MIN;
        }
        self.kept.peek().map_or(i32::MAX, |(worst, _)| worst.0)
    }

    /// The hits, best first; the score is the dot product over `blocks`, the cosine of block codes.
    pub(crate) fn into_hits(self, blocks: usize) -> Vec<Hit> {
        let kept = self.into_sorted();
        kept.into_iter().map(|(dot, id)| Hit { id, score: dot.0 as f32 / blocks as f32 }).collect()
    }
}
