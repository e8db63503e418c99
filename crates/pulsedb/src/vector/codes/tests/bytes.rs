//! Blocks as bytes: built, read, merged, and damaged in every way.

use super::{Block, BlockBuilder, Clusters, CodeQuery, Frame, Rows, best, mask};
use crate::vector::Isa;

fn codes(dimension: usize, count: usize) -> (Frame, Vec<Vec<u8>>) {
    let mut clusters = Clusters::new(dimension, 21);
    let frame = Frame::new(dimension, &clusters.vector());
    let codes = (0..count).map(|_| frame.encode(&clusters.vector()).expect("a vector with a norm")).collect();
    (frame, codes)
}

fn build<'a>(frame: &Frame, codes: impl Iterator<Item = Option<&'a [u8]>>) -> (Vec<u8>, Vec<u8>) {
    let mut builder = BlockBuilder::new(frame.shape());
    for code in codes {
        assert!(builder.push(code));
    }
    builder.finish()
}

#[test]
fn merged_blocks_are_the_block_of_the_rows_that_are_kept() {
    for dimension in [3, 256, 384] {
        let (frame, codes) = codes(dimension, 200);
        for rows in [0, 1, 7, 8, 9, 64, 77, 100] {
            let (left, right) = codes[..rows + 40].split_at(rows);
            let parts =
                [left, right].map(|part| build(&frame, part.iter().map(|code| Some(code.as_slice()))));
            let keep = |row: u32| row % 3 != 1;
            let mut merged = BlockBuilder::new(frame.shape());
            for (codes, refinements) in &parts {
                let block =
                    Block::read(frame.shape(), codes, refinements).expect("a block that was built here");
                assert!(merged.append(&block, &mask(block.rows(), keep)));
            }
            let kept = [left, right].into_iter().flat_map(|part| {
                part.iter().zip(0..).filter(|(_, row)| keep(*row)).map(|(code, _)| Some(code.as_slice()))
            });
            assert_eq!(merged.finish(), build(&frame, kept), "{dimension} dimensions, {rows} rows");
        }
    }
}

#[test]
fn blocks_of_another_shape_are_refused() {
    let (frame, codes) = codes(64, 9);
    let (block, refinements) = build(&frame, codes.iter().map(|code| Some(code.as_slice())));
    let other = Frame::new(63, &[0.0; 63]);
    assert!(Block::read(other.shape(), &block, &refinements).is_none());
    assert!(Block::read(frame.shape(), &refinements, &block).is_none());
    let block = Block::read(frame.shape(), &block, &refinements).expect("a block that was built here");
    let mut builder = BlockBuilder::new(other.shape());
    assert!(!builder.append(&block, &[u64::MAX]));
    let mut builder = BlockBuilder::new(frame.shape());
    assert!(!builder.push(Some(&codes[0][1..])));
    assert_eq!(builder.finish(), build(&frame, std::iter::empty()));
}

#[test]
fn rows_without_a_vector_keep_their_places() {
    let (frame, codes) = codes(65, 30);
    let with_gaps = codes.iter().zip(0..).map(|(code, row)| (row % 4 != 2).then_some(code.as_slice()));
    let (block, refinements) = build(&frame, with_gaps);
    let block = Block::read(frame.shape(), &block, &refinements).expect("a block that was built here");
    assert_eq!(block.rows(), 30);
    let mut merged = BlockBuilder::new(frame.shape());
    assert!(merged.append(&block, &mask(30, |row| row % 4 != 2)));
    let without =
        codes.iter().zip(0..).filter(|(_, row)| row % 4 != 2).map(|(code, _)| Some(code.as_slice()));
    assert_eq!(merged.finish(), build(&frame, without));
}

#[test]
fn masks_of_another_length_allow_nothing_more() {
    let (frame, codes) = codes(64, 100);
    let (block, refinements) = build(&frame, codes.iter().map(|code| Some(code.as_slice())));
    let block = Block::read(frame.shape(), &block, &refinements).expect("a block that was built here");
    let prepared = crate::vector::PreparedQuery::new(Isa::detect(), &[1.0; 64]).expect("a query with a norm");
    let query = CodeQuery::new(&frame, &prepared);
    for (allowed, expected) in
        [(vec![], 0), (vec![u64::MAX], 64), (vec![u64::MAX; 5], 100), (vec![0, 3, 9], 2)]
    {
        assert_eq!(block.scan(&query, 1_000, &allowed).len(), expected, "{allowed:?}");
    }
}

#[test]
fn foreign_bytes_never_panic_and_no_length_but_the_right_one_is_read() {
    let (frame, codes) = codes(64, 20);
    let shape = frame.shape();
    let (block, refinements) = build(&frame, codes.iter().map(|code| Some(code.as_slice())));
    for length in 0..block.len() {
        assert!(Block::read(shape, &block[..length], &refinements).is_none());
    }
    for length in 0..refinements.len() {
        assert!(Block::read(shape, &block, &refinements[..length]).is_none());
    }
    assert!(Block::read(shape, &[block.as_slice(), &[0]].concat(), &refinements).is_none());
    let huge = [&[1, 1, 64, 0, 255, 255, 255, 255], &block[8..]].concat();
    assert!(Block::read(shape, &huge, &refinements).is_none());
    let prepared = crate::vector::PreparedQuery::new(Isa::detect(), &[1.0; 64]).expect("a query with a norm");
    let query = CodeQuery::new(&frame, &prepared);
    for at in 0..block.len() {
        let mut damaged = block.clone();
        damaged[at] ^= 0xff;
        let Some(read) = Block::read(shape, &damaged, &refinements) else {
            assert!(at < 8, "byte {at}");
            continue;
        };
        assert!(read.scan(&query, 5, &[u64::MAX]).len() >= 5, "byte {at}");
    }
}

#[test]
fn every_flipped_bit_of_a_refinement_is_noticed_and_the_answer_stays_right() {
    let dimension = 70;
    let mut clusters = Clusters::new(dimension, 4);
    let rows = Rows::new(dimension, 200, || clusters.vector());
    let vector = clusters.vector();
    let expected = rows.oracle(&vector, 3, |_| true);
    let (prepared, query) = rows.query(Isa::detect(), &vector);
    let (block, refinements) = &rows.blocks[0];
    let first = 8 + expected[0].slot as usize * rows.frame.shape().record_bytes();
    for bit in 0..rows.frame.shape().record_bytes() * 8 {
        let mut damaged = refinements.clone();
        damaged[first + bit / 8] ^= 1 << (bit % 8);
        let read = Block::read(rows.frame.shape(), block, &damaged).expect("heads and lengths are right");
        let candidates = read.scan(&query, 3, &[u64::MAX; 4]);
        assert_eq!(candidates.damaged(), Some(expected[0].slot), "bit {bit}");
        let Ok(found) = candidates.rescore(3, rows.score(&prepared));
        assert_eq!(best(found, 3), expected, "bit {bit}");
    }
}
