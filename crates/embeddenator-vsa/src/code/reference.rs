//! Borrowed block codes, such as the rows of a table.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::arch::{Isa, Lines};
use crate::code::block::{POSITION, SIGN, element};
use crate::error::Result;
use crate::{BlockCode, Shape};

/// A borrowed block code: a [`BlockCode`], or a row of [`Codes`](crate::Codes).
///
/// Every operation that reads a code accepts one, or a `&BlockCode`.
///
/// ```
/// use embeddenator_vsa::{BlockCode, Codes, Random, Shape};
///
/// let mut random = Random::new(7);
/// let codes = Codes::random(Shape::DEFAULT, 2, &mut random);
/// let role = BlockCode::random(Shape::DEFAULT, &mut random);
/// let row = codes.get(1).expect("row 1 of 2");
/// assert_eq!(row.bind(&role)?, role.bind(row)?);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CodeRef<'a> {
    shape: Shape,
    /// `stride` bytes: the blocks, all with positions of the shape, then zeros.
    row: &'a [u8],
}

impl<'a> CodeRef<'a> {
    /// The row must be checked: padded with zeros to the stride, all positions in the shape.
    #[inline]
    pub(super) fn from_row(shape: Shape, row: &'a [u8]) -> Self {
        debug_assert_eq!(row.len(), shape.stride());
        CodeRef { shape, row }
    }

    /// Its shape.
    #[inline]
    pub fn shape(self) -> Shape {
        self.shape
    }

    /// Its bytes, one per block, without padding.
    #[inline]
    pub fn as_bytes(self) -> &'a [u8] {
        &self.row[..self.shape.blocks()]
    }

    /// The padded bytes.
    #[inline]
    pub(crate) fn row(self) -> &'a [u8] {
        self.row
    }

    /// Position and sign of each block, in order; the sign is +1 or -1.
    pub fn elements(self) -> impl ExactSizeIterator<Item = (usize, i32)> + 'a {
        self.as_bytes().iter().map(|byte| element(*byte))
    }

    /// The rows of two codes of the same shape, if they have the most common length: their kernels
    /// need not check it.
    #[inline]
    fn lines_with<'b>(self, other: CodeRef<'b>) -> Option<(&'a [u8; Lines::BYTES], &'b [u8; Lines::BYTES])> {
        if self.shape != other.shape {
            return None;
        }
        Some((self.row.try_into().ok()?, other.row.try_into().ok()?))
    }

    /// An owned code with the same elements.
    pub fn to_code(self) -> BlockCode {
        if let Ok(lines) = self.row.try_into() {
            return BlockCode::from_lines(self.shape, Lines(lines));
        }
        let mut code = BlockCode::identity(self.shape);
        code.row_mut().copy_from_slice(self.row);
        code
    }

    /// As [`BlockCode::bind`].
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    #[inline]
    pub fn bind<'b>(self, other: impl Into<CodeRef<'b>>) -> Result<BlockCode> {
        let other = other.into();
        if let Some((left, right)) = self.lines_with(other) {
            let lines = Isa::detect().bind_lines(self.shape.modulus(), left, right);
            return Ok(BlockCode::from_lines(self.shape, lines));
        }
        let mut bound = BlockCode::identity(self.shape);
        self.bind_of_any_length(other, &mut bound)?;
        Ok(bound)
    }

    /// As [`BlockCode::unbind`].
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    #[inline]
    pub fn unbind<'b>(self, other: impl Into<CodeRef<'b>>) -> Result<BlockCode> {
        let other = other.into();
        if let Some((left, right)) = self.lines_with(other) {
            let lines = Isa::detect().unbind_lines(self.shape.modulus(), left, right);
            return Ok(BlockCode::from_lines(self.shape, lines));
        }
        let mut unbound = BlockCode::identity(self.shape);
        self.unbind_of_any_length(other, &mut unbound)?;
        Ok(unbound)
    }

    /// As [`BlockCode::bind_into`].
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes of the operands differ.
    #[inline]
    pub fn bind_into<'b>(self, other: impl Into<CodeRef<'b>>, bound: &mut BlockCode) -> Result<()> {
        let other = other.into();
        if let Some((left, right)) = self.lines_with(other) {
            bound.take_shape(self.shape);
            Isa::detect().bind(self.shape.modulus(), left, right, bound.lines_mut());
            return Ok(());
        }
        self.bind_of_any_length(other, bound)
    }

    /// [`bind_into`](Self::bind_into) for rows of other lengths, separate for the same reason as
    /// that of `dot`.
    #[cold]
    fn bind_of_any_length(self, other: CodeRef<'_>, bound: &mut BlockCode) -> Result<()> {
        self.shape.expect(other.shape)?;
        bound.take_shape(self.shape);
        Isa::detect().bind(self.shape.modulus(), self.row, other.row, bound.row_mut());
        Ok(())
    }

    /// As [`BlockCode::unbind_into`].
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes of the operands differ.
    #[inline]
    pub fn unbind_into<'b>(self, other: impl Into<CodeRef<'b>>, unbound: &mut BlockCode) -> Result<()> {
        let other = other.into();
        if let Some((left, right)) = self.lines_with(other) {
            unbound.take_shape(self.shape);
            Isa::detect().unbind(self.shape.modulus(), left, right, unbound.lines_mut());
            return Ok(());
        }
        self.unbind_of_any_length(other, unbound)
    }

    /// [`unbind_into`](Self::unbind_into) for rows of other lengths, separate for the same reason
    /// as that of `dot`.
    #[cold]
    fn unbind_of_any_length(self, other: CodeRef<'_>, unbound: &mut BlockCode) -> Result<()> {
        self.shape.expect(other.shape)?;
        unbound.take_shape(self.shape);
        Isa::detect().unbind(self.shape.modulus(), self.row, other.row, unbound.row_mut());
        Ok(())
    }

    /// As [`BlockCode::inverse`].
    #[must_use]
    pub fn inverse(self) -> BlockCode {
        let identity = BlockCode::identity(self.shape);
        let mut inverse = BlockCode::identity(self.shape);
        Isa::detect().unbind(self.shape.modulus(), identity.row(), self.row, inverse.row_mut());
        inverse
    }

    /// As [`BlockCode::power`].
    #[must_use]
    pub fn power(self, exponent: i64) -> BlockCode {
        let mut power = self.to_code();
        let positions = self.shape.positions() as i64;
        let factor = exponent.rem_euclid(positions);
        let keep_sign = exponent.rem_euclid(2) == 1;
        for byte in power.blocks_mut() {
            let position = i64::from(*byte & POSITION) * factor % positions;
            *byte = (position as u8) | if keep_sign { *byte & SIGN } else { 0 };
        }
        power
    }

    /// As [`BlockCode::permute`].
    #[must_use]
    pub fn permute(self, by: i64) -> BlockCode {
        let mut permuted = self.to_code();
        permuted.blocks_mut().rotate_right(by.rem_euclid(self.shape.blocks() as i64) as usize);
        permuted
    }

    /// As [`BlockCode::negate`].
    #[must_use]
    pub fn negate(self) -> BlockCode {
        let mut negated = self.to_code();
        for byte in negated.blocks_mut() {
            *byte ^= SIGN;
        }
        negated
    }

    /// As [`BlockCode::dot`].
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    #[inline]
    pub fn dot<'b>(self, other: impl Into<CodeRef<'b>>) -> Result<i32> {
        let other = other.into();
        if let Some((left, right)) = self.lines_with(other) {
            return Ok(Isa::detect().dot_lines(left, right) - self.shape.padding() as i32);
        }
        self.dot_of_any_length(other)
    }

    /// [`dot`](Self::dot) for rows of other lengths. It is separate so that `dot` is small enough
    /// to be inlined.
    #[cold]
    fn dot_of_any_length(self, other: CodeRef<'_>) -> Result<i32> {
        self.shape.expect(other.shape)?;
        // The padding is equal in both, but is not part of a block.
        Ok(Isa::detect().dot(self.row, other.row) - self.shape.padding() as i32)
    }

    /// As [`BlockCode::cosine`].
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    #[inline]
    pub fn cosine<'b>(self, other: impl Into<CodeRef<'b>>) -> Result<f32> {
        Ok(self.dot(other)? as f32 / self.shape.blocks() as f32)
    }
}

impl<'a> From<&'a BlockCode> for CodeRef<'a> {
    #[inline]
    fn from(code: &'a BlockCode) -> Self {
        code.as_ref()
    }
}

/// The item of iterators over references to codes.
impl<'a> From<&'a &BlockCode> for CodeRef<'a> {
    #[inline]
    fn from(code: &'a &BlockCode) -> Self {
        code.as_ref()
    }
}

impl<'a> From<&CodeRef<'a>> for CodeRef<'a> {
    #[inline]
    fn from(code: &CodeRef<'a>) -> Self {
        *code
    }
}

impl From<CodeRef<'_>> for BlockCode {
    fn from(code: CodeRef<'_>) -> Self {
        code.to_code()
    }
}

impl Hash for CodeRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.shape.hash(state);
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for CodeRef<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BlockCode {} ", self.shape)?;
        formatter.debug_list().entries(self.elements()).finish()
    }
}
