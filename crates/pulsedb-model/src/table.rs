//! The table's bytes, and the places of its parts in them, found at compile time.
//!
//! Format STB1, little-endian: magic `STB1`, u32 rows, u32 dimension, u32 vocabulary bytes; the vocabulary joined by
//! newlines; for each row an f16 scale; for each row its i8 components. The build script checks the content.

/// The components of a row.
pub(crate) const DIMENSION: usize = 256;
/// XXH3-128 of [`TABLE`].
pub(crate) const DIGEST: &str = "43542b7fb09ad2dbd421a0a560c4ba57";

static TABLE: &[u8] = include_bytes!("../data/minilm-static-256.bin");

const HEADER_BYTES: usize = 16;
const ROWS: usize = header_number(4);
const VOCABULARY_BYTES: usize = header_number(12);

/// The tokens, one for each row, joined by newlines.
pub(crate) static VOCABULARY: &[u8] = part(HEADER_BYTES, VOCABULARY_BYTES);
static SCALES: &[[u8; 2]] = part(HEADER_BYTES + VOCABULARY_BYTES, ROWS * 2).as_chunks().0;
static COMPONENTS: &[[u8; DIMENSION]] =
    part(HEADER_BYTES + VOCABULARY_BYTES + ROWS * 2, ROWS * DIMENSION).as_chunks().0;

const _: () = {
    assert!(matches!(TABLE.first_chunk(), Some(b"STB1")), "the table has the magic of its format");
    assert!(header_number(8) == DIMENSION, "the table has the dimension that the code is compiled for");
    let size = HEADER_BYTES + VOCABULARY_BYTES + ROWS * (2 + DIMENSION);
    assert!(TABLE.len() == size, "the table has exactly its parts");
};

/// A row of the table: component `j` of the token is `scale * components[j] as i8`.
pub(crate) struct Row {
    /// Finite and not negative; at most 11 significant bits.
    pub(crate) scale: f32,
    /// Each byte is an i8.
    pub(crate) components: &'static [u8; DIMENSION],
}

/// The row of a token; `None` past the end of the table.
pub(crate) fn row(row: u16) -> Option<Row> {
    let row = usize::from(row);
    let scale = widen_half(u16::from_le_bytes(*SCALES.get(row)?));
    COMPONENTS.get(row).map(|components| Row { scale, components })
}

/// The exact value of a finite, non-negative f16.
///
/// It is a product of two normal numbers, so a program that flushes subnormal numbers to zero gets
/// the same bits.
fn widen_half(bits: u16) -> f32 {
    let (exponent, fraction) = (u32::from(bits >> 10), bits & 0x3FF);
    // A subnormal has the exponent of the smallest normal numbers and no leading 1.
    let significand = if exponent == 0 { fraction } else { fraction | 0x400 };
    let power_of_two = f32::from_bits((exponent.max(1) + 127 - 25) << 23);
    f32::from(significand) * power_of_two
}

const fn part(start: usize, bytes: usize) -> &'static [u8] {
    TABLE.split_at(start).1.split_at(bytes).0
}

const fn header_number(start: usize) -> usize {
    match part(start, 4).first_chunk() {
        Some(bytes) => u32::from_le_bytes(*bytes) as usize,
        None => panic!("the table is longer than its header"),
    }
}
