//! The laws of the algebra, each over codes of six shapes.

mod bank;
mod bind;
mod bundle;
mod conversions;
mod dense;
mod permute;
mod planes;
mod read_outs;
mod refusals;
mod sparse;
mod tables;
mod types;

use embeddenator_vsa::{BlockCode, Codes, Random, Shape, SparseTernary};
use proptest::prelude::*;

/// Blocks and positions of the shapes that every law is tested with.
const SHAPES: [(usize, usize); 6] = [(8, 8), (10, 100), (100, 100), (128, 128), (512, 128), (73, 101)];

/// Any of the shapes.
pub(crate) fn shapes() -> impl Strategy<Value = Shape> {
    prop::sample::select(&SHAPES[..]).prop_map(|(blocks, positions)| Shape::new(blocks, positions).unwrap())
}

/// A code of this shape: mostly random, otherwise of few different bytes, so that codes coincide
/// and reach the extremes.
pub(crate) fn code(shape: Shape) -> impl Strategy<Value = BlockCode> {
    let last = shape.positions() as u8 - 1;
    let random = any::<u64>().prop_map(move |seed| BlockCode::random(shape, &mut Random::new(seed)));
    let ends = prop::sample::select(vec![0, 1, last, 0x80, 0x81, 0x80 | last]);
    let met = prop::collection::vec(ends, shape.blocks())
        .prop_map(move |bytes| BlockCode::from_bytes(shape, &bytes).unwrap());
    prop_oneof![3 => random, 2 => met, 1 => Just(BlockCode::identity(shape))]
}

/// Some codes of one shape, at most `most`.
pub(crate) fn codes(most: usize) -> impl Strategy<Value = (Shape, Vec<BlockCode>)> {
    shapes().prop_flat_map(move |shape| (Just(shape), prop::collection::vec(code(shape), 0..=most)))
}

/// Three codes of one shape.
pub(crate) fn three() -> impl Strategy<Value = [BlockCode; 3]> {
    shapes().prop_flat_map(|shape| [code(shape), code(shape), code(shape)])
}

/// A table of these codes.
pub(crate) fn table(shape: Shape, codes: &[BlockCode]) -> Codes {
    let mut table = Codes::new(shape);
    for code in codes {
        table.push(code).unwrap();
    }
    table
}

/// Numbers -1, 0 and 1 of any sparsity: up to three words and some bits.
pub(crate) fn ternary() -> impl Strategy<Value = Vec<i32>> {
    (1_usize..=200, 0_u32..=100).prop_flat_map(|(dimension, percent)| {
        let element = prop_oneof![
            100 - percent => Just(0),
            percent => prop::sample::select(&[1, -1][..]),
        ];
        prop::collection::vec(element, dimension)
    })
}

/// Two vectors of one dimension.
pub(crate) fn ternary_pair() -> impl Strategy<Value = (Vec<i32>, Vec<i32>)> {
    (ternary(), ternary()).prop_map(|(mut left, mut right)| {
        let dimension = left.len().min(right.len());
        left.truncate(dimension);
        right.truncate(dimension);
        (left, right)
    })
}

/// The sparse vector with these elements.
pub(crate) fn sparse(elements: &[i32]) -> SparseTernary {
    let indexes = |sign: i32| {
        let found = (0_u32..).zip(elements).filter(|(_, element)| **element == sign);
        found.map(|(index, _)| index).collect()
    };
    SparseTernary::new(elements.len(), indexes(1), indexes(-1)).unwrap()
}
