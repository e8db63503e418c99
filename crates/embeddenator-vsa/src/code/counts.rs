//! Integer counters of bundled codes: adding and removing are exact, read-outs are lossy.

use std::fmt;

use crate::arch::Isa;
use crate::code::block::element;
use crate::error::{Error, Result};
use crate::{BlockCode, CodeRef, Planes, Shape, SparseTernary};

/// The largest absolute value of a counter.
const COUNTER_MAX: i64 = i32::MAX as i64;

/// A bundle: one integer counter per dimension, the sum of the codes added.
///
/// Bundles are a commutative group: codes are added and removed exactly, in any order, and a code
/// that was added and removed leaves no trace. The read-outs [`majority`](Self::majority),
/// [`thin`](Self::thin) and [`thin_to`](Self::thin_to) are deterministic and lossy; never keep one
/// as the state of something to be updated.
///
/// ```
/// use embeddenator_vsa::{BlockCode, Counts, Random, Shape};
///
/// let mut random = Random::new(3);
/// let [a, b, c] = std::array::from_fn(|_| BlockCode::random(Shape::DEFAULT, &mut random));
/// let mut bundle = Counts::new(Shape::DEFAULT);
/// bundle.add(&a)?;
/// bundle.add(&b)?;
/// assert!(bundle.cosine(&a)? > 0.6 && bundle.cosine(&c)? < 0.1);
/// bundle.remove(&b)?;
/// assert_eq!(bundle, Counts::from(&a));
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone)]
pub struct Counts {
    pub(super) shape: Shape,
    /// `blocks` times `positions` counters, block after block.
    pub(super) counters: Vec<i32>,
    /// An upper bound for the counters' absolute values.
    bound: i64,
}

impl Counts {
    /// An empty bundle: all counters 0.
    pub fn new(shape: Shape) -> Self {
        Counts { shape, counters: vec![0; shape.dimension()], bound: 0 }
    }

    /// The bundle with these counters, block after block.
    ///
    /// # Errors
    /// [`Error::Length`] if there is not one counter per dimension; [`Error::Full`] if a counter is
    /// `i32::MIN`.
    pub fn from_counters(shape: Shape, counters: Vec<i32>) -> Result<Self> {
        if counters.len() != shape.dimension() {
            return Err(Error::Length { expected: shape.dimension(), found: counters.len() });
        }
        let bound = largest(&counters);
        if bound > COUNTER_MAX {
            return Err(Error::Full { limit: COUNTER_MAX });
        }
        Ok(Counts { shape, counters, bound })
    }

    /// Its shape.
    #[inline]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The counters, block after block.
    #[inline]
    pub fn as_counters(&self) -> &[i32] {
        &self.counters
    }

    /// Whether all counters are 0.
    pub fn is_zero(&self) -> bool {
        self.counters.iter().all(|counter| *counter == 0)
    }

    /// Sets all counters to 0 and keeps the memory.
    pub fn clear(&mut self) {
        self.counters.fill(0);
        self.bound = 0;
    }

    /// Adds a code.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Full`] if a counter would overflow
    /// an `i32`.
    #[inline]
    pub fn add<'a>(&mut self, code: impl Into<CodeRef<'a>>) -> Result<()> {
        self.add_weighted(code, 1)
    }

    /// Removes a code that was added. Removing any other code leaves negative counts, as in any
    /// group.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Full`] if a counter would overflow
    /// an `i32`.
    #[inline]
    pub fn remove<'a>(&mut self, code: impl Into<CodeRef<'a>>) -> Result<()> {
        self.add_weighted(code, -1)
    }

    /// Adds a code `weight` times, which may be negative.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Full`] if a counter would overflow
    /// an `i32`.
    #[inline]
    pub fn add_weighted<'a>(&mut self, code: impl Into<CodeRef<'a>>, weight: i32) -> Result<()> {
        let code = code.into();
        self.shape.expect(code.shape())?;
        if !self.has_room(i64::from(weight.unsigned_abs())) {
            let sums = self.named(code).map(|(counter, sign)| counter + sign * i64::from(weight));
            Self::expect_counters(sums)?;
        }
        Isa::detect().add_code(&mut self.counters, self.shape.positions(), code.as_bytes(), weight);
        Ok(())
    }

    /// Adds another bundle.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Full`] if a counter would overflow
    /// an `i32`.
    pub fn merge(&mut self, other: &Counts) -> Result<()> {
        self.merge_weighted(other, 1)
    }

    /// Subtracts another bundle.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Full`] if a counter would overflow
    /// an `i32`.
    pub fn subtract(&mut self, other: &Counts) -> Result<()> {
        self.merge_weighted(other, -1)
    }

    /// Raises the bound by `more`; false if the limit is so near that every sum must be checked.
    #[inline]
    pub(super) fn has_room(&mut self, more: i64) -> bool {
        if self.bound.saturating_add(more) > COUNTER_MAX {
            self.bound = largest(&self.counters);
        }
        let room = self.bound.saturating_add(more) <= COUNTER_MAX;
        self.bound = self.bound.saturating_add(more).min(COUNTER_MAX);
        room
    }

    /// Refuses sums that a counter cannot hold. Within the limit, sums modulo 2^32 are exact.
    pub(super) fn expect_counters(mut sums: impl Iterator<Item = i64>) -> Result<()> {
        let fit = sums.all(|sum| sum.abs() <= COUNTER_MAX);
        if fit { Ok(()) } else { Err(Error::Full { limit: COUNTER_MAX }) }
    }

    /// The counters that a code selects, each with the code's sign.
    fn named<'a>(&'a self, code: CodeRef<'a>) -> impl Iterator<Item = (i64, i64)> + 'a {
        let blocks = self.counters.chunks_exact(self.shape.positions());
        blocks
            .zip(code.elements())
            .map(|(block, (position, sign))| (i64::from(block[position]), i64::from(sign)))
    }

    /// The bundle of the bundled codes, each bound with `code`: binding distributes over addition.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ.
    pub fn bind<'a>(&self, code: impl Into<CodeRef<'a>>) -> Result<Counts> {
        let code = code.into();
        self.shape.expect(code.shape())?;
        let positions = self.shape.positions();
        let mut bound = self.clone();
        let blocks = bound.counters.chunks_exact_mut(positions);
        for (block, byte) in blocks.zip(code.as_bytes()) {
            let (shift, sign) = element(*byte);
            block.rotate_right(shift);
            if sign < 0 {
                for counter in block {
                    *counter = -*counter;
                }
            }
        }
        Ok(bound)
    }

    /// The bundle of the bundled codes, each unbound with `code`: [`bind`](Self::bind) with its
    /// inverse.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ.
    pub fn unbind<'a>(&self, code: impl Into<CodeRef<'a>>) -> Result<Counts> {
        self.bind(&code.into().inverse())
    }

    /// The bundle of the bundled codes, each permuted as by [`BlockCode::permute`].
    #[must_use]
    pub fn permute(&self, by: i64) -> Counts {
        let mut permuted = self.clone();
        let blocks = by.rem_euclid(self.shape.blocks() as i64) as usize;
        permuted.counters.rotate_right(blocks * self.shape.positions());
        permuted
    }

    /// The dot product with a code: the sum of the counters it selects, with its signs.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ.
    #[inline]
    pub fn dot<'a>(&self, code: impl Into<CodeRef<'a>>) -> Result<i64> {
        let code = code.into();
        self.shape.expect(code.shape())?;
        Ok(Isa::detect().counts_dot(&self.counters, self.shape.positions(), code.as_bytes()))
    }

    /// The cosine with a code, from -1 to 1; 0 for an empty bundle.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ.
    pub fn cosine<'a>(&self, code: impl Into<CodeRef<'a>>) -> Result<f32> {
        Ok(Self::cosine_of(self.dot(code)? as f64, self.norm() * self.norm_of_codes()))
    }

    /// The cosine with another bundle, from -1 to 1; 0 if either is empty.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ.
    pub fn cosine_counts(&self, other: &Counts) -> Result<f32> {
        self.shape.expect(other.shape)?;
        // As for the norm, the sum is exact, so its order does not matter.
        let products =
            self.counters.iter().zip(&other.counters).map(|(a, b)| i128::from(i64::from(*a) * i64::from(*b)));
        Ok(Self::cosine_of(products.sum::<i128>() as f64, self.norm() * other.norm()))
    }

    /// The cosine from a dot product and the product of both norms; 0 if a norm is 0.
    pub(super) fn cosine_of(dot: f64, norms: f64) -> f32 {
        if norms > 0.0 { (dot / norms) as f32 } else { 0.0 }
    }

    /// The Euclidean norm of each code of this shape.
    pub(super) fn norm_of_codes(&self) -> f64 {
        (self.shape.blocks() as f64).sqrt()
    }

    /// The Euclidean norm.
    pub fn norm(&self) -> f64 {
        // A square is below 2^62 and there are fewer than 2^20 counters.
        let squares =
            self.counters.iter().map(|counter| i128::from(i64::from(*counter) * i64::from(*counter)));
        (squares.sum::<i128>() as f64).sqrt()
    }

    /// The sign of each counter, zero for zero: a dense vector. Lossy, but it holds more items than
    /// [`thin`](Self::thin).
    pub fn majority(&self) -> Planes {
        Planes::of_signs(&self.counters)
    }

    /// The element with the largest absolute counter in each block, as a code of one byte per
    /// block. Lossy: the capacity falls from about 250 items to about 10 (measured: see the crate's
    /// documentation).
    ///
    /// Of equal counters the lowest position wins; a block of zeros gives position 0 and sign +1.
    pub fn thin(&self) -> BlockCode {
        let mut code = BlockCode::identity(self.shape);
        Isa::detect().thin(&self.counters, self.shape.positions(), code.blocks_mut());
        code
    }

    /// The signs of the `count` largest absolute counters, or of all non-zero ones if there are
    /// fewer. Lossy.
    ///
    /// Of equal counters the lowest dimension wins.
    pub fn thin_to(&self, count: usize) -> SparseTernary {
        let mut largest: Vec<u32> = (0_u32..)
            .zip(&self.counters)
            .filter(|(_, counter)| **counter != 0)
            .map(|(index, _)| index)
            .collect();
        if count < largest.len() {
            let key =
                |index: &u32| (std::cmp::Reverse(self.counters[*index as usize].unsigned_abs()), *index);
            if count > 0 {
                largest.select_nth_unstable_by_key(count - 1, key);
            }
            largest.truncate(count);
            largest.sort_unstable();
        }
        let (minus, plus) = largest.into_iter().partition(|index| self.counters[*index as usize] < 0);
        SparseTernary::from_checked(self.shape.dimension(), plus, minus)
    }
}

impl PartialEq for Counts {
    /// Equal shapes and counters, however they came about.
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape && self.counters == other.counters
    }
}

impl Eq for Counts {}

impl fmt::Debug for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Counts {{ shape: {}, norm: {:.3} }}", self.shape, self.norm())
    }
}

/// The largest absolute value.
pub(super) fn largest(counters: &[i32]) -> i64 {
    counters.iter().map(|counter| i64::from(counter.unsigned_abs())).max().unwrap_or(0)
}
