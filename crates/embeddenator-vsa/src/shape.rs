//! The shape of a block code: how many blocks it has, and how many positions each block has.

use std::fmt;

use crate::error::{Error, Result};
use crate::limits::{BLOCKS_MAX, POSITIONS_MAX};

/// The blocks and positions of a block code; every value carries its shape.
///
/// A code of this shape has `blocks` non-zero elements among `blocks * positions` dimensions, one in each block.
///
/// ```
/// use embeddenator_vsa::Shape;
///
/// let shape = Shape::new(100, 100)?;
/// assert_eq!(shape, Shape::D10K);
/// assert_eq!(shape.dimension(), 10_000);
/// assert_eq!(shape.stride(), 128);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shape {
    blocks: u16,
    positions: u8,
}

impl Shape {
    /// 128 blocks of 128 positions: 16 384 dimensions in 128 bytes. The default.
    pub const DEFAULT: Shape = Shape { blocks: 128, positions: 128 };
    /// 100 blocks of 100 positions: 10 000 dimensions, exactly 1% of them non-zero.
    pub const D10K: Shape = Shape { blocks: 100, positions: 100 };
    /// 512 blocks of 128 positions: 65 536 dimensions in 512 bytes, for bundles of many items.
    pub const LARGE: Shape = Shape { blocks: 512, positions: 128 };

    /// 64 blocks of 64 positions: 4 096 dimensions in one cache line, for many small codes.
    pub const SMALL: Shape = Shape { blocks: 64, positions: 64 };

    /// A shape of 1 to [`BLOCKS_MAX`] blocks of 1 to [`POSITIONS_MAX`] positions.
    ///
    /// # Errors
    /// [`Error::Shape`] outside these ranges.
    pub const fn new(blocks: usize, positions: usize) -> Result<Shape> {
        if blocks == 0 || blocks > BLOCKS_MAX || positions == 0 || positions > POSITIONS_MAX {
            return Err(Error::Shape { blocks, positions });
        }
        Ok(Shape { blocks: blocks as u16, positions: positions as u8 })
    }

    /// The number of blocks, which is also that of non-zero elements and of bytes in a code.
    #[inline]
    pub const fn blocks(self) -> usize {
        self.blocks as usize
    }

    /// The number of positions in a block.
    #[inline]
    pub const fn positions(self) -> usize {
        self.positions as usize
    }

    /// The dimension: blocks times positions.
    #[inline]
    pub const fn dimension(self) -> usize {
        self.blocks() * self.positions()
    }

    /// Bytes from one code to the next in a table: the blocks, rounded up to whole cache lines of 64 bytes.
    #[inline]
    pub const fn stride(self) -> usize {
        self.blocks().next_multiple_of(64)
    }

    /// The positions as the kernels take them.
    #[inline]
    pub(crate) const fn modulus(self) -> u8 {
        self.positions
    }

    /// Bytes of padding after the blocks of a row.
    #[inline]
    pub(crate) const fn padding(self) -> usize {
        self.stride() - self.blocks()
    }

    /// Refuses a different shape.
    #[inline]
    pub(crate) fn expect(self, other: Shape) -> Result<()> {
        if self == other { Ok(()) } else { Err(Error::ShapeMismatch { left: self, right: other }) }
    }
}

impl Default for Shape {
    fn default() -> Self {
        Shape::DEFAULT
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}x{}", self.blocks, self.positions)
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Shape({self})")
    }
}
