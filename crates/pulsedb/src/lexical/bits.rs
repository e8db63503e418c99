//! Sets of rows of a block as bits where they lie: row r is bit r % 8 of byte r / 8.

/// A set of rows. Rows behind the last byte are not in it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bits<'b>(&'b [u8]);

impl<'b> Bits<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Bits(bytes)
    }

    /// Whether the row is in the set.
    #[inline]
    pub(crate) fn has(self, row: u32) -> bool {
        self.0.get(row as usize / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1)
    }

    /// The sixteen rows from `16 * group` on.
    #[inline]
    pub(super) fn sixteen(self, group: usize) -> u16 {
        let byte = |at: usize| self.0.get(at).copied().unwrap_or(0);
        u16::from_le_bytes([byte(2 * group), byte(2 * group + 1)])
    }

    pub(super) fn is_empty(self) -> bool {
        self.0.iter().all(|&byte| byte == 0)
    }
}

/// Puts a row into a set that has room for it.
#[inline]
pub(super) fn insert(bits: &mut [u8], row: u32) {
    bits[row as usize / 8] |= 1 << (row % 8);
}

/// An empty set with room for so many rows.
pub(super) fn no_rows(rows: u32) -> Vec<u8> {
    vec![0; rows.div_ceil(8) as usize]
}
