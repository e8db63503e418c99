//! Sparse ternary vectors of any dimension and sparsity, as sorted indexes.

use std::cmp::Ordering;

use crate::code::planes::check_dimension;
use crate::error::{Error, Result};

/// A ternary vector of any dimension: the sorted indexes of its +1 elements and of its -1 elements.
///
/// The representation for interchange and for arbitrary sparsity. Its element-wise product,
/// [`hadamard`](Self::hadamard), is *not* a usable bind for sparse vectors, since most elements
/// meet a zero and cannot be recovered; to unbind later, bind as a [`BlockCode`](crate::BlockCode).
///
/// ```
/// use embeddenator_vsa::SparseTernary;
///
/// let a = SparseTernary::new(10, vec![1, 5], vec![7])?;
/// let b = SparseTernary::new(10, vec![5, 7], vec![])?;
/// assert_eq!(a.dot(&b)?, 0);
/// assert_eq!(a.hadamard(&b)?, SparseTernary::new(10, vec![5], vec![7])?);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SparseTernary {
    dimension: u32,
    plus: Vec<u32>,
    minus: Vec<u32>,
}

impl SparseTernary {
    /// The vector with +1 at the indexes `plus` and -1 at the indexes `minus`, both strictly ascending.
    ///
    /// # Errors
    /// [`Error::Dimension`] for a dimension that vectors cannot have; [`Error::Index`] for an index
    /// that is out of order, a duplicate, in both lists or not below the dimension.
    pub fn new(dimension: usize, plus: Vec<u32>, minus: Vec<u32>) -> Result<Self> {
        check_dimension(dimension)?;
        for indexes in [&plus, &minus] {
            let unordered = indexes.windows(2).find(|pair| pair[0] >= pair[1]).map(|pair| pair[1]);
            let outside = indexes.last().copied().filter(|last| *last as usize >= dimension);
            if let Some(index) = unordered.or(outside) {
                return Err(Error::Index { index, dimension });
            }
        }
        if let Some(index) = first_common(&plus, &minus) {
            return Err(Error::Index { index, dimension });
        }
        Ok(Self::from_checked(dimension, plus, minus))
    }

    /// The vector with these indexes, which are known to be sorted, disjoint and below the
    /// dimension.
    pub(crate) fn from_checked(dimension: usize, plus: Vec<u32>, minus: Vec<u32>) -> Self {
        SparseTernary { dimension: dimension as u32, plus, minus }
    }

    /// Its dimension.
    #[inline]
    pub fn dimension(&self) -> usize {
        self.dimension as usize
    }

    /// The indexes of the +1 elements, ascending.
    #[inline]
    pub fn plus(&self) -> &[u32] {
        &self.plus
    }

    /// The indexes of the -1 elements, ascending.
    #[inline]
    pub fn minus(&self) -> &[u32] {
        &self.minus
    }

    /// How many elements are not zero.
    #[inline]
    pub fn nonzero_count(&self) -> usize {
        self.plus.len() + self.minus.len()
    }

    /// The dot product.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`] if the dimensions differ.
    pub fn dot(&self, other: &SparseTernary) -> Result<i64> {
        self.expect(other)?;
        let same = common_count(&self.plus, &other.plus) + common_count(&self.minus, &other.minus);
        let opposite = common_count(&self.plus, &other.minus) + common_count(&self.minus, &other.plus);
        Ok(same as i64 - opposite as i64)
    }

    /// The cosine of the angle between the two, from -1 to 1; 0 if either is zero.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`] if the dimensions differ.
    pub fn cosine(&self, other: &SparseTernary) -> Result<f32> {
        let dot = self.dot(other)?;
        let product = self.nonzero_count() as f64 * other.nonzero_count() as f64;
        Ok(if product > 0.0 { (dot as f64 / product.sqrt()) as f32 } else { 0.0 })
    }

    /// The element-wise product.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`] if the dimensions differ.
    pub fn hadamard(&self, other: &SparseTernary) -> Result<SparseTernary> {
        self.expect(other)?;
        let same = [common(&self.plus, &other.plus), common(&self.minus, &other.minus)];
        let opposite = [common(&self.plus, &other.minus), common(&self.minus, &other.plus)];
        Ok(Self::from_checked(self.dimension(), merged(same), merged(opposite)))
    }

    /// The sign of the sum of some vectors, element by element, zero where they cancel. The order
    /// does not matter.
    ///
    /// # Errors
    /// [`Error::Dimension`] for no vectors; [`Error::DimensionMismatch`] if the dimensions differ.
    pub fn majority<'a>(vectors: impl IntoIterator<Item = &'a SparseTernary>) -> Result<SparseTernary> {
        let mut vectors = vectors.into_iter();
        let Some(first) = vectors.next() else { return Err(Error::Dimension { dimension: 0 }) };
        let mut votes = Vec::new();
        for vector in std::iter::once(first).chain(vectors) {
            first.expect(vector)?;
            votes.extend(vector.plus.iter().map(|index| (*index, 1_i8)));
            votes.extend(vector.minus.iter().map(|index| (*index, -1_i8)));
        }
        votes.sort_unstable();
        let (mut plus, mut minus) = (Vec::new(), Vec::new());
        for votes in votes.chunk_by(|left, right| left.0 == right.0) {
            let sum: i64 = votes.iter().map(|(_, vote)| i64::from(*vote)).sum();
            match sum.cmp(&0) {
                Ordering::Greater => plus.push(votes[0].0),
                Ordering::Less => minus.push(votes[0].0),
                Ordering::Equal => {}
            }
        }
        Ok(Self::from_checked(first.dimension(), plus, minus))
    }

    /// Rotates the elements: index `i` moves to `i + by`, modulo the dimension.
    #[must_use]
    pub fn permute(&self, by: i64) -> SparseTernary {
        let dimension = i64::from(self.dimension);
        let by = by.rem_euclid(dimension);
        let rotate = |indexes: &[u32]| {
            let wraps = indexes.partition_point(|index| i64::from(*index) + by < dimension);
            let moved = |index: &u32| ((i64::from(*index) + by) % dimension) as u32;
            indexes[wraps..].iter().chain(&indexes[..wraps]).map(moved).collect()
        };
        Self::from_checked(self.dimension(), rotate(&self.plus), rotate(&self.minus))
    }

    fn expect(&self, other: &SparseTernary) -> Result<()> {
        if self.dimension == other.dimension {
            return Ok(());
        }
        Err(Error::DimensionMismatch { left: self.dimension(), right: other.dimension() })
    }
}

/// Calls `found` with each number that is in both ascending lists.
#[inline]
fn for_each_common(left: &[u32], right: &[u32], mut found: impl FnMut(u32)) {
    let (mut i, mut j) = (0, 0);
    while let (Some(a), Some(b)) = (left.get(i), right.get(j)) {
        if a == b {
            found(*a);
        }
        // Branchless, since the branch would be mispredicted half of the time.
        i += usize::from(a <= b);
        j += usize::from(b <= a);
    }
}

fn common_count(left: &[u32], right: &[u32]) -> usize {
    let mut count = 0;
    for_each_common(left, right, |_| count += 1);
    count
}

fn common(left: &[u32], right: &[u32]) -> Vec<u32> {
    let mut common = Vec::new();
    for_each_common(left, right, |index| common.push(index));
    common
}

fn first_common(left: &[u32], right: &[u32]) -> Option<u32> {
    common(left, right).first().copied()
}

/// Merges two disjoint ascending lists.
fn merged([mut left, right]: [Vec<u32>; 2]) -> Vec<u32> {
    left.extend(right);
    left.sort_unstable();
    left
}
