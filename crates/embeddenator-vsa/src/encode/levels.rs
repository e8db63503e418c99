//! Numbers on a scale as codes: the closer the numbers, the more similar the codes.

use std::ops::RangeInclusive;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::error::{Error, Result};
use crate::{BlockCode, CodeRef, Codes, Random, Shape};

/// Separates the codes of scales from other uses of the same seed.
const DOMAIN: &[u8] = b"embeddenator-vsa/levels";

/// A scale: maps numbers in a range to the codes of evenly spaced levels, whose cosine falls
/// linearly with their distance (Rachkovskij, Slipchenko, Kussul, Baidyk, "Properties of numeric
/// codes for the scheme of random subspaces RSC", 2005; Rahimi et al. 2016).
///
/// The lowest level is a random code. Each further level takes more of its blocks, in a random
/// order, from the code of the highest level, which differs from the lowest in the position of
/// every block. So with `n` levels and `B` blocks the cosine of levels `i` and `j` is exactly `1 -
/// |b(i) - b(j)| / B` with `b(i) = round(i * B / (n - 1))`: 1 for the same level, 0 between the two
/// ends.
///
/// ```
/// use embeddenator_vsa::{Levels, Shape};
///
/// let celsius = Levels::new(Shape::DEFAULT, -40.0..=60.0, 101, 1)?;
/// let [cold, mild, warm] = [-10.0, 15.0, 20.0].map(|degrees| celsius.encode(degrees));
/// let (cold, mild, warm) = (cold?, mild?, warm?);
/// assert!((mild.cosine(&warm)? - 0.95).abs() < 0.01);
/// assert!((cold.cosine(&warm)? - 0.70).abs() < 0.01);
/// assert_eq!(celsius.decode(&mild)?, 15.0);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Levels {
    low: f64,
    high: f64,
    codes: Codes,
}

impl Levels {
    /// A scale of `levels` evenly spaced levels, from the low end of the range to its high end.
    ///
    /// The codes follow from shape, number of levels and seed, and are the same on every machine.
    /// So two scales with the same seed use the same codes; give different quantities different
    /// seeds.
    ///
    /// # Errors
    /// [`Error::Range`] unless both ends are finite and the low one is lower; [`Error::Levels`] for
    /// fewer than 2 levels, more than blocks + 1, or blocks of only one position.
    pub fn new(shape: Shape, range: RangeInclusive<f64>, levels: usize, seed: u64) -> Result<Self> {
        let (low, high) = range.into_inner();
        if !(low.is_finite() && high.is_finite() && low < high) {
            return Err(Error::Range { low, high });
        }
        let (blocks, positions) = (shape.blocks(), shape.positions());
        let levels_max = blocks + 1;
        if levels < 2 || levels > levels_max || positions < 2 {
            return Err(Error::Levels { levels, levels_max, positions });
        }
        let mut random = Random::new(xxh3_64_with_seed(DOMAIN, seed));
        let mut code = BlockCode::random(shape, &mut random);
        let highest = other_in_each_block(&code, &mut random);
        let order = shuffled(blocks, &mut random);
        let mut codes = Codes::with_capacity(shape, levels);
        let mut changed = 0;
        for level in 0..levels {
            let until = (2 * level * blocks + levels - 1) / (2 * (levels - 1));
            for block in &order[changed..until] {
                code.blocks_mut()[*block] = highest.as_bytes()[*block];
            }
            changed = until;
            codes.push(code.as_ref())?;
        }
        Ok(Levels { low, high, codes })
    }

    /// The shape of the codes.
    pub fn shape(&self) -> Shape {
        self.codes.shape()
    }

    /// The codes of all levels, lowest first.
    pub fn codes(&self) -> &Codes {
        &self.codes
    }

    /// The range of the scale.
    pub fn range(&self) -> RangeInclusive<f64> {
        self.low..=self.high
    }

    /// The level nearest to a value; values outside the range, even infinite ones, get the level of
    /// the nearer end.
    ///
    /// # Errors
    /// [`Error::NotANumber`] if a value is NaN.
    pub fn level(&self, value: f64) -> Result<usize> {
        if value.is_nan() {
            return Err(Error::NotANumber);
        }
        // The difference of the ends may overflow; halves of tiny ends may underflow.
        let scale = if (self.high - self.low).is_finite() { 1.0 } else { 0.5 };
        let above = value.clamp(self.low, self.high) * scale - self.low * scale;
        let share = above / (self.high * scale - self.low * scale);
        Ok(((share * self.top()).round() as usize).min(self.codes.len() - 1))
    }

    /// The value that a level stands for, or `None` past the last one.
    pub fn value(&self, level: usize) -> Option<f64> {
        let share = level as f64 / self.top();
        // A weighted sum, so that both ends are exact.
        (level < self.codes.len()).then_some(self.low * (1.0 - share) + self.high * share)
    }

    /// The code of the level nearest to a value.
    ///
    /// # Errors
    /// [`Error::NotANumber`] if a value is NaN.
    pub fn encode(&self, value: f64) -> Result<BlockCode> {
        let level = self.level(value)?;
        self.codes.get(level).map(CodeRef::to_code).ok_or(Error::NoCodes)
    }

    /// The codes of the levels nearest to some values, in order.
    ///
    /// # Errors
    /// [`Error::NotANumber`] if a value is NaN.
    pub fn encode_all(&self, values: &[f64]) -> Result<Codes> {
        let mut codes = Codes::with_capacity(self.shape(), values.len());
        for value in values {
            let code = self.codes.get(self.level(*value)?).ok_or(Error::NoCodes)?;
            codes.push(code)?;
        }
        Ok(codes)
    }

    /// The value of the level whose code is most similar, or the lowest of equal ones: the way back
    /// from a noisy code.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ.
    pub fn decode<'a>(&self, code: impl Into<CodeRef<'a>>) -> Result<f64> {
        let nearest = self.codes.nearest(code, 1)?;
        nearest.first().and_then(|found| self.value(found.index)).ok_or(Error::NoCodes)
    }

    /// The number of the highest level.
    fn top(&self) -> f64 {
        (self.codes.len() - 1) as f64
    }
}

/// A random code whose position differs from that of `code` in each block.
fn other_in_each_block(code: &BlockCode, random: &mut Random) -> BlockCode {
    let shape = code.shape();
    let mut shifts = BlockCode::identity(shape);
    for block in shifts.blocks_mut() {
        *block = 1 + random.below(shape.positions() as u64 - 1) as u8;
        *block |= (random.next_u64() as u8) & 0x80;
    }
    code.bind(&shifts).expect("both have the same shape")
}

/// The numbers below `count` in random order (Fisher-Yates, in Durstenfeld's form of 1964).
fn shuffled(count: usize, random: &mut Random) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, random.below(last as u64 + 1) as usize);
    }
    order
}
