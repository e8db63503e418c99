//! Rows of `block_state`: which rows of a block are dead, archived or superseded.

use crate::storage::format::flags::flag;
use crate::storage::format::reader::Reader;
use crate::storage::format::slot::SlotRow;
use crate::storage::format::writer::Write;

/// Rows of one word of a bitmap.
pub(crate) const WORD_ROWS: usize = 64;

/// A bitmap for each of the three: empty where no row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlockState {
    pub(crate) rows: u32,
    pub(crate) dead: Vec<u64>,
    pub(crate) archived: Vec<u64>,
    /// Records of which another one says that it takes their place.
    pub(crate) superseded: Vec<u64>,
}

impl BlockState {
    /// The state of a block all of whose rows live.
    pub(crate) fn new(rows: u32) -> Self {
        Self { rows, dead: Vec::new(), archived: Vec::new(), superseded: Vec::new() }
    }

    /// What the columns say of a row, with what this state says of it.
    pub(crate) fn of_row(&self, row: usize, said: SlotRow) -> SlotRow {
        SlotRow { archived: has(&self.archived, row), superseded: has(&self.superseded, row), ..said }
    }

    /// How many rows are dead.
    pub(crate) fn dead_rows(&self) -> u32 {
        self.dead.iter().map(|word| word.count_ones()).sum()
    }

    /// Says whether a row is dead.
    pub(crate) fn set_dead(&mut self, row: usize, on: bool) {
        change(&mut self.dead, self.rows, row, on);
    }

    /// Says whether a row is archived.
    pub(crate) fn set_archived(&mut self, row: usize, on: bool) {
        change(&mut self.archived, self.rows, row, on);
    }

    /// Says whether a row is superseded.
    pub(crate) fn set_superseded(&mut self, row: usize, on: bool) {
        change(&mut self.superseded, self.rows, row, on);
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.u32(self.rows);
        for bitmap in [&self.dead, &self.archived, &self.superseded] {
            let is_there = bitmap.iter().any(|word| *word != 0);
            out.u8(u8::from(is_there));
            if is_there {
                for word in bitmap {
                    out.u64(*word);
                }
            }
        }
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let rows = reader.u32()?;
        let mut bitmap = || -> Option<Vec<u64>> {
            if !flag(reader.u8()?)? {
                return Some(Vec::new());
            }
            // One that is written has a row.
            read_bitmap(&mut reader, rows).filter(|bitmap| bitmap.iter().any(|word| *word != 0))
        };
        let (dead, archived, superseded) = (bitmap()?, bitmap()?, bitmap()?);
        reader.end()?;
        Some(Self { rows, dead, archived, superseded })
    }
}

/// Words of a bitmap of so many rows.
pub(crate) fn words(rows: u32) -> usize {
    (rows as usize).div_ceil(WORD_ROWS)
}

/// Changes a bit of a bitmap of so many rows, which is empty until a row is set.
fn change(bitmap: &mut Vec<u64>, rows: u32, row: usize, on: bool) {
    if on && bitmap.is_empty() {
        bitmap.resize(words(rows), 0);
    }
    set(bitmap, row, on);
}

pub(crate) fn set(bitmap: &mut [u64], row: usize, on: bool) {
    if let Some(word) = bitmap.get_mut(row / WORD_ROWS) {
        let bit = 1 << (row % WORD_ROWS);
        *word = if on { *word | bit } else { *word & !bit };
    }
}

pub(crate) fn has(bitmap: &[u64], row: usize) -> bool {
    bitmap.get(row / WORD_ROWS).is_some_and(|word| word >> (row % WORD_ROWS) & 1 == 1)
}

/// Bits behind the last row are damage.
fn read_bitmap(reader: &mut Reader<'_>, rows: u32) -> Option<Vec<u64>> {
    let words = words(rows);
    let (bytes, _) = reader.bytes(words.checked_mul(8)?)?.as_chunks();
    let bitmap: Vec<u64> = bytes.iter().map(|word| u64::from_le_bytes(*word)).collect();
    let behind = rows as usize % WORD_ROWS;
    let last = bitmap.last().copied().unwrap_or(0);
    (behind == 0 || last >> behind == 0).then_some(bitmap)
}

/// The bitmap of rows that have a vector.
pub(crate) fn write_vectors(has_vector: impl Iterator<Item = bool>) -> Vec<u8> {
    let mut bitmap = Vec::new();
    for (row, on) in has_vector.enumerate() {
        if row.is_multiple_of(WORD_ROWS) {
            bitmap.push(0);
        }
        set(&mut bitmap, row, on);
    }
    let mut out = Vec::with_capacity(bitmap.len() * 8);
    for word in bitmap {
        out.u64(word);
    }
    out
}

pub(crate) fn read_vectors(bytes: &[u8], rows: u32) -> Option<Vec<u64>> {
    let mut reader = Reader::new(bytes);
    let bitmap = read_bitmap(&mut reader, rows)?;
    reader.end()?;
    Some(bitmap)
}

/// The bitmaps of rows that a merge leaves out, one for each source.
pub(crate) fn write_dropped(dropped: &[Vec<u64>], out: &mut Vec<u8>) {
    dropped.iter().flatten().for_each(|word| out.u64(*word));
}

pub(crate) fn read_dropped(bytes: &[u8], rows: impl Iterator<Item = u32>) -> Option<Vec<Vec<u64>>> {
    let mut reader = Reader::new(bytes);
    let dropped = rows.map(|rows| read_bitmap(&mut reader, rows)).collect::<Option<Vec<_>>>()?;
    reader.end()?;
    Some(dropped)
}
