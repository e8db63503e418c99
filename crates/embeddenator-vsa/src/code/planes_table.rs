//! Tables of dense ternary vectors of one dimension, and queries over all rows at once.

use std::fmt;

use crate::Planes;
use crate::arch::Isa;
use crate::code::planes::check_dimension;
use crate::error::{Error, Result};

/// Many [`Planes`] of one dimension in one allocation: for each row the words of the non-zero
/// plane, then those of the sign plane.
///
/// ```
/// use embeddenator_vsa::{Planes, PlanesTable};
///
/// let mut table = PlanesTable::new(3)?;
/// table.push(&Planes::from_signs(&[1, 0, -1])?)?;
/// table.push(&Planes::from_signs(&[0, 1, 0])?)?;
/// assert_eq!(table.cosines(&Planes::from_signs(&[1, 0, -1])?)?, [1.0, 0.0]);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PlanesTable {
    dimension: usize,
    /// The number of non-zero elements in each row.
    counts: Vec<u32>,
    rows: Vec<u64>,
}

impl PlanesTable {
    /// An empty table.
    ///
    /// # Errors
    /// [`Error::Dimension`] as for [`Planes::zero`].
    pub fn new(dimension: usize) -> Result<Self> {
        check_dimension(dimension)?;
        Ok(PlanesTable { dimension, counts: Vec::new(), rows: Vec::new() })
    }

    /// The dimension of all rows.
    #[inline]
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The number of rows.
    #[inline]
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there are no rows.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Appends a row.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`] if the dimensions differ.
    pub fn push(&mut self, planes: &Planes) -> Result<()> {
        self.expect(planes)?;
        self.counts.push(planes.nonzero_count() as u32);
        self.rows.extend_from_slice(planes.nonzero());
        self.rows.extend_from_slice(planes.sign());
        Ok(())
    }

    /// A row, or `None` past the end.
    pub fn get(&self, index: usize) -> Option<Planes> {
        let words = 2 * self.dimension.div_ceil(64);
        let row = self.rows.chunks_exact(words).nth(index)?;
        Some(Planes::from_checked(self.dimension, row.to_vec()))
    }

    /// The dot product of the query with each row, in order.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`] if the dimensions differ.
    pub fn dots(&self, query: &Planes) -> Result<Vec<i64>> {
        self.expect(query)?;
        let mut dots = vec![0; self.len()];
        let words = self.dimension.div_ceil(64);
        Isa::detect().planes_dots((query.nonzero(), query.sign()), &self.rows, words, &mut dots);
        Ok(dots)
    }

    /// The cosine of the query with each row, in order; 0 if either is zero.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`] if the dimensions differ.
    pub fn cosines(&self, query: &Planes) -> Result<Vec<f32>> {
        let dots = self.dots(query)?;
        let pairs = dots.into_iter().zip(&self.counts);
        Ok(pairs.map(|(dot, count)| Planes::cosine_of(dot, query.nonzero_count() as u32, *count)).collect())
    }

    fn expect(&self, planes: &Planes) -> Result<()> {
        if self.dimension == planes.dimension() {
            return Ok(());
        }
        Err(Error::DimensionMismatch { left: self.dimension, right: planes.dimension() })
    }
}

impl fmt::Debug for PlanesTable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PlanesTable {{ dimension: {}, len: {} }}", self.dimension, self.len())
    }
}
