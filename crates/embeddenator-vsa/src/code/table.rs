//! Tables of block codes of one shape, row after row, and what is asked of all rows at once.

use std::fmt;

use crate::arch::Isa;
use crate::code::aligned::AlignedBytes;
use crate::code::block::check_positions;
use crate::error::{Error, Result};
use crate::{BlockCode, CodeRef, Random, Shape};

/// Many codes of one shape in one piece of memory: rows of [`Shape::stride`] bytes, each its blocks and then zeros.
///
/// The bytes are the same in memory, in a file and in a map of a file.
///
/// ```
/// use embeddenator_vsa::{Codes, Random, Shape};
///
/// let codes = Codes::random(Shape::DEFAULT, 1000, &mut Random::new(1));
/// let dots = codes.dots(codes.get(7).expect("row 7 of 1000"))?;
/// assert_eq!(dots[7], 128);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Codes {
    shape: Shape,
    pub(super) rows: AlignedBytes,
}

impl Codes {
    /// An empty table.
    pub fn new(shape: Shape) -> Self {
        Self::with_capacity(shape, 0)
    }

    /// An empty table with room for some codes.
    pub fn with_capacity(shape: Shape, codes: usize) -> Self {
        Codes { shape, rows: AlignedBytes::with_capacity(codes.saturating_mul(shape.stride())) }
    }

    /// A table of codes drawn from `random`, in order.
    pub fn random(shape: Shape, count: usize, random: &mut Random) -> Self {
        let mut codes = Self::with_capacity(shape, count);
        for _ in 0..count {
            codes.push_random(random);
        }
        codes
    }

    /// The table with these rows, each padded with zeros to the stride.
    ///
    /// # Errors
    /// [`Error::Length`] if the bytes are no whole rows, [`Error::Position`] for a position that the shape does not
    /// have or padding that is not zero.
    pub fn from_rows(shape: Shape, rows: &[u8]) -> Result<Self> {
        check_rows(shape, rows)?;
        let mut codes = Self::with_capacity(shape, rows.len() / shape.stride());
        codes.rows.extend_zeroed(rows.len()).copy_from_slice(rows);
        Ok(codes)
    }

    /// The shape of all codes.
    #[inline]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Codes in the table.
    #[inline]
    pub fn len(&self) -> usize {
        self.rows.as_slice().len() / self.shape.stride()
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.rows.as_slice().is_empty()
    }

    /// All rows, padding included.
    #[inline]
    pub fn as_rows(&self) -> &[u8] {
        self.rows.as_slice()
    }

    /// A code, or `None` past the end.
    #[inline]
    pub fn get(&self, index: usize) -> Option<CodeRef<'_>> {
        let stride = self.shape.stride();
        let start = index.checked_mul(stride)?;
        let row = self.rows.as_slice().get(start..start.checked_add(stride)?)?;
        Some(CodeRef::from_row(self.shape, row))
    }

    /// The codes in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = CodeRef<'_>> + '_ {
        let rows = self.rows.as_slice().chunks_exact(self.shape.stride());
        rows.map(|row| CodeRef::from_row(self.shape, row))
    }

    /// Appends a code.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`].
    pub fn push(&mut self, code: CodeRef<'_>) -> Result<()> {
        self.shape.expect(code.shape())?;
        self.rows.extend_zeroed(self.shape.stride()).copy_from_slice(code.row());
        Ok(())
    }

    /// Appends a code drawn from `random`, as [`BlockCode::random`].
    pub fn push_random(&mut self, random: &mut Random) {
        let row = self.rows.extend_zeroed(self.shape.stride());
        random.fill_code(self.shape.modulus(), &mut row[..self.shape.blocks()]);
    }

    /// Puts a code in the place of another.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Slot`] past the end.
    pub fn replace(&mut self, index: usize, code: CodeRef<'_>) -> Result<()> {
        self.shape.expect(code.shape())?;
        let (slots, stride) = (self.len(), self.shape.stride());
        if index >= slots {
            return Err(Error::Slot { slot: index, slots });
        }
        self.rows.as_mut_slice()[index * stride..(index + 1) * stride].copy_from_slice(code.row());
        Ok(())
    }

    /// Removes a code by moving the last one into its place; returns the removed one.
    ///
    /// # Errors
    /// [`Error::Slot`] past the end.
    pub fn swap_remove(&mut self, index: usize) -> Result<BlockCode> {
        let slots = self.len();
        let Some(removed) = self.get(index).map(CodeRef::to_code) else {
            return Err(Error::Slot { slot: index, slots });
        };
        let stride = self.shape.stride();
        let last = (slots - 1) * stride;
        self.rows.as_mut_slice().copy_within(last..last + stride, index * stride);
        self.rows.truncate(last);
        Ok(removed)
    }

    /// The dot product of the query with each code, in order.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`].
    pub fn dots(&self, query: CodeRef<'_>) -> Result<Vec<i32>> {
        let mut dots = vec![0; self.len()];
        self.dots_into(query, 0, &mut dots)?;
        Ok(dots)
    }

    /// The dot product of the query with the codes from `first` on, as many as `dots` has room for.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Slot`] if there are fewer codes.
    pub fn dots_into(&self, query: CodeRef<'_>, first: usize, dots: &mut [i32]) -> Result<()> {
        self.shape.expect(query.shape())?;
        let (slots, stride) = (self.len(), self.shape.stride());
        let end = first.saturating_add(dots.len());
        if end > slots {
            return Err(Error::Slot { slot: end, slots });
        }
        let rows = &self.rows.as_slice()[first * stride..end * stride];
        Isa::detect().dots(query.row(), rows, dots);
        let padding = self.shape.padding() as i32;
        if padding > 0 {
            for dot in dots {
                *dot -= padding;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Codes {{ shape: {}, len: {} }}", self.shape, self.len())
    }
}

/// Refuses rows that are cut, name positions outside of the shape or have other padding than zeros.
pub(super) fn check_rows(shape: Shape, rows: &[u8]) -> Result<()> {
    let stride = shape.stride();
    if !rows.len().is_multiple_of(stride) {
        return Err(Error::Length { expected: rows.len().next_multiple_of(stride), found: rows.len() });
    }
    for (index, row) in rows.chunks_exact(stride).enumerate() {
        let (blocks, padding) = row.split_at(shape.blocks());
        check_positions(shape, blocks, index)?;
        if let Some(at) = padding.iter().position(|byte| *byte != 0) {
            let block = shape.blocks() + at;
            return Err(Error::Position {
                row: index,
                block,
                position: usize::from(padding[at]),
                positions: 0,
            });
        }
    }
    Ok(())
}
