//! Growable tables of block codes of one shape.

use std::fmt;

use crate::code::aligned::AlignedBytes;
use crate::error::{Error, Result};
use crate::{BlockCode, CodeRef, CodesIter, CodesRef, Random, Shape};

/// Many codes of one shape in one allocation: rows of [`Shape::stride`] bytes, each with its blocks
/// and then zeros.
///
/// The bytes are the same in memory, in a file and in a memory-mapped file.
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

    /// An empty table with room for this many codes.
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
    /// [`Error::Length`] if the bytes are not whole rows; [`Error::Position`] for a position
    /// outside the shape; [`Error::Padding`] for padding that is not zero.
    pub fn from_rows(shape: Shape, rows: &[u8]) -> Result<Self> {
        CodesRef::from_rows(shape, rows).map(Codes::from)
    }

    /// The table as a borrowed one, which is also the type of tables in files.
    #[inline]
    pub fn view(&self) -> CodesRef<'_> {
        CodesRef::from_checked(self.shape, self.rows.as_slice())
    }

    /// The shape of all codes.
    #[inline]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The number of codes.
    #[inline]
    pub fn len(&self) -> usize {
        self.view().len()
    }

    /// Whether there are no codes.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.view().is_empty()
    }

    /// All rows, padding included.
    #[inline]
    pub fn as_rows(&self) -> &[u8] {
        self.rows.as_slice()
    }

    /// A code, or `None` past the end.
    #[inline]
    pub fn get(&self, index: usize) -> Option<CodeRef<'_>> {
        self.view().get(index)
    }

    /// The codes in order.
    pub fn iter(&self) -> CodesIter<'_> {
        self.view().iter()
    }

    /// Appends a code.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ.
    pub fn push<'a>(&mut self, code: impl Into<CodeRef<'a>>) -> Result<()> {
        let code = code.into();
        self.shape.expect(code.shape())?;
        self.rows.extend_zeroed(self.shape.stride()).copy_from_slice(code.row());
        Ok(())
    }

    /// Appends a code drawn from `random`, as [`BlockCode::random`].
    pub fn push_random(&mut self, random: &mut Random) {
        let row = self.rows.extend_zeroed(self.shape.stride());
        random.fill_code(self.shape.modulus(), &mut row[..self.shape.blocks()]);
    }

    /// Replaces a code.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Slot`] past the end.
    pub fn replace<'a>(&mut self, index: usize, code: impl Into<CodeRef<'a>>) -> Result<()> {
        let code = code.into();
        self.shape.expect(code.shape())?;
        let (slots, stride) = (self.len(), self.shape.stride());
        if index >= slots {
            return Err(Error::Slot { slot: index, slots });
        }
        self.rows.as_mut_slice()[index * stride..(index + 1) * stride].copy_from_slice(code.row());
        Ok(())
    }

    /// Removes and returns a code; the last one moves into its place.
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

    /// As [`CodesRef::dots`].
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ.
    pub fn dots<'a>(&self, query: impl Into<CodeRef<'a>>) -> Result<Vec<i32>> {
        self.view().dots(query)
    }

    /// As [`CodesRef::dots_into`].
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Slot`] if there are fewer codes.
    pub fn dots_into<'a>(&self, query: impl Into<CodeRef<'a>>, first: usize, dots: &mut [i32]) -> Result<()> {
        self.view().dots_into(query, first, dots)
    }

    /// As [`CodesRef::cosines`].
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ.
    pub fn cosines<'a>(&self, query: impl Into<CodeRef<'a>>) -> Result<Vec<f32>> {
        self.view().cosines(query)
    }

    /// As [`CodesRef::dot_rows`].
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::RowsMismatch`] if the numbers of
    /// rows differ.
    pub fn dot_rows<'a>(&self, other: impl Into<CodesRef<'a>>) -> Result<Vec<i32>> {
        self.view().dot_rows(other)
    }
}

impl<'a> From<&'a Codes> for CodesRef<'a> {
    fn from(codes: &'a Codes) -> Self {
        codes.view()
    }
}

impl From<CodesRef<'_>> for Codes {
    /// A copy.
    fn from(view: CodesRef<'_>) -> Codes {
        let mut codes = Codes::with_capacity(view.shape(), view.len());
        codes.rows.extend_zeroed(view.as_rows().len()).copy_from_slice(view.as_rows());
        codes
    }
}

impl<'a> IntoIterator for &'a Codes {
    type Item = CodeRef<'a>;
    type IntoIter = CodesIter<'a>;

    fn into_iter(self) -> CodesIter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Codes {{ shape: {}, len: {} }}", self.shape, self.len())
    }
}
