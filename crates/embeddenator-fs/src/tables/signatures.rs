//! Blobs of signatures: min-hash codes of files.

use embeddenator_io::{ByteWriter, Cursor, Error, Result};
use embeddenator_vsa::{Codes, CodesRef, Shape, ShingleEncoder, ShingleOptions};

use crate::tables::runs::Span;

const WHAT: &str = "a table of signatures";

/// How files become signatures; the format fixes it, since signatures of different options do not compare.
fn options() -> ShingleOptions {
    ShingleOptions { shape: Shape::DEFAULT, seed: 0, shingle_bytes: 16 }
}

/// The encoder of the signatures that the format has.
pub(crate) fn encoder() -> ShingleEncoder {
    ShingleEncoder::new(options()).expect("the options of the format are in range")
}

/// The bytes of a table.
pub(crate) fn write(codes: CodesRef<'_>) -> Vec<u8> {
    let options = options();
    let mut writer = ByteWriter::new();
    writer.u32(codes.len() as u32).u16(options.shape.blocks() as u16).u16(options.shape.positions() as u16);
    writer.u16(options.shingle_bytes as u16).zeros(6).u64(options.seed);
    let row_bytes = options.shape.blocks();
    let before = std::iter::repeat_n(&0, row_bytes).chain(codes.as_rows());
    let combined: Vec<u8> = codes.as_rows().iter().zip(before).map(|(byte, before)| byte ^ before).collect();
    writer.bytes(&combined);
    writer.into_bytes()
}

/// Reads the table of these signatures.
pub(crate) fn read(bytes: &[u8], signatures: Span) -> Result<Codes> {
    let options = options();
    let mut cursor = Cursor::new(bytes);
    let malformed = |reason| Error::Malformed { what: WHAT, offset: 0, reason };
    if cursor.u32(WHAT)? != signatures.count {
        return Err(malformed("it has not as many rows as the list of runs says"));
    }
    let shape = (usize::from(cursor.u16(WHAT)?), usize::from(cursor.u16(WHAT)?));
    let shingle_bytes = usize::from(cursor.u16(WHAT)?);
    cursor.zeros(6, WHAT)?;
    let seed = cursor.u64(WHAT)?;
    let found = (shape, shingle_bytes, seed);
    if found != ((options.shape.blocks(), options.shape.positions()), options.shingle_bytes, options.seed) {
        return Err(malformed("its signatures are made in another way than this version's"));
    }
    let mut rows = cursor.items(u64::from(signatures.count), options.shape.blocks(), WHAT)?.to_vec();
    cursor.finish(WHAT)?;
    let mut before = vec![0; options.shape.blocks()];
    for row in rows.chunks_exact_mut(options.shape.blocks()) {
        for (byte, before) in row.iter_mut().zip(&mut before) {
            *byte ^= *before;
            *before = *byte;
        }
    }
    Codes::from_rows(options.shape, &rows).map_err(|_| malformed("a signature is not a code of its shape"))
}
