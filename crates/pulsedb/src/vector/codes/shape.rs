//! How many bytes the codes of a dimension take, and where in them what lies.

/// Bits of a word of a code.
pub(crate) const WORD_BITS: usize = 64;
/// Rows whose codes lie side by side.
pub(crate) const GROUP_ROWS: usize = 8;
/// Bytes of the two small factors of a row.
pub(super) const FACTOR_BYTES: usize = 4;
/// Bytes in front of the components of a refinement: check number, coordinate, scale, error.
pub(super) const RECORD_HEAD_BYTES: usize = 16;

/// The sizes that follow from the dimension of the vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    dimension: usize,
}

impl Shape {
    /// The shape of codes of vectors with so many components, of which there is at least one.
    pub(crate) fn new(dimension: usize) -> Shape {
        assert!(dimension > 0, "a vector has components");
        Shape { dimension }
    }

    /// The components of a vector.
    pub(crate) fn dimension(self) -> usize {
        self.dimension
    }

    /// Words of the bits of one row.
    pub(crate) fn words(self) -> usize {
        self.dimension.div_ceil(WORD_BITS)
    }

    /// Components of the rotated vector, which are the bits of a code: the dimension, rounded up to whole words.
    pub(crate) fn bits(self) -> usize {
        self.words() * WORD_BITS
    }

    /// Bytes of the bits of one row.
    pub(super) fn word_bytes(self) -> usize {
        self.words() * size_of::<u64>()
    }

    /// Bytes of the code of one row: its bits, its small factors and its refinement.
    pub(crate) fn code_bytes(self) -> usize {
        self.word_bytes() + FACTOR_BYTES + self.record_bytes()
    }

    /// Bytes of a group: the bits and the small factors of its rows.
    pub(crate) fn group_bytes(self) -> usize {
        (self.word_bytes() + FACTOR_BYTES) * GROUP_ROWS
    }

    /// Bytes of the refinement of one row.
    pub(crate) fn record_bytes(self) -> usize {
        RECORD_HEAD_BYTES + self.bits()
    }
}
