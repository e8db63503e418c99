//! The operations of a block code, which are those of its borrowed row.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::error::Result;
use crate::{BlockCode, CodeRef};

impl BlockCode {
    /// The code as a borrowed row, which all operations take; `&code` works as well.
    #[inline]
    pub fn as_ref(&self) -> CodeRef<'_> {
        CodeRef::from_row(self.shape(), self.row())
    }

    /// Position and sign of each block, in order; the sign is +1 or -1.
    pub fn elements(&self) -> impl Iterator<Item = (usize, i32)> + '_ {
        self.as_ref().elements()
    }

    /// Binds two codes: adds positions modulo their number and multiplies signs, block by block.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    #[inline]
    pub fn bind<'a>(&self, other: impl Into<CodeRef<'a>>) -> Result<BlockCode> {
        self.as_ref().bind(other)
    }

    /// Undoes a bind: `a.bind(&b)?.unbind(&b)?` is exactly `a`.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    #[inline]
    pub fn unbind<'a>(&self, other: impl Into<CodeRef<'a>>) -> Result<BlockCode> {
        self.as_ref().unbind(other)
    }

    /// [`bind`](Self::bind) into an existing code, whatever its content and shape.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes of the operands differ.
    #[inline]
    pub fn bind_into<'a>(&self, other: impl Into<CodeRef<'a>>, bound: &mut BlockCode) -> Result<()> {
        self.as_ref().bind_into(other, bound)
    }

    /// [`unbind`](Self::unbind) into an existing code, whatever its content and shape.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes of the operands differ.
    #[inline]
    pub fn unbind_into<'a>(&self, other: impl Into<CodeRef<'a>>, unbound: &mut BlockCode) -> Result<()> {
        self.as_ref().unbind_into(other, unbound)
    }

    /// The code that binds with this one to the identity.
    #[must_use]
    pub fn inverse(&self) -> BlockCode {
        self.as_ref().inverse()
    }

    /// This code bound with itself `exponent` times; the identity for 0, powers of the inverse for
    /// negative exponents.
    #[must_use]
    pub fn power(&self, exponent: i64) -> BlockCode {
        self.as_ref().power(exponent)
    }

    /// Rotates the blocks: block `i` moves to block `i + by`, modulo the blocks.
    ///
    /// A permutation of order `blocks` that distributes over bind and preserves similarity; a code
    /// is dissimilar to its own rotations. Negative values rotate back.
    #[must_use]
    pub fn permute(&self, by: i64) -> BlockCode {
        self.as_ref().permute(by)
    }

    /// The code with all signs flipped.
    #[must_use]
    pub fn negate(&self) -> BlockCode {
        self.as_ref().negate()
    }

    /// The dot product: the number of equal blocks minus the number of blocks that differ only in
    /// sign; from -blocks to blocks.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    #[inline]
    pub fn dot<'a>(&self, other: impl Into<CodeRef<'a>>) -> Result<i32> {
        self.as_ref().dot(other)
    }

    /// The cosine of the angle between the two, from -1 to 1: the dot product divided by the number
    /// of blocks.
    ///
    /// For unrelated codes it has mean 0 and standard deviation `1 / sqrt(dimension)`.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    #[inline]
    pub fn cosine<'a>(&self, other: impl Into<CodeRef<'a>>) -> Result<f32> {
        self.as_ref().cosine(other)
    }
}

impl Hash for BlockCode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_ref().hash(state);
    }
}

impl fmt::Debug for BlockCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(formatter)
    }
}
