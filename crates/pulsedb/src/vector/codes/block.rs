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

/// The codes of a block as they lie in the store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Codes<'a> {
    shape: Shape,
    rows: usize,
    groups: &'a [u8],
    /// A bit for each row that has a vector.
    present: &'a [[u8; WORD_BYTES]],
}

impl<'a> Codes<'a> {
    /// Reads codes; `None` if these are not the codes of a block of this shape.
    ///
    /// Only head and length are checked: damage within codes is for the store's checksum to notice.
    pub(crate) fn read(shape: Shape, bytes: &'a [u8]) -> Option<Codes<'a>> {
        let (rows, rest) = take_head(shape, KIND_CODES, bytes)?;
        let groups_bytes = rows.div_ceil(GROUP_ROWS).checked_mul(shape.group_bytes())?;
        let (groups, rest) = rest.split_at_checked(groups_bytes)?;
        let (present, rest) = rest.as_chunks();
        let fits = present.len() == rows.div_ceil(CHUNK_ROWS) && rest.is_empty();
        fits.then_some(Codes { shape, rows, groups, present })
    }

    /// The number of rows, those without a vector included.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// The groups of rows, as many as a word of a mask has bits for, and which of these rows have a vector.
    pub(super) fn chunks(&self) -> impl Iterator<Item = (&'a [u8], u64)> {
        let groups = self.groups.chunks(self.shape.group_bytes() * (CHUNK_ROWS / GROUP_ROWS));
        groups.zip(self.present.iter().map(|word| u64::from_le_bytes(*word)))
    }
}

/// The refinements of a block as they lie in the store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refinements<'a> {
    shape: Shape,
    rows: usize,
    records: &'a [u8],
}

impl<'a> Refinements<'a> {
    /// Reads refinements; `None` if these are not the refinements of a block of this shape.
    ///
    /// Only head and length are checked: damage within a refinement is noticed when it is used.
    pub(crate) fn read(shape: Shape, bytes: &'a [u8]) -> Option<Refinements<'a>> {
        let (rows, records) = take_head(shape, KIND_REFINEMENTS, bytes)?;
        let fits = records.len() == rows.checked_mul(shape.record_bytes())?;
        fits.then_some(Refinements { shape, rows, records })
    }

    /// The number of rows, those without a vector included.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The refinement of a row; `None` behind the last.
    #[inline]
    pub(crate) fn record(&self, row: usize) -> Option<&'a [u8]> {
        let start = row.checked_mul(self.shape.record_bytes())?;
        self.records.get(start..start + self.shape.record_bytes())
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

/// Puts the codes of rows together, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct CodesBuilder {
    shape: Shape,
    rows: usize,
    bytes: Vec<u8>,
    present: Vec<u64>,
}

impl CodesBuilder {
    /// Codes without rows.
    pub(crate) fn new(shape: Shape) -> CodesBuilder {
        CodesBuilder { shape, rows: 0, bytes: head(shape, KIND_CODES), present: Vec::new() }
    }

    /// Appends a row by the code that [`Frame::encode`](super::Frame::encode) made; `None` stands for a row without
    /// a vector, which no search finds.
    ///
    /// Appends nothing and returns false if the code is of another length.
    pub(crate) fn push(&mut self, code: Option<&[u8]>) -> bool {
        let place = self.rows % GROUP_ROWS;
        match code {
            Some(code) if code.len() != self.shape.code_bytes() => return false,
            Some(code) => {
                let bits = &code[..self.shape.word_bytes() + FACTOR_BYTES];
                put_bits(self.shape, self.next_group(), place, bits);
            }
            None => _ = self.next_group(),
        }
        self.note(code.is_some());
        true
    }

    /// Appends the rows of other codes whose bit is set in `keep`, in their order and without coding them again.
    ///
    /// Rows that `keep` is too short for are dropped. Returns false if the codes have another shape.
    pub(crate) fn append(&mut self, codes: &Codes<'_>, keep: &[u64]) -> bool {
        if codes.shape != self.shape {
            return false;
        }
        let mut bits = vec![0; self.shape.word_bytes() + FACTOR_BYTES];
        for row in rows_of(keep).take_while(|row| *row < codes.rows) {
            let start = row / GROUP_ROWS * self.shape.group_bytes();
            let group = &codes.groups[start..start + self.shape.group_bytes()];
            get_bits(self.shape, group, row % GROUP_ROWS, &mut bits);
            let to = self.rows % GROUP_ROWS;
            put_bits(self.shape, self.next_group(), to, &bits);
            let present = u64::from_le_bytes(codes.present[row / CHUNK_ROWS]);
            self.note(present >> (row % CHUNK_ROWS) & 1 == 1);
        }
        true
    }

    /// The number of rows so far.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The codes, as the store keeps them.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        put_rows(&mut self.bytes, self.rows);
        self.bytes.extend(self.present.iter().flat_map(|word| word.to_le_bytes()));
        self.bytes
    }

    /// The group that the next row belongs to.
    fn next_group(&mut self) -> &mut [u8] {
        let start = HEAD_BYTES + self.rows / GROUP_ROWS * self.shape.group_bytes();
        self.bytes.resize(start + self.shape.group_bytes(), 0);
        &mut self.bytes[start..]
    }

    /// Counts a row, and notes whether it has a vector.
    fn note(&mut self, present: bool) {
        self.present.resize(self.rows / CHUNK_ROWS + 1, 0);
        self.present[self.rows / CHUNK_ROWS] |= u64::from(present) << (self.rows % CHUNK_ROWS);
        self.rows += 1;
    }
}

/// Puts the refinements of rows together, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct RefinementsBuilder {
    shape: Shape,
    rows: usize,
    bytes: Vec<u8>,
}

impl RefinementsBuilder {
    /// Refinements without rows.
    pub(crate) fn new(shape: Shape) -> RefinementsBuilder {
        RefinementsBuilder { shape, rows: 0, bytes: head(shape, KIND_REFINEMENTS) }
    }

    /// Appends a row, as [`CodesBuilder::push`] does.
    pub(crate) fn push(&mut self, code: Option<&[u8]>) -> bool {
        match code {
            Some(code) if code.len() != self.shape.code_bytes() => return false,
            Some(code) => self.bytes.extend_from_slice(&code[self.shape.word_bytes() + FACTOR_BYTES..]),
            None => self.bytes.resize(self.bytes.len() + self.shape.record_bytes(), 0),
        }
        self.rows += 1;
        true
    }

    /// Appends rows of other refinements, as [`CodesBuilder::append`] does.
    pub(crate) fn append(&mut self, refinements: &Refinements<'_>, keep: &[u64]) -> bool {
        if refinements.shape != self.shape {
            return false;
        }
        for record in rows_of(keep).map_while(|row| refinements.record(row)) {
            self.bytes.extend_from_slice(record);
            self.rows += 1;
        }
        true
    }

    /// The number of rows so far.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The refinements, as the store keeps them.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        put_rows(&mut self.bytes, self.rows);
        self.bytes
    }
}

/// Writes the number of rows into a head.
fn put_rows(bytes: &mut [u8], rows: usize) {
    let rows = (rows as u32).to_le_bytes();
    bytes[HEAD_BYTES - rows.len()..HEAD_BYTES].copy_from_slice(&rows);
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
