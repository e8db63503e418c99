//! The lengths of a block's rows: a list of their own, beside the postings; `docs/pulsedb-words.md` has the layout.

use super::bits::Bits;
use super::malformed::Malformed;

/// Writes the lengths of all rows of a block.
pub(super) fn encode_lengths(lengths: &[u32]) -> Vec<u8> {
    let width = width(lengths.iter().copied().max().unwrap_or(0));
    let mut bytes = Vec::with_capacity(1 + lengths.len() * width);
    bytes.push(width as u8);
    bytes.extend(lengths.iter().flat_map(|length| length.to_le_bytes().into_iter().take(width)));
    bytes
}

/// The fewest bytes, of 1, 2 and 4, that hold a length.
fn width(longest: u32) -> usize {
    match longest {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 4,
    }
}

/// The lengths of a block's rows, read where they lie.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lengths<'b> {
    Bytes(&'b [u8]),
    Pairs(&'b [[u8; 2]]),
    Fours(&'b [[u8; 4]]),
}

impl<'b> Lengths<'b> {
    /// Reads the list of a block of `rows` rows.
    ///
    /// # Errors
    /// If it is not the list of so many.
    pub(crate) fn read(bytes: &'b [u8], rows: u32) -> Result<Self, Malformed> {
        let (&width, list) = bytes.split_first().ok_or(Malformed::LENGTHS)?;
        let lengths = match width {
            1 => Lengths::Bytes(list),
            2 => Lengths::Pairs(list.as_chunks().0),
            4 => Lengths::Fours(list.as_chunks().0),
            _ => return Err(Malformed::LENGTHS),
        };
        let is_whole = list.len() as u64 == u64::from(width) * u64::from(rows);
        if is_whole { Ok(lengths) } else { Err(Malformed::LENGTHS) }
    }

    /// The number of rows.
    pub(crate) fn rows(self) -> u32 {
        let rows = match self {
            Lengths::Bytes(list) => list.len(),
            Lengths::Pairs(list) => list.len(),
            Lengths::Fours(list) => list.len(),
        };
        rows as u32
    }

    /// The length of a row of the block.
    #[inline]
    pub(crate) fn of(self, row: u32) -> u32 {
        let row = row as usize;
        match self {
            Lengths::Bytes(list) => u32::from(list[row]),
            Lengths::Pairs(list) => u32::from(u16::from_le_bytes(list[row])),
            Lengths::Fours(list) => u32::from_le_bytes(list[row]),
        }
    }

    /// Calls `found` with the length of each of several rows and its place among them.
    #[inline]
    pub(super) fn of_each(self, rows: &[u32], mut found: impl FnMut(usize, u32)) {
        // The width is asked for once, not for each row.
        let rows = rows.iter().map(|&row| row as usize).enumerate();
        match self {
            Lengths::Bytes(list) => rows.for_each(|(at, row)| found(at, u32::from(list[row]))),
            Lengths::Pairs(list) => {
                rows.for_each(|(at, row)| found(at, u32::from(u16::from_le_bytes(list[row]))));
            }
            Lengths::Fours(list) => rows.for_each(|(at, row)| found(at, u32::from_le_bytes(list[row]))),
        }
    }

    #[cfg_attr(not(test), expect(dead_code, reason = "a test adds up what the store keeps"))]
    /// The sum over all rows that are not dead.
    pub(crate) fn words(self, dead: Bits<'_>) -> u64 {
        (0..self.rows()).filter(|&row| !dead.has(row)).map(|row| u64::from(self.of(row))).sum()
    }
}
