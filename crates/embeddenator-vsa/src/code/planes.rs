//! Dense ternary vectors of any dimension as two bit planes: which elements are not zero, and which are negative.

use std::fmt;

use crate::arch::Isa;
use crate::error::{Error, Result};
use crate::limits::DIMENSION_MAX;

/// A ternary vector of any dimension in two bits per element: a plane of the non-zero elements and
/// a plane of the negative ones.
///
/// It represents dense sign vectors, such as encoded texts and majorities of bundles; its kernels
/// process 64 elements per word.
///
/// ```
/// use embeddenator_vsa::Planes;
///
/// let planes = Planes::from_signs(&[3, 0, -1])?;
/// assert_eq!(planes.dot(&Planes::from_signs(&[1, 1, 1])?)?, 0);
/// assert_eq!(planes.elements().collect::<Vec<_>>(), [1, 0, -1]);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Planes {
    dimension: u32,
    /// How many elements are not zero.
    count: u32,
    /// The words of the plane of non-zero elements, then those of the plane of signs. Bit `i % 64` of word `i / 64`
    /// is element `i`; bits of zero elements and past the dimension are clear in both.
    words: Vec<u64>,
}

impl Planes {
    /// The zero vector.
    ///
    /// # Errors
    /// [`Error::Dimension`] for 0 or more than [`DIMENSION_MAX`].
    pub fn zero(dimension: usize) -> Result<Self> {
        check_dimension(dimension)?;
        Ok(Planes { dimension: dimension as u32, count: 0, words: vec![0; 2 * dimension.div_ceil(64)] })
    }

    /// The signs of these numbers, with zero for 0.
    ///
    /// # Errors
    /// [`Error::Dimension`] for no numbers or more than [`DIMENSION_MAX`].
    pub fn from_signs(numbers: &[i32]) -> Result<Self> {
        check_dimension(numbers.len())?;
        Ok(Self::of_signs(numbers))
    }

    /// As [`from_signs`](Self::from_signs), if the number of elements is known to be a valid
    /// dimension.
    pub(crate) fn of_signs(numbers: &[i32]) -> Self {
        let mut words = vec![0; 2 * numbers.len().div_ceil(64)];
        let (nonzero, sign) = words.split_at_mut(numbers.len().div_ceil(64));
        Isa::detect().majority(numbers, nonzero, sign);
        Self::from_checked(numbers.len(), words)
    }

    /// The vector with these planes; bit `i % 64` of word `i / 64` is element `i`.
    ///
    /// # Errors
    /// [`Error::Dimension`] as for [`zero`](Self::zero); [`Error::Length`] if a plane does not have
    /// as many words as the dimension takes; [`Error::Index`] if a bit past the dimension or the
    /// sign of a zero element is set.
    pub fn from_words(dimension: usize, nonzero: &[u64], sign: &[u64]) -> Result<Self> {
        check_dimension(dimension)?;
        let expected = dimension.div_ceil(64);
        for plane in [nonzero, sign] {
            if plane.len() != expected {
                return Err(Error::Length { expected, found: plane.len() });
            }
        }
        for (word, (nonzero, sign)) in nonzero.iter().zip(sign).enumerate() {
            let left = dimension - word * 64;
            let past = if left < 64 { u64::MAX << left } else { 0 };
            let wrong = (nonzero & past) | (sign & !nonzero);
            if wrong != 0 {
                let index = (word * 64) as u32 + wrong.trailing_zeros();
                return Err(Error::Index { index, dimension });
            }
        }
        Ok(Self::from_checked(dimension, [nonzero, sign].concat()))
    }

    pub(super) fn from_checked(dimension: usize, words: Vec<u64>) -> Self {
        let nonzero = &words[..words.len() / 2];
        let count = nonzero.iter().map(|word| word.count_ones()).sum();
        Planes { dimension: dimension as u32, count, words }
    }

    /// Its dimension.
    #[inline]
    pub fn dimension(&self) -> usize {
        self.dimension as usize
    }

    /// How many elements are not zero.
    #[inline]
    pub fn nonzero_count(&self) -> usize {
        self.count as usize
    }

    /// The plane of the non-zero elements.
    #[inline]
    pub fn nonzero(&self) -> &[u64] {
        &self.words[..self.words.len() / 2]
    }

    /// The plane of the negative elements.
    #[inline]
    pub fn sign(&self) -> &[u64] {
        &self.words[self.words.len() / 2..]
    }

    /// The elements in order, each -1, 0 or 1.
    pub fn elements(&self) -> impl Iterator<Item = i32> + '_ {
        (0..self.dimension()).map(|index| {
            let bit = |plane: &[u64]| (plane[index / 64] >> (index % 64)) & 1 == 1;
            match (bit(self.nonzero()), bit(self.sign())) {
                (false, _) => 0,
                (true, false) => 1,
                (true, true) => -1,
            }
        })
    }

    /// The dot product.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`] if the dimensions differ.
    #[inline]
    pub fn dot(&self, other: &Planes) -> Result<i64> {
        self.expect(other)?;
        Ok(Isa::detect().planes_dot((self.nonzero(), self.sign()), (other.nonzero(), other.sign())))
    }

    /// The cosine of the angle between the two, from -1 to 1; 0 if either is zero.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`] if the dimensions differ.
    #[inline]
    pub fn cosine(&self, other: &Planes) -> Result<f32> {
        Ok(Self::cosine_of(self.dot(other)?, self.count, other.count))
    }

    /// The cosine of two vectors with this dot product and these numbers of non-zero elements.
    #[inline]
    pub(super) fn cosine_of(dot: i64, left: u32, right: u32) -> f32 {
        let product = u64::from(left) * u64::from(right);
        if product == 0 { 0.0 } else { (dot as f64 / (product as f64).sqrt()) as f32 }
    }

    /// The element-wise product. It is not a bind: see
    /// [`SparseTernary::hadamard`](crate::SparseTernary::hadamard). For vectors without zeros it is
    /// its own inverse.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`] if the dimensions differ.
    pub fn hadamard(&self, other: &Planes) -> Result<Planes> {
        self.expect(other)?;
        let mut words = vec![0; self.words.len()];
        let (nonzero, sign) = words.split_at_mut(self.words.len() / 2);
        Isa::detect().planes_hadamard(
            (self.nonzero(), self.sign()),
            (other.nonzero(), other.sign()),
            (nonzero, sign),
        );
        Ok(Self::from_checked(self.dimension(), words))
    }

    #[inline]
    fn expect(&self, other: &Planes) -> Result<()> {
        if self.dimension == other.dimension {
            return Ok(());
        }
        Err(Error::DimensionMismatch { left: self.dimension(), right: other.dimension() })
    }
}

impl fmt::Debug for Planes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Planes {{ dimension: {}, nonzero: {} }}", self.dimension, self.count)
    }
}

/// Refuses dimensions that vectors cannot have.
pub(super) fn check_dimension(dimension: usize) -> Result<()> {
    if dimension == 0 || dimension > DIMENSION_MAX {
        return Err(Error::Dimension { dimension });
    }
    Ok(())
}
