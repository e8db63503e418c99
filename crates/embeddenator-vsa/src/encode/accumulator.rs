//! Counters to which features are added at signed positions, and whose signs are the code.

use crate::{Planes, Random};

/// A signed position: the position times two, plus one for a negative sign.
pub(super) type Spot = u32;

/// Integer counters, one per dimension: a count sketch with one row (Charikar, Chen, Farach-Colton,
/// "Finding frequent items in data streams", 2002), which is also feature hashing (Weinberger et
/// al., "Feature hashing for large scale multitask learning", ICML 2009) and, seen as a sum of
/// index vectors, random indexing (Kanerva, Kristofersson, Holst, 2000).
///
/// A feature is a 64-bit hash, from which its spots follow. So the dot product of two accumulators
/// is an unbiased estimate of the sum, over all features, of the product of the weights times the
/// number of spots.
#[derive(Clone, Debug)]
pub(super) struct Accumulator {
    counters: Vec<i32>,
    /// The counters that were changed, while these are few: only these are then read and reset,
    /// which would otherwise be most of the work for short texts.
    touched: Vec<Spot>,
    touched_max: usize,
}

impl Accumulator {
    /// Counters at zero; the caller has checked the dimension.
    pub(super) fn new(dimension: usize) -> Self {
        Accumulator { counters: vec![0; dimension], touched: Vec::new(), touched_max: dimension / 8 }
    }

    /// Adds the weight at each of these spots.
    #[inline]
    pub(super) fn add_all(&mut self, spots: &[Spot], weight: i32) {
        if self.touched.len() <= self.touched_max {
            self.touched.extend_from_slice(spots);
        }
        for spot in spots {
            let signed = if spot & 1 == 0 { weight } else { -weight };
            let counter = &mut self.counters[(spot >> 1) as usize];
            // Only gigabytes of one feature get this far; then the sign is kept.
            *counter = counter.saturating_add(signed);
        }
    }

    /// The signs of the counters, which are then zero again.
    pub(super) fn take_signs(&mut self) -> Planes {
        let few = self.touched.len() <= self.touched_max;
        let signs = if few { self.take_touched() } else { Planes::of_signs(&self.counters) };
        if !few {
            self.counters.fill(0);
        }
        self.touched.clear();
        signs
    }

    fn take_touched(&mut self) -> Planes {
        let words = self.counters.len().div_ceil(64);
        let (mut nonzero, mut sign) = (vec![0_u64; words], vec![0_u64; words]);
        for spot in &self.touched {
            let position = (spot >> 1) as usize;
            // A repeated position is already zero by then.
            let counter = std::mem::take(&mut self.counters[position]);
            nonzero[position / 64] |= u64::from(counter != 0) << (position % 64);
            sign[position / 64] |= u64::from(counter < 0) << (position % 64);
        }
        Planes::from_words(self.counters.len(), &nonzero, &sign)
            .expect("each bit belongs to a counter, and each sign to a bit")
    }
}

/// The spot that 32 bits select among this many dimensions.
#[inline]
pub(super) fn spot_of(bits: u32, dimension: usize) -> Spot {
    let position = (u64::from(bits >> 1) * dimension as u64) >> 31;
    (position as u32) << 1 | (bits & 1)
}

/// Appends the spots of a feature, which may coincide. A feature with one spot needs no further mixing.
#[inline]
pub(super) fn extend_spots(feature: u64, count: u32, dimension: usize, spots: &mut Vec<Spot>) {
    if count == 1 {
        spots.push(spot_of((feature >> 32) as u32, dimension));
        return;
    }
    let mut random = Random::new(feature);
    for _ in 0..count / 2 {
        let bits = random.next_u64();
        spots.push(spot_of(bits as u32, dimension));
        spots.push(spot_of((bits >> 32) as u32, dimension));
    }
    if count % 2 == 1 {
        spots.push(spot_of(random.next_u64() as u32, dimension));
    }
}
