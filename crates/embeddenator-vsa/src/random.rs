//! Numbers that look random and follow from a seed, the same on every machine.

/// A stream of numbers that follows from its seed: `SplitMix64` (Steele, Lea, Flood: Fast splittable pseudorandom number
/// generators, OOPSLA 2014, figure 16).
///
/// It is part of the crate's promise: the same seed gives the same numbers, and so the same atoms, on every machine and
/// in every version. It is not for secrets.
///
/// ```
/// use embeddenator_vsa::Random;
///
/// assert_eq!(Random::new(1).next_u64(), Random::new(1).next_u64());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The stream that follows from this seed.
    pub const fn new(seed: u64) -> Self {
        Random { state: seed }
    }

    /// The next 64 bits.
    #[inline]
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, each equally likely (Lemire 2019, section 4); 0 for a bound of 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        loop {
            let product = self.next_u64() as u128 * bound as u128;
            // The few lowest products would make some results more likely than others.
            if bound == 0 || product as u64 >= bound.wrapping_neg() % bound {
                return (product >> 64) as u64;
            }
        }
    }

    /// A number in 0..1 with 53 random bits.
    pub const fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Fills a code's blocks: the low seven bits of a byte are the position, the top bit is the sign.
    ///
    /// The bytes of the stream are used lowest first; bytes that would make low positions more
    /// likely are skipped.
    pub(crate) fn fill_code(&mut self, positions: u8, blocks: &mut [u8]) {
        if positions == 128 {
            // Every byte of the stream is a block as it is; the loop below would give the same.
            for blocks in blocks.chunks_mut(8) {
                blocks.copy_from_slice(&self.next_u64().to_le_bytes()[..blocks.len()]);
            }
            return;
        }
        let fair = 128 - 128 % positions;
        let mut left = blocks.iter_mut();
        let Some(mut block) = left.next() else { return };
        loop {
            for byte in self.next_u64().to_le_bytes() {
                let low = byte & 0x7f;
                if low >= fair {
                    continue;
                }
                // With more than 64 positions, the byte needs no division.
                let position = if fair == positions { low } else { low % positions };
                *block = position | (byte & 0x80);
                match left.next() {
                    Some(next) => block = next,
                    None => return,
                }
            }
        }
    }
}
