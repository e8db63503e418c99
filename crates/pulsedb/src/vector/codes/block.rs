//! Blocks of codes: built, read and merged.
//!
//! A block is two byte strings. The *codes* are a head and groups of eight rows, whose words lie side by side so
//! that one register holds the same word of eight rows; a scan reads them from end to end. The *refinements* are a
//! head and one record a row, read for few rows. See `docs/pulsedb-vector-codes.md`.

use super::shape::{FACTOR_BYTES, GROUP_ROWS, Shape};

/// The bytes in front of codes and of refinements: version, kind, dimension, rows.
const HEAD_BYTES: usize = 8;
const VERSION: u8 = 1;
const KIND_CODES: u8 = 1;
const KIND_REFINEMENTS: u8 = 2;
const WORD_BYTES: usize = size_of::<u64>();
/// Rows of a word of a mask.
pub(super) const CHUNK_ROWS: usize = 64;

/// A block as it lies in the store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'a> {
    shape: Shape,
    rows: usize,
    groups: &'a [u8],
    records: &'a [u8],
}

impl<'a> Block<'a> {
    /// Reads a block; `None` if these are not the codes and refinements of one block of this shape.
    ///
    /// Only heads and lengths are checked: damage within codes is for the store's checksum to notice, damage within
    /// a refinement is noticed when it is used.
    pub(crate) fn read(shape: Shape, codes: &'a [u8], refinements: &'a [u8]) -> Option<Block<'a>> {
        let (rows, groups) = take_head(shape, KIND_CODES, codes)?;
        let (records_rows, records) = take_head(shape, KIND_REFINEMENTS, refinements)?;
        let groups_bytes = rows.div_ceil(GROUP_ROWS).checked_mul(shape.group_bytes())?;
        let records_bytes = rows.checked_mul(shape.record_bytes())?;
        let fits = rows == records_rows && groups.len() == groups_bytes && records.len() == records_bytes;
        fits.then_some(Block { shape, rows, groups, records })
    }

    /// The number of rows, those without a vector included.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// The groups of rows, as many as a word of a mask has bits for.
    pub(super) fn chunks(&self) -> impl Iterator<Item = &'a [u8]> {
        self.groups.chunks(self.shape.group_bytes() * (CHUNK_ROWS / GROUP_ROWS))
    }

    /// The refinement of a row, which is one of the block's.
    pub(super) fn record(&self, row: usize) -> &'a [u8] {
        let start = row * self.shape.record_bytes();
        &self.records[start..start + self.shape.record_bytes()]
    }
}

fn take_head(shape: Shape, kind: u8, bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>()?;
    let &[version, found, d0, d1, r0, r1, r2, r3] = head;
    let dimension = usize::from(u16::from_le_bytes([d0, d1]));
    let fits = version == VERSION && found == kind && dimension == shape.dimension();
    fits.then(|| (u32::from_le_bytes([r0, r1, r2, r3]) as usize, rest))
}

fn head(shape: Shape, kind: u8) -> Vec<u8> {
    let mut head = vec![VERSION, kind];
    head.extend((shape.dimension() as u16).to_le_bytes());
    head.extend(0_u32.to_le_bytes());
    head
}

/// Puts rows together to a block, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct BlockBuilder {
    shape: Shape,
    rows: usize,
    codes: Vec<u8>,
    refinements: Vec<u8>,
}

impl BlockBuilder {
    /// A block without rows.
    pub(crate) fn new(shape: Shape) -> BlockBuilder {
        let (codes, refinements) = (head(shape, KIND_CODES), head(shape, KIND_REFINEMENTS));
        BlockBuilder { shape, rows: 0, codes, refinements }
    }

    /// Appends a row by the code that [`Frame::encode`](super::Frame::encode) made; `None` stands for a row without
    /// a vector, which the masks of searches leave out.
    ///
    /// Appends nothing and returns false if the code is of another length.
    pub(crate) fn push(&mut self, code: Option<&[u8]>) -> bool {
        let row = self.rows;
        match code {
            Some(code) if code.len() != self.shape.code_bytes() => return false,
            Some(code) => {
                let (bits, record) = code.split_at(self.shape.code_bytes() - self.shape.record_bytes());
                put_bits(self.shape, self.next_group(), row % GROUP_ROWS, bits);
                self.refinements.extend_from_slice(record);
            }
            None => {
                self.next_group();
                self.refinements.resize(self.refinements.len() + self.shape.record_bytes(), 0);
            }
        }
        self.rows += 1;
        true
    }

    /// Appends the rows of a block whose bit is set in `keep`, in their order and without coding them again.
    ///
    /// Rows that `keep` is too short for are dropped. Returns false if the block has another shape.
    pub(crate) fn append(&mut self, block: &Block<'_>, keep: &[u64]) -> bool {
        if block.shape != self.shape {
            return false;
        }
        let mut bits = vec![0; self.shape.word_bytes() + FACTOR_BYTES];
        for row in rows_of(keep).take_while(|row| *row < block.rows) {
            let start = row / GROUP_ROWS * self.shape.group_bytes();
            let group = &block.groups[start..start + self.shape.group_bytes()];
            get_bits(self.shape, group, row % GROUP_ROWS, &mut bits);
            let to = self.rows % GROUP_ROWS;
            put_bits(self.shape, self.next_group(), to, &bits);
            self.refinements.extend_from_slice(block.record(row));
            self.rows += 1;
        }
        true
    }

    /// The number of rows so far.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The codes and the refinements, as the store keeps them.
    pub(crate) fn finish(mut self) -> (Vec<u8>, Vec<u8>) {
        let rows = (self.rows as u32).to_le_bytes();
        self.codes[HEAD_BYTES - rows.len()..HEAD_BYTES].copy_from_slice(&rows);
        self.refinements[HEAD_BYTES - rows.len()..HEAD_BYTES].copy_from_slice(&rows);
        (self.codes, self.refinements)
    }

    /// The group that the next row belongs to.
    fn next_group(&mut self) -> &mut [u8] {
        let start = HEAD_BYTES + self.rows / GROUP_ROWS * self.shape.group_bytes();
        self.codes.resize(start + self.shape.group_bytes(), 0);
        &mut self.codes[start..]
    }
}

/// The rows whose bit is set in a mask.
pub(super) fn rows_of(mask: &[u64]) -> impl Iterator<Item = usize> {
    mask.iter().enumerate().flat_map(|(word, bits)| bits_of(*bits).map(move |bit| word * CHUNK_ROWS + bit))
}

/// The numbers of the bits that are set in a word.
pub(super) fn bits_of(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = word.trailing_zeros();
        word &= word.wrapping_sub(1);
        (bit < u64::BITS).then_some(bit as usize)
    })
}

/// Where in a group the bits of a row lie: its words, its coordinate, its scale.
fn places(shape: Shape, row: usize) -> impl Iterator<Item = (usize, usize)> {
    let words = (0..shape.words()).map(move |word| ((word * GROUP_ROWS + row) * WORD_BYTES, WORD_BYTES));
    let factors = shape.word_bytes() * GROUP_ROWS;
    words.chain((0..2).map(move |factor| (factors + (factor * GROUP_ROWS + row) * 2, 2)))
}

/// Puts the bits of a row into a group.
pub(super) fn put_bits(shape: Shape, group: &mut [u8], row: usize, mut bits: &[u8]) {
    for (place, length) in places(shape, row) {
        let (piece, rest) = bits.split_at(length);
        group[place..place + length].copy_from_slice(piece);
        bits = rest;
    }
}

fn get_bits(shape: Shape, group: &[u8], row: usize, mut bits: &mut [u8]) {
    for (place, length) in places(shape, row) {
        let (piece, rest) = bits.split_at_mut(length);
        piece.copy_from_slice(&group[place..place + length]);
        bits = rest;
    }
}
