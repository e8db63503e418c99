//! Counters that features are added to at signed positions, and whose signs are the code.

use crate::{Planes, Random};

/// Integer counters, one a dimension: a count sketch with one row (Charikar, Chen, Farach-Colton, "Finding frequent
/// items in data streams", 2002), which is also feature hashing (Weinberger et al., "Feature hashing for large scale
/// multitask learning", ICML 2009) and, read as index vectors of features that are summed up, random indexing (Kanerva,
/// Kristofersson, Holst, 2000).
///
/// A feature is 64 bits of hash; from it follow its positions and their signs. So the dot product of two accumulators
/// estimates without bias, feature by feature, the products of weights, times the positions of the feature.
#[derive(Clone, Debug)]
pub(super) struct Accumulator {
    counters: Vec<i32>,
}

impl Accumulator {
    /// Counters at zero; the caller has checked the dimension.
    pub(super) fn new(dimension: usize) -> Self {
        Accumulator { counters: vec![0; dimension] }
    }

    /// Adds a feature: `weight` or `-weight` at each of so many positions, which may coincide.
    #[inline]
    pub(super) fn add(&mut self, feature: u64, positions: u32, weight: i32) {
        let mut random = Random::new(feature);
        let mut left = positions;
        while left > 1 {
            let bits = random.next_u64();
            self.add_at(bits as u32, weight);
            self.add_at((bits >> 32) as u32, weight);
            left -= 2;
        }
        if left == 1 {
            self.add_at(random.next_u64() as u32, weight);
        }
    }

    /// Adds a feature that has one position, without mixing its hash again.
    #[inline]
    pub(super) fn add_once(&mut self, feature: u64, weight: i32) {
        self.add_at((feature >> 32) as u32, weight);
    }

    /// Adds at the position in the upper 31 bits, with the sign in the lowest one.
    #[inline]
    fn add_at(&mut self, bits: u32, weight: i32) {
        let position = (u64::from(bits >> 1) * self.counters.len() as u64) >> 31;
        let signed = if bits & 1 == 0 { weight } else { -weight };
        let counter = &mut self.counters[position as usize];
        // Only gigabytes of one feature come this far; then the sign is what is kept.
        *counter = counter.saturating_add(signed);
    }

    /// The signs of the counters.
    pub(super) fn signs(&self) -> Planes {
        Planes::of_signs(&self.counters)
    }

    /// Sets all counters to zero.
    pub(super) fn clear(&mut self) {
        self.counters.fill(0);
    }
}
