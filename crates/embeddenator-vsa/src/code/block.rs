//! Signed sparse block codes: one non-zero element per block, one byte each, and an exactly invertible bind.

use crate::arch::{Isa, Lines};
use crate::code::aligned::AlignedBytes;
use crate::error::{Error, Result};
use crate::{Random, Shape};

/// The low bits of a byte: the position.
pub(super) const POSITION: u8 = 0x7f;
/// The top bit of a byte: set for -1.
pub(super) const SIGN: u8 = 0x80;

/// A signed sparse block code: each of its blocks has one non-zero element, +1 or -1, at one of its positions.
///
/// One byte holds a block: the position in the low seven bits, the sign in the top bit (set for
/// -1). So the default shape has 16 384 dimensions in 128 bytes. It represents atoms, records and
/// signatures, and everything that is stored.
///
/// [`bind`](Self::bind) adds the positions of each block modulo their number and multiplies the
/// signs: block-wise circular convolution of one-hot blocks. It is exactly invertible, commutative
/// and associative, preserves similarity, and its identity has only zero bytes (Laiho, Poikonen,
/// Kanerva, Lehtonen, "High-dimensional computing with sparse vectors", 2015; Frady, Kleyko,
/// Sommer, "Variable binding for sparse distributed representations", 2023, section III).
///
/// ```
/// use embeddenator_vsa::{BlockCode, Random, Shape};
///
/// let mut random = Random::new(7);
/// let colour = BlockCode::random(Shape::DEFAULT, &mut random);
/// let red = BlockCode::random(Shape::DEFAULT, &mut random);
/// let bound = colour.bind(&red)?;
/// assert_eq!(bound.unbind(&colour)?, red);
/// assert!(bound.cosine(&red)?.abs() < 0.1);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone)]
pub struct BlockCode {
    /// The padded bytes of a code that fits here.
    inline: Lines,
    /// The padded bytes of a larger code; unallocated for others. An enum of the two would be moved
    /// in odd pieces, which costs several times as much as a bind.
    heap: AlignedBytes,
    shape: Shape,
}

impl BlockCode {
    /// The code that changes nothing when bound: position 0 and sign +1 in each block.
    #[inline]
    pub fn identity(shape: Shape) -> Self {
        let heap = if shape.stride() <= Lines::BYTES {
            AlignedBytes::EMPTY
        } else {
            AlignedBytes::zeroed(shape.stride())
        };
        BlockCode { inline: Lines::ZERO, heap, shape }
    }

    /// A code whose positions and signs are drawn from `random`, each equally likely.
    pub fn random(shape: Shape, random: &mut Random) -> Self {
        let mut code = Self::identity(shape);
        random.fill_code(shape.modulus(), code.blocks_mut());
        code
    }

    /// The code with these bytes, one per block.
    ///
    /// # Errors
    /// [`Error::Length`] if there is not one byte per block; [`Error::Position`] if a byte has a
    /// position outside the shape.
    pub fn from_bytes(shape: Shape, bytes: &[u8]) -> Result<Self> {
        if bytes.len() != shape.blocks() {
            return Err(Error::Length { expected: shape.blocks(), found: bytes.len() });
        }
        check_positions(shape, bytes, 0)?;
        let mut code = Self::identity(shape);
        code.blocks_mut().copy_from_slice(bytes);
        Ok(code)
    }

    /// Its shape.
    #[inline]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Its bytes, one per block, without padding.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.row()[..self.shape.blocks()]
    }

    /// The code with these bytes, for a shape whose rows have that length.
    #[inline]
    pub(super) fn from_lines(shape: Shape, lines: Lines) -> Self {
        debug_assert_eq!(shape.stride(), Lines::BYTES);
        BlockCode { inline: lines, heap: AlignedBytes::EMPTY, shape }
    }

    /// The bytes to overwrite, for a shape whose rows have that length.
    #[inline]
    pub(super) fn lines_mut(&mut self) -> &mut [u8; Lines::BYTES] {
        debug_assert_eq!(self.shape.stride(), Lines::BYTES);
        &mut self.inline.0
    }

    /// The padded bytes.
    #[inline]
    pub(crate) fn row(&self) -> &[u8] {
        let stride = self.shape.stride();
        if stride <= Lines::BYTES { &self.inline.0[..stride] } else { self.heap.as_slice() }
    }

    #[inline]
    pub(crate) fn row_mut(&mut self) -> &mut [u8] {
        let stride = self.shape.stride();
        if stride <= Lines::BYTES { &mut self.inline.0[..stride] } else { self.heap.as_mut_slice() }
    }

    /// The bytes of the blocks, for writing others with positions of the shape.
    #[inline]
    pub(crate) fn blocks_mut(&mut self) -> &mut [u8] {
        let blocks = self.shape.blocks();
        &mut self.row_mut()[..blocks]
    }

    /// Turns it into a code of this shape with arbitrary content.
    #[inline]
    pub(super) fn take_shape(&mut self, shape: Shape) {
        if self.shape != shape {
            *self = Self::identity(shape);
        }
    }
}

impl PartialEq for BlockCode {
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape && self.row() == other.row()
    }
}

impl Eq for BlockCode {}

/// Position and sign of a block.
#[inline]
pub(super) fn element(byte: u8) -> (usize, i32) {
    (usize::from(byte & POSITION), if byte & SIGN == 0 { 1 } else { -1 })
}

/// Refuses bytes with a position outside the shape.
pub(super) fn check_positions(shape: Shape, bytes: &[u8], row: usize) -> Result<()> {
    if Isa::detect().positions_below(shape.modulus(), bytes) {
        return Ok(());
    }
    let found = bytes.iter().position(|byte| usize::from(byte & POSITION) >= shape.positions());
    let block = found.unwrap_or_default();
    let position = bytes.get(block).map_or(0, |byte| usize::from(byte & POSITION));
    Err(Error::Position { row, block, position, positions: shape.positions() })
}

#[cfg(test)]
mod tests {
    use super::element;

    #[test]
    fn byte_is_seven_bits_of_position_and_one_of_sign() {
        assert_eq!(element(0), (0, 1));
        assert_eq!(element(0x7f), (127, 1));
        assert_eq!(element(0x85), (5, -1));
    }
}
