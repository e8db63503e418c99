//! The minima of shingle hashes: the state of a set that grows by elements, by bytes in parts and by other sets.

use crate::encode::shingle_options::ShingleOptions;
use crate::error::{Error, Result};
use crate::{BlockCode, Random};

/// The minimum of an empty block.
const EMPTY: u64 = u64::MAX;

/// The factor of the rolling hash: 2^64 over the golden ratio, made odd. Every byte is multiplied
/// by a power of it.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Separates the hashes that fill empty blocks from those of elements.
const FILL: u64 = 0x3c79_ac49_2ba7_b653;

/// The state from which the signature of a growing set is made; see
/// [`ShingleEncoder::sketch`](crate::ShingleEncoder::sketch).
///
/// It keeps eight bytes per block, whatever it has seen. Since it holds only minima, the sketch of
/// a union is the [`merge`](Self::merge) of the sketches, in any order.
///
/// ```
/// use embeddenator_vsa::ShingleEncoder;
///
/// let encoder = ShingleEncoder::default();
/// let mut parts = encoder.sketch();
/// parts.push(b"bytes that come ");
/// parts.push(b"in parts, cut anywhere");
/// assert_eq!(parts.code(), encoder.encode(b"bytes that come in parts, cut anywhere"));
///
/// let mut other = encoder.sketch();
/// other.push(b"another document");
/// parts.merge(&other)?;
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ShingleSketch {
    options: ShingleOptions,
    /// For each block, the lowest `rest` of an element's hash.
    minima: Vec<u64>,
    /// The salt for elements as long as a shingle.
    salt: u64,
    /// The factor of the byte that leaves the window.
    leaving: u64,
    /// The last bytes pushed, as many as a shingle has, and the place of the oldest.
    window: Vec<u8>,
    oldest: usize,
    /// The number of bytes pushed, at most as many as a shingle has.
    taken: usize,
    /// The rolling hash of the window.
    rolling: u64,
}

impl ShingleSketch {
    pub(super) fn new(options: ShingleOptions) -> Self {
        ShingleSketch {
            minima: vec![EMPTY; options.shape.blocks()],
            salt: salt(options.seed, options.shingle_bytes),
            leaving: (0..options.shingle_bytes).fold(1, |power: u64, _| power.wrapping_mul(FACTOR)),
            window: vec![0; options.shingle_bytes],
            oldest: 0,
            taken: 0,
            rolling: 0,
            options,
        }
    }

    /// The options of its encoder.
    pub fn options(&self) -> &ShingleOptions {
        &self.options
    }

    /// Adds the next part of the bytes; the result does not depend on where they are split.
    pub fn push(&mut self, part: &[u8]) {
        let length = self.window.len();
        let (first, later) = part.split_at(part.len().min(length));
        for byte in first {
            self.roll(*byte);
        }
        let (leaving, salt) = (self.leaving, self.salt);
        let mut rolling = self.rolling;
        // All shingles that start after the first byte of this part: the byte that leaves is still
        // in the part.
        for (entering, left) in later.iter().zip(part) {
            rolling = entered(rolling, *entering).wrapping_sub(value(*left).wrapping_mul(leaving));
            lower(&mut self.minima, rolling ^ salt);
        }
        self.rolling = rolling;
        if !later.is_empty() {
            self.window.copy_from_slice(&part[part.len() - length..]);
            self.oldest = 0;
        }
    }

    /// Adds one byte through the window.
    fn roll(&mut self, byte: u8) {
        let length = self.window.len();
        self.rolling = entered(self.rolling, byte);
        let left = std::mem::replace(&mut self.window[self.oldest], byte);
        self.oldest = (self.oldest + 1) % length;
        if self.taken == length {
            self.rolling = self.rolling.wrapping_sub(value(left).wrapping_mul(self.leaving));
        } else {
            self.taken += 1;
        }
        if self.taken == length {
            lower(&mut self.minima, self.rolling ^ self.salt);
        }
    }

    /// Adds an element to the set, such as a word or a line. An element as long as a shingle is
    /// that shingle.
    pub fn insert(&mut self, element: &[u8]) {
        let hash = element.iter().fold(0, |hash, byte| entered(hash, *byte));
        lower(&mut self.minima, hash ^ salt(self.options.seed, element.len()));
    }

    /// Adds all elements of another set: the sketch is then that of the union. Later pushes
    /// continue the bytes that were pushed to this sketch.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::OptionsMismatch`] if other options
    /// of their encoders differ.
    pub fn merge(&mut self, other: &ShingleSketch) -> Result<()> {
        self.options.shape.expect(other.options.shape)?;
        if self.options != other.options {
            return Err(Error::OptionsMismatch);
        }
        for (minimum, more) in self.minima.iter_mut().zip(&other.minima) {
            *minimum = (*minimum).min(*more);
        }
        if let Some(short) = other.short() {
            lower(&mut self.minima, short);
        }
        Ok(())
    }

    /// The signature of the set as it is now; the set may keep growing.
    pub fn code(&self) -> BlockCode {
        let mut minima = self.minima.clone();
        if let Some(short) = self.short() {
            lower(&mut minima, short);
        }
        if minima.iter().all(|minimum| *minimum == EMPTY) {
            // The element of zero bytes stands for the empty set.
            lower(&mut minima, salt(self.options.seed, 0));
        }
        fill(&mut minima);
        let mut code = BlockCode::identity(self.options.shape);
        let positions = self.options.shape.positions() as u64;
        for (byte, minimum) in code.blocks_mut().iter_mut().zip(minima) {
            let bits = Random::new(minimum).next_u64();
            let position = ((bits >> 32) * positions) >> 32;
            *byte = position as u8 | (bits as u8 & 0x80);
        }
        code
    }

    /// The hash of the bytes pushed if they are fewer than a shingle: then they count as one.
    fn short(&self) -> Option<u64> {
        let short = self.taken > 0 && self.taken < self.window.len();
        short.then(|| self.rolling ^ salt(self.options.seed, self.taken))
    }
}

/// The salt for elements of this length; different seeds and lengths have nothing in common.
fn salt(seed: u64, length: usize) -> u64 {
    Random::new(Random::new(seed).next_u64() ^ length as u64).next_u64()
}

/// No byte counts as 0, so that leading zeros matter.
#[inline]
fn value(byte: u8) -> u64 {
    u64::from(byte) + 1
}

/// The hash after one more byte: a polynomial modulo 2^64 (Karp, Rabin 1987). Its low bits are
/// poor, so it is always mixed before use.
#[inline]
fn entered(hash: u64, byte: u8) -> u64 {
    hash.wrapping_mul(FACTOR).wrapping_add(value(byte))
}

/// Lowers the minimum of the element's block. The product of its hash and the number of blocks
/// gives the block in its high bits; the low bits, which are evenly distributed within the block,
/// are compared.
#[inline]
fn lower(minima: &mut [u64], element: u64) {
    let product = u128::from(Random::new(element).next_u64()) * minima.len() as u128;
    let rest = product as u64;
    if let Some(minimum) = minima.get_mut((product >> 64) as usize)
        && rest < *minimum
    {
        *minimum = rest;
    }
}

/// Gives each empty block the minimum of another: in each round, each block that has elements
/// offers its minimum to one block. The order of the offers depends only on which blocks have
/// elements.
fn fill(minima: &mut [u64]) {
    let mut empty = minima.iter().filter(|minimum| **minimum == EMPTY).count();
    if empty == 0 || empty == minima.len() {
        return;
    }
    let blocks = minima.len() as u64;
    let full = (0_u64..).zip(minima.iter()).filter(|(_, minimum)| **minimum != EMPTY);
    let offers: Vec<(u64, u64)> = full.map(|(block, minimum)| (block, *minimum)).collect();
    for round in 0_u64.. {
        for (block, minimum) in &offers {
            let target = Random::new(FILL ^ (round << 16) ^ block).below(blocks);
            let target = &mut minima[target as usize];
            if *target == EMPTY {
                *target = *minimum;
                empty -= 1;
                if empty == 0 {
                    return;
                }
            }
        }
    }
}
