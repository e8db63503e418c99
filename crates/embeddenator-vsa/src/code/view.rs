//! Borrowed tables of block codes, and queries over all rows at once.

use std::fmt;
use std::iter::FusedIterator;
use std::slice::ChunksExact;

use crate::arch::Isa;
use crate::code::block::check_positions;
use crate::error::{Error, Result};
use crate::{CodeRef, Shape};

/// A borrowed table of codes of one shape, for example in a memory-mapped file: rows of
/// [`Shape::stride`] bytes, each with its blocks and then zeros.
///
/// [`Codes::view`](crate::Codes::view) and [`wire::view`](crate::wire::view) return one, and
/// [`Codes`](crate::Codes) has the same queries. Rows that start at cache lines are read fastest,
/// but no alignment is required.
///
/// ```
/// use embeddenator_vsa::{Codes, CodesRef, Random, Shape};
///
/// let codes = Codes::random(Shape::DEFAULT, 10, &mut Random::new(1));
/// let view = CodesRef::from_rows(Shape::DEFAULT, codes.as_rows())?;
/// assert_eq!(view.dots(view.get(7).expect("row 7 of 10"))?[7], 128);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CodesRef<'a> {
    shape: Shape,
    /// Whole rows, all with positions of the shape and padded with zeros.
    rows: &'a [u8],
}

impl<'a> CodesRef<'a> {
    /// The table with these rows, each padded with zeros to the stride. Checks all of them.
    ///
    /// # Errors
    /// [`Error::Length`] if the bytes are not whole rows; [`Error::Position`] for a position
    /// outside the shape; [`Error::Padding`] for padding that is not zero.
    pub fn from_rows(shape: Shape, rows: &'a [u8]) -> Result<Self> {
        let stride = shape.stride();
        if !rows.len().is_multiple_of(stride) {
            return Err(Error::Length { expected: rows.len().next_multiple_of(stride), found: rows.len() });
        }
        for (index, row) in rows.chunks_exact(stride).enumerate() {
            let (blocks, padding) = row.split_at(shape.blocks());
            check_positions(shape, blocks, index)?;
            if padding.iter().any(|byte| *byte != 0) {
                return Err(Error::Padding { row: index });
            }
        }
        Ok(CodesRef { shape, rows })
    }

    /// The rows must be checked.
    #[inline]
    pub(super) fn from_checked(shape: Shape, rows: &'a [u8]) -> Self {
        CodesRef { shape, rows }
    }

    /// The shape of all codes.
    #[inline]
    pub fn shape(self) -> Shape {
        self.shape
    }

    /// The number of codes.
    #[inline]
    pub fn len(self) -> usize {
        self.rows.len() / self.shape.stride()
    }

    /// Whether there are no codes.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.rows.is_empty()
    }

    /// All rows, padding included.
    #[inline]
    pub fn as_rows(self) -> &'a [u8] {
        self.rows
    }

    /// A code, or `None` past the end.
    #[inline]
    pub fn get(self, index: usize) -> Option<CodeRef<'a>> {
        let stride = self.shape.stride();
        let start = index.checked_mul(stride)?;
        let row = self.rows.get(start..start.checked_add(stride)?)?;
        Some(CodeRef::from_row(self.shape, row))
    }

    /// The codes in order.
    pub fn iter(self) -> CodesIter<'a> {
        CodesIter { shape: self.shape, rows: self.rows.chunks_exact(self.shape.stride()) }
    }

    /// The dot product of the query with each code, in order.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ.
    pub fn dots<'b>(self, query: impl Into<CodeRef<'b>>) -> Result<Vec<i32>> {
        let mut dots = vec![0; self.len()];
        self.dots_into(query, 0, &mut dots)?;
        Ok(dots)
    }

    /// The dot products of the query with the codes from `first` on, as many as `dots` has room
    /// for.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Slot`] if there are fewer codes.
    pub fn dots_into<'b>(self, query: impl Into<CodeRef<'b>>, first: usize, dots: &mut [i32]) -> Result<()> {
        let query = query.into();
        self.shape.expect(query.shape())?;
        Isa::detect().dots(query.row(), self.rows_from(first, dots.len())?, dots);
        let padding = self.shape.padding() as i32;
        if padding > 0 {
            for dot in dots {
                *dot -= padding;
            }
        }
        Ok(())
    }

    /// The bytes of the rows from `first` on.
    pub(super) fn rows_from(self, first: usize, count: usize) -> Result<&'a [u8]> {
        let (slots, stride) = (self.len(), self.shape.stride());
        let end = first.saturating_add(count);
        if end > slots {
            return Err(Error::Slot { slot: end - 1, slots });
        }
        Ok(&self.rows[first * stride..end * stride])
    }

    /// The cosine of the query with each code, in order.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ.
    pub fn cosines<'b>(self, query: impl Into<CodeRef<'b>>) -> Result<Vec<f32>> {
        let blocks = self.shape.blocks() as f32;
        Ok(self.dots(query)?.into_iter().map(|dot| dot as f32 / blocks).collect())
    }

    /// The dot product of each code with the code in the same row of another table, in order.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::RowsMismatch`] if the numbers of
    /// rows differ.
    pub fn dot_rows<'b>(self, other: impl Into<CodesRef<'b>>) -> Result<Vec<i32>> {
        let other = other.into();
        self.expect_rows(other)?;
        self.iter().zip(other).map(|(left, right)| left.dot(right)).collect()
    }

    /// Refuses a table with a different shape or number of rows.
    pub(super) fn expect_rows(self, other: CodesRef<'_>) -> Result<()> {
        self.shape.expect(other.shape)?;
        if self.len() == other.len() {
            return Ok(());
        }
        Err(Error::RowsMismatch { left: self.len(), right: other.len() })
    }
}

impl<'a> IntoIterator for CodesRef<'a> {
    type Item = CodeRef<'a>;
    type IntoIter = CodesIter<'a>;

    fn into_iter(self) -> CodesIter<'a> {
        self.iter()
    }
}

impl fmt::Debug for CodesRef<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CodesRef {{ shape: {}, len: {} }}", self.shape, self.len())
    }
}

/// The codes of a table, in order.
#[derive(Clone, Debug)]
pub struct CodesIter<'a> {
    shape: Shape,
    rows: ChunksExact<'a, u8>,
}

impl<'a> Iterator for CodesIter<'a> {
    type Item = CodeRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<CodeRef<'a>> {
        self.rows.next().map(|row| CodeRef::from_row(self.shape, row))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }

    fn nth(&mut self, index: usize) -> Option<CodeRef<'a>> {
        self.rows.nth(index).map(|row| CodeRef::from_row(self.shape, row))
    }
}

impl DoubleEndedIterator for CodesIter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.rows.next_back().map(|row| CodeRef::from_row(self.shape, row))
    }
}

impl ExactSizeIterator for CodesIter<'_> {}

impl FusedIterator for CodesIter<'_> {}
