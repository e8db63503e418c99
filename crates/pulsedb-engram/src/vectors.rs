//! Blocks of vectors: ids in one column, the bits of their vectors in another.
//!
//! A block ends behind an id that its hash chooses, so that a vector that is new or gone changes one block and no other.

use embeddenator_io::{ByteWriter, Cursor};
use xxhash_rust::xxh3::xxh3_64;

use crate::form::front::Fault;
use crate::limits::{BLOCK_ROWS_MAX, BLOCK_ROWS_MEAN};

const MAGIC: &[u8; 8] = b"PDBVEC01";
const WHAT: &str = "the block of vectors";
const HEADER_BYTES: usize = 16;
const ID_BYTES: usize = 16;

/// Bytes of the largest block of vectors of so many dimensions.
pub(crate) fn block_bytes_max(dimension: usize) -> u64 {
    (HEADER_BYTES + BLOCK_ROWS_MAX * (ID_BYTES + dimension * 4)) as u64
}

/// A block that is being filled, in ascending order of the ids.
pub(crate) struct BlockWriter {
    dimension: usize,
    ids: Vec<[u8; ID_BYTES]>,
    vectors: ByteWriter,
}

/// A block with the id that it begins with.
pub(crate) struct Block {
    pub(crate) first: [u8; ID_BYTES],
    pub(crate) bytes: Vec<u8>,
}

impl BlockWriter {
    pub(crate) fn new(dimension: usize) -> Self {
        Self { dimension, ids: Vec::new(), vectors: ByteWriter::new() }
    }

    /// Takes a vector; returns the block if it ends here.
    pub(crate) fn push(&mut self, id: [u8; ID_BYTES], vector: &[f32]) -> Option<Block> {
        assert_eq!(vector.len(), self.dimension, "all vectors of a database have one dimension");
        self.ids.push(id);
        for component in vector {
            self.vectors.u32(component.to_bits());
        }
        let is_last = xxh3_64(&id).is_multiple_of(BLOCK_ROWS_MEAN) || self.ids.len() == BLOCK_ROWS_MAX;
        is_last.then(|| self.finish()).flatten()
    }

    /// The block of what is left.
    pub(crate) fn finish(&mut self) -> Option<Block> {
        let first = *self.ids.first()?;
        let mut writer = ByteWriter::new();
        writer.bytes(MAGIC).u32(self.dimension as u32).u32(self.ids.len() as u32);
        for id in self.ids.drain(..) {
            writer.bytes(&id);
        }
        writer.bytes(self.vectors.as_bytes());
        self.vectors = ByteWriter::new();
        Some(Block { first, bytes: writer.into_bytes() })
    }
}

/// An id with its vector.
type Row = ([u8; ID_BYTES], Vec<f32>);

/// The rows of a block.
pub(crate) fn read_block(bytes: &[u8], dimension: usize) -> Result<Vec<Row>, Fault> {
    let malformed = |error: embeddenator_io::Error| Fault::new(0, error.to_string());
    let mut cursor = Cursor::new(bytes);
    if cursor.array::<8>(WHAT).map_err(malformed)? != *MAGIC {
        return Err(Fault::new(0, "it is not a block of vectors of this version"));
    }
    let (found, rows) = (cursor.u32(WHAT).map_err(malformed)?, cursor.u32(WHAT).map_err(malformed)?);
    if found as usize != dimension {
        return Err(Fault::new(0, format!("its vectors have {found} dimensions, not {dimension}")));
    }
    if rows == 0 || rows as usize > BLOCK_ROWS_MAX {
        return Err(Fault::new(
            0,
            format!("it says that it has {rows} rows, at most {BLOCK_ROWS_MAX} are possible"),
        ));
    }
    let mut ids = Cursor::new(cursor.items(rows.into(), ID_BYTES, WHAT).map_err(malformed)?);
    let mut vectors = Cursor::new(cursor.items(rows.into(), dimension * 4, WHAT).map_err(malformed)?);
    cursor.finish(WHAT).map_err(malformed)?;
    let mut read = || {
        let id = ids.array(WHAT)?;
        let vector: Result<Vec<f32>, _> =
            (0..dimension).map(|_| vectors.u32(WHAT).map(f32::from_bits)).collect();
        Ok((id, vector?))
    };
    (0..rows).map(|_| read().map_err(malformed)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<([u8; 16], Vec<f32>)> {
        let bits = [0, 0x8000_0000, 1, 0x7f7f_ffff, 0x7fc0_0001];
        let row =
            |number: u128| (number.to_be_bytes(), bits.map(|it| f32::from_bits(it ^ number as u32)).to_vec());
        (0..9000_u128).map(|number| row(number << 40)).collect()
    }

    fn blocks(rows: &[([u8; 16], Vec<f32>)]) -> Vec<Block> {
        let mut writer = BlockWriter::new(5);
        let mut blocks: Vec<Block> =
            rows.iter().filter_map(|(id, vector)| writer.push(*id, vector)).collect();
        blocks.extend(writer.finish());
        blocks
    }

    #[test]
    fn vectors_come_back_bit_for_bit_in_their_order() {
        let read: Vec<_> = blocks(&rows()).iter().flat_map(|it| read_block(&it.bytes, 5).unwrap()).collect();
        let bits = |rows: &[([u8; 16], Vec<f32>)]| -> Vec<_> {
            rows.iter()
                .map(|(id, vector)| (*id, vector.iter().map(|it| it.to_bits()).collect::<Vec<_>>()))
                .collect()
        };
        assert!(bits(&read) == bits(&rows()));
    }

    #[test]
    fn vector_that_goes_changes_one_block_only() {
        let before = blocks(&rows());
        let mut fewer = rows();
        fewer.remove(4000);
        let after = blocks(&fewer);
        let changed = after.iter().filter(|block| before.iter().all(|it| it.bytes != block.bytes)).count();
        assert!(before.len() > 4 && changed <= 2, "{changed} of {}", after.len());
    }

    #[test]
    fn damaged_blocks_are_refused() {
        let block = blocks(&rows()[..3]).remove(0).bytes;
        for length in 0..block.len() {
            assert!(read_block(&block[..length], 5).is_err(), "{length}");
        }
        let mut longer = block.clone();
        longer.push(0);
        assert!(read_block(&longer, 5).is_err());
        assert!(read_block(&block, 4).is_err());
        for at in 0..HEADER_BYTES {
            let mut other = block.clone();
            other[at] ^= 0x80;
            assert!(read_block(&other, 5).is_err(), "{at}");
        }
    }
}
