//! Inverted indexes as sections.

use embeddenator_io::{ByteWriter, Cursor, SectionsBuilder};
use embeddenator_vsa::SparseTernary;

use super::sections::{
    COUNTS, HEAD, INDEXES, INVERTED, TOO_MANY_ITEMS, ids_section, open_sections, read_ids, refused, verified,
};
use crate::error::{Error, Result};
use crate::limits::INVERTED_ITEMS_MAX;
use crate::{Index, Inverted, Similarity};

/// Bytes in an index, and in a count of indexes.
const NUMBER_BYTES: usize = 4;

pub(super) fn sections(index: &Inverted) -> SectionsBuilder<'static> {
    let mut counts = ByteWriter::with_capacity(index.len() * 2 * NUMBER_BYTES);
    let mut indexes = ByteWriter::new();
    for (_, vector) in index.iter() {
        counts.u32(vector.plus().len() as u32).u32(vector.minus().len() as u32);
        for number in vector.plus().iter().chain(vector.minus()) {
            indexes.u32(*number);
        }
    }
    let similarity = match index.similarity() {
        Similarity::Cosine => 0,
        Similarity::Dot => 1,
    };
    let mut head = ByteWriter::new();
    head.u32(index.dimension() as u32).u16(similarity).zeros(2).u64(index.len() as u64);
    let mut builder = SectionsBuilder::new(INVERTED);
    builder.push(HEAD, head.into_bytes());
    ids_section(&mut builder, index.iter().map(|(id, _)| id));
    builder.push(COUNTS, counts.into_bytes());
    builder.push(INDEXES, indexes.into_bytes());
    builder
}

pub(super) fn open(bytes: &[u8]) -> Result<Inverted> {
    let sections = open_sections(bytes, INVERTED)?;
    let mut head = Cursor::new(verified(&sections, HEAD)?);
    let what = "the head";
    let dimension = head.u32(what)?;
    let similarity = match head.u16(what)? {
        0 => Similarity::Cosine,
        1 => Similarity::Dot,
        _ => return Err(Error::Malformed { what: "the similarity", reason: "is unknown" }),
    };
    head.zeros(2, what)?;
    let items = head.u64(what)?;
    head.finish(what)?;
    if items > INVERTED_ITEMS_MAX as u64 {
        return Err(TOO_MANY_ITEMS);
    }
    let dimension = dimension as usize;
    let mut index = Inverted::new(dimension, similarity)?;
    let mut counts = Cursor::new(verified(&sections, COUNTS)?);
    let mut indexes = Cursor::new(verified(&sections, INDEXES)?);
    for id in read_ids(&sections, items)? {
        let (plus, minus) = (counts.u32("a count")?, counts.u32("a count")?);
        let plus = read_indexes(&mut indexes, plus)?;
        let minus = read_indexes(&mut indexes, minus)?;
        index.insert(id, &SparseTernary::new(dimension, plus, minus)?).map_err(refused)?;
    }
    counts.finish("the counts")?;
    indexes.finish("the indexes")?;
    Ok(index)
}

/// The next `count` indexes; they are known to be there before the list is allocated.
fn read_indexes(cursor: &mut Cursor<'_>, count: u32) -> Result<Vec<u32>> {
    let (numbers, _) =
        cursor.items(u64::from(count), NUMBER_BYTES, "the indexes")?.as_chunks::<NUMBER_BYTES>();
    Ok(numbers.iter().map(|number| u32::from_le_bytes(*number)).collect())
}
