//! Numbers that look random and are the same for the same seed.

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014): one addition and a mix a number.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed of `PULSEDB_SEED`, else the given one; printed, and so shown with a failure.
    pub(crate) fn from_environment(default: u64) -> Self {
        let seed = std::env::var("PULSEDB_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(default);
        println!("PULSEDB_SEED={seed}");
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not zero.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// True once in `times`.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// A number within 0..=1 that a decimal of two places writes.
    pub(crate) fn fraction(&mut self) -> f32 {
        self.below(101) as f32 / 100.0
    }

    /// One of several.
    pub(crate) fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }
}
