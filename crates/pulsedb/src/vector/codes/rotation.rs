//! The fixed pseudo-random rotation that spreads every vector evenly over its components.
//!
//! ```text
//! rotate(x[0..n]), n a multiple of 64:        p = the greatest power of two that is at most n
//!     for round in 0..4:
//!         x[i] = -x[i]                        where bit (round, i) of the random stream is set
//!         fast Walsh-Hadamard transform of the first p components, in odd rounds of the last p, times 1 / sqrt(p)
//!         unless p = n: (x[i], x[i + n/2]) = (x[i] + x[i + n/2], x[i] - x[i + n/2]) / sqrt(2)     for i in 0..n/2
//! ```
//!
//! Signs and butterflies alone are the structured rotations of the literature (Ailon and Chazelle 2009; for RaBitQ
//! in this form: the authors' library). Each step is one f32 operation a component, so no order of additions can
//! differ: the same vector has the same bits on every machine.

use super::shape::{Shape, WORD_BITS};

/// Rounds of signs and transforms. After two a unit vector of the standard basis is spread evenly.
const ROUNDS: usize = 4;
/// Where the random stream starts: any number serves, and this one is in every code.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// The rotation of the vectors of one dimension.
#[derive(Clone, Debug)]
pub(super) struct Rotation {
    shape: Shape,
    /// The sign bit of each component and round, or zero.
    signs: Vec<u32>,
}

impl Rotation {
    pub(super) fn new(shape: Shape) -> Rotation {
        let mut state = SEED;
        let mut signs = Vec::with_capacity(ROUNDS * shape.bits());
        for _ in 0..ROUNDS * shape.words() {
            let word = next(&mut state);
            signs.extend((0..WORD_BITS).map(|bit| ((word >> bit) as u32) << 31));
        }
        Rotation { shape, signs }
    }

    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// The rotated vector, padded to the bits of a code. A vector of another dimension is cut or padded.
    pub(super) fn rotate(&self, vector: impl Iterator<Item = f32>) -> Vec<f32> {
        let bits = self.shape.bits();
        let mut rotated = vec![0.0; bits];
        for (to, from) in rotated.iter_mut().zip(vector) {
            *to = from;
        }
        let power = 1 << bits.ilog2();
        for (round, signs) in self.signs.chunks(bits).enumerate() {
            flip(&mut rotated, signs);
            let start = if round % 2 == 0 { 0 } else { bits - power };
            hadamard(&mut rotated[start..start + power]);
            if power < bits {
                mix_halves(&mut rotated);
            }
        }
        rotated
    }
}

/// The stream of random words: `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014).
pub(super) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut word = *state;
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

fn flip(vector: &mut [f32], signs: &[u32]) {
    for (component, sign) in vector.iter_mut().zip(signs) {
        *component = f32::from_bits(component.to_bits() ^ sign);
    }
}

/// The fast Walsh-Hadamard transform of a power of two of components, eight or more, scaled to keep lengths.
fn hadamard(vector: &mut [f32]) {
    let (eights, _) = vector.as_chunks_mut::<8>();
    for eight in eights.iter_mut() {
        *eight = hadamard_of_eight(*eight);
    }
    let mut width = 1;
    while width < eights.len() {
        for pair in eights.chunks_exact_mut(2 * width) {
            let (left, right) = pair.split_at_mut(width);
            for (left, right) in left.iter_mut().zip(right) {
                for at in 0..8 {
                    (left[at], right[at]) = (left[at] + right[at], left[at] - right[at]);
                }
            }
        }
        width *= 2;
    }
    scale(vector, (1.0 / (vector.len() as f64).sqrt()) as f32);
}

/// The first three steps of the transform, written out so that they stay in registers.
fn hadamard_of_eight(x: [f32; 8]) -> [f32; 8] {
    let x = [
        x[0] + x[1],
        x[0] - x[1],
        x[2] + x[3],
        x[2] - x[3],
        x[4] + x[5],
        x[4] - x[5],
        x[6] + x[7],
        x[6] - x[7],
    ];
    let x = [
        x[0] + x[2],
        x[1] + x[3],
        x[0] - x[2],
        x[1] - x[3],
        x[4] + x[6],
        x[5] + x[7],
        x[4] - x[6],
        x[5] - x[7],
    ];
    [x[0] + x[4], x[1] + x[5], x[2] + x[6], x[3] + x[7], x[0] - x[4], x[1] - x[5], x[2] - x[6], x[3] - x[7]]
}

fn mix_halves(vector: &mut [f32]) {
    let (left, right) = vector.split_at_mut(vector.len() / 2);
    for (left, right) in left.iter_mut().zip(right) {
        (*left, *right) = (*left + *right, *left - *right);
    }
    scale(vector, std::f32::consts::FRAC_1_SQRT_2);
}

fn scale(vector: &mut [f32], factor: f32) {
    for component in vector {
        *component *= factor;
    }
}
