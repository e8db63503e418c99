//! Values that no shape, code or counter can have are refused and change nothing.

use embeddenator_vsa::limits::{BLOCKS_MAX, POSITIONS_MAX};
use embeddenator_vsa::{
    BlockCode, CentroidClassifier, Codes, CounterBank, Counts, Error, Levels, Planes, Random, Record,
    Resonator, ResonatorOptions, Sequence, Shape, SparseTernary, TextEncoder, TextOptions, wire,
};
use proptest::prelude::*;

use super::shapes;

proptest! {
    #[test]
    fn positions_that_the_shape_lacks_are_refused(
        shape in shapes(), at in any::<prop::sample::Index>(), to in any::<u8>())
    {
        let code = BlockCode::random(shape, &mut Random::new(1));
        let mut bytes = code.as_bytes().to_vec();
        let block = at.index(bytes.len());
        bytes[block] = to;
        let position = usize::from(to & 0x7f);
        let found = BlockCode::from_bytes(shape, &bytes);
        if position < shape.positions() {
            let found = found.unwrap();
            prop_assert_eq!(found.as_bytes(), &bytes);
        } else {
            let refused = Error::Position { row: 0, block, position, positions: shape.positions() };
            prop_assert_eq!(found, Err(refused));
        }
    }

    #[test]
    fn other_lengths_are_refused(shape in shapes(), length in 0_usize..600) {
        let found = BlockCode::from_bytes(shape, &vec![0; length]);
        let refused = Error::Length { expected: shape.blocks(), found: length };
        prop_assert_eq!(found.err(), (length != shape.blocks()).then_some(refused));
        let found = Counts::from_counters(shape, vec![0; length]);
        let refused = Error::Length { expected: shape.dimension(), found: length };
        prop_assert_eq!(found.err(), (length != shape.dimension()).then_some(refused));
    }

    #[test]
    fn other_shapes_are_refused(left in shapes(), right in shapes()) {
        prop_assume!(left != right);
        let (a, b) = (BlockCode::identity(left), BlockCode::identity(right));
        let mismatch = Error::ShapeMismatch { left, right };
        prop_assert_eq!(a.bind(&b), Err(mismatch.clone()));
        prop_assert_eq!(a.unbind(&b), Err(mismatch.clone()));
        prop_assert_eq!(a.dot(&b), Err(mismatch.clone()));
        prop_assert_eq!(a.cosine(&b), Err(mismatch.clone()));
        let former = BlockCode::random(left, &mut Random::new(2));
        let mut out = former.clone();
        prop_assert_eq!(a.bind_into(&b, &mut out), Err(mismatch.clone()));
        prop_assert_eq!(a.unbind_into(&b, &mut out), Err(mismatch.clone()));
        prop_assert_eq!(out, former);
        let mut counts = Counts::from(&a);
        prop_assert_eq!(counts.add(&b), Err(mismatch.clone()));
        prop_assert_eq!(counts.remove(&b), Err(mismatch.clone()));
        prop_assert_eq!(counts.add_weighted(&b, 2), Err(mismatch.clone()));
        prop_assert_eq!(counts.add_all(&Codes::new(right)), Err(mismatch.clone()));
        prop_assert_eq!(counts.merge(&Counts::new(right)), Err(mismatch.clone()));
        prop_assert_eq!(counts.subtract(&Counts::new(right)), Err(mismatch.clone()));
        prop_assert_eq!(counts.bind(&b), Err(mismatch.clone()));
        prop_assert_eq!(counts.unbind(&b), Err(mismatch.clone()));
        prop_assert_eq!(counts.dot(&b), Err(mismatch.clone()));
        prop_assert_eq!(counts.cosine(&b), Err(mismatch.clone()));
        prop_assert_eq!(counts.cosine_counts(&Counts::new(right)), Err(mismatch));
        prop_assert_eq!(counts, Counts::from(&a));
    }

    /// Near the ends of `i32`, sums that fit are exact, and others are refused and change nothing.
    #[test]
    fn counters_are_exact_up_to_their_limit(
        starts in prop::collection::vec(near_the_ends(), 8),
        bytes in prop::collection::vec(prop::sample::select(vec![0_u8, 0x80]), 8),
        weight in weights())
    {
        let shape = Shape::new(8, 1).unwrap();
        let mut counts = Counts::from_counters(shape, starts.clone()).unwrap();
        let code = BlockCode::from_bytes(shape, &bytes).unwrap();
        let signs = code.elements().map(|(_, sign)| i64::from(sign) * i64::from(weight));
        let sums: Vec<i64> = starts.iter().zip(signs).map(|(start, more)| i64::from(*start) + more).collect();
        check(counts.add_weighted(&code, weight), &counts, &starts, &sums)?;
    }

    #[test]
    fn merged_counters_are_exact_up_to_their_limit(
        starts in prop::collection::vec(near_the_ends(), 8),
        more in prop::collection::vec(near_the_ends(), 8))
    {
        let shape = Shape::new(2, 4).unwrap();
        let start = Counts::from_counters(shape, starts.clone()).unwrap();
        let other = Counts::from_counters(shape, more.clone()).unwrap();
        let pairs = || starts.iter().zip(&more).map(|(a, b)| (i64::from(*a), i64::from(*b)));
        let mut merged = start.clone();
        let result = merged.merge(&other);
        check(result, &merged, &starts, &pairs().map(|(a, b)| a + b).collect::<Vec<_>>())?;
        let mut subtracted = start.clone();
        let result = subtracted.subtract(&other);
        check(result, &subtracted, &starts, &pairs().map(|(a, b)| a - b).collect::<Vec<_>>())?;
    }
}

/// Small numbers, and numbers close to the largest counters.
fn near_the_ends() -> impl Strategy<Value = i32> {
    prop_oneof![-3_i32..=3, i32::MAX - 3..=i32::MAX, -i32::MAX..=-i32::MAX + 3]
}

fn weights() -> impl Strategy<Value = i32> {
    prop_oneof![-3_i32..=3, i32::MAX - 3..=i32::MAX, i32::MIN..=i32::MIN + 3]
}

/// The exact sums if they fit in counters, otherwise an error.
fn check(
    result: embeddenator_vsa::Result<()>,
    counts: &Counts,
    before: &[i32],
    sums: &[i64],
) -> Result<(), TestCaseError> {
    let limit = i64::from(i32::MAX);
    if sums.iter().all(|sum| sum.abs() <= limit) {
        prop_assert_eq!(result, Ok(()));
        let counters: Vec<_> = counts.as_counters().iter().map(|counter| i64::from(*counter)).collect();
        prop_assert_eq!(counters, sums);
    } else {
        prop_assert_eq!(result, Err(Error::Full { limit }));
        prop_assert_eq!(counts.as_counters(), before);
    }
    Ok(())
}

#[test]
fn codes_can_be_removed_from_a_full_bundle() {
    let code = BlockCode::identity(Shape::DEFAULT);
    let mut counts = Counts::new(Shape::DEFAULT);
    counts.add_weighted(&code, i32::MAX).unwrap();
    assert_eq!(counts.add(&code), Err(Error::Full { limit: i64::from(i32::MAX) }));
    counts.remove(&code).unwrap();
    counts.add(&code).unwrap();
    let full = counts.clone();
    let mut codes = Codes::new(Shape::DEFAULT);
    codes.push(&code.negate()).unwrap();
    codes.push(&code).unwrap();
    counts.add_all(&codes).unwrap();
    assert_eq!(counts, full);
    codes.push(&code).unwrap();
    assert_eq!(counts.add_all(&codes), Err(Error::Full { limit: i64::from(i32::MAX) }));
    assert_eq!(counts, full);
    // The sum of products of the largest counters does not fit in 64 bits.
    assert_eq!(full.cosine_counts(&full), Ok(1.0));
    counts.subtract(&full).unwrap();
    assert!(counts.is_zero());
}

#[test]
fn counter_without_a_negative_is_refused() {
    let shape = Shape::new(1, 1).unwrap();
    let limit = i64::from(i32::MAX);
    assert_eq!(Counts::from_counters(shape, vec![i32::MIN]), Err(Error::Full { limit }));
    assert!(Counts::from_counters(shape, vec![i32::MIN + 1]).is_ok());
}

#[test]
fn only_shapes_inside_the_limits_exist() {
    for (blocks, positions) in
        [(0, 1), (1, 0), (BLOCKS_MAX + 1, 1), (1, POSITIONS_MAX + 1), (usize::MAX, 128), (128, usize::MAX)]
    {
        assert_eq!(Shape::new(blocks, positions), Err(Error::Shape { blocks, positions }));
    }
    for (blocks, positions) in [(1, 1), (BLOCKS_MAX, POSITIONS_MAX), (BLOCKS_MAX, 1), (1, POSITIONS_MAX)] {
        let shape = Shape::new(blocks, positions).unwrap();
        let code = BlockCode::random(shape, &mut Random::new(6));
        assert_eq!(code.dot(&code), Ok(blocks as i32));
        assert_eq!(code.bind(&code.inverse()), Ok(BlockCode::identity(shape)));
        assert_eq!(BlockCode::from_bytes(shape, code.as_bytes()), Ok(code));
    }
}

#[test]
fn messages_name_the_thing_the_value_and_the_remedy() {
    let shape = Shape::new(2, 3).unwrap();
    let code = BlockCode::identity(shape);
    let none = Codes::new(shape);
    let refused = [
        Shape::new(0, 300).unwrap_err(),
        code.bind(&BlockCode::identity(Shape::DEFAULT)).unwrap_err(),
        Planes::zero(0).unwrap_err(),
        Planes::zero(3).unwrap().dot(&Planes::zero(4).unwrap()).unwrap_err(),
        BlockCode::from_bytes(shape, &[]).unwrap_err(),
        BlockCode::from_bytes(shape, &[0, 9]).unwrap_err(),
        Codes::from_rows(shape, &[1; 64]).unwrap_err(),
        BlockCode::try_from(&Counts::new(shape)).unwrap_err(),
        BlockCode::try_from(&Counts::from_counters(shape, vec![2, 0, 0, 1, 0, 0]).unwrap()).unwrap_err(),
        SparseTernary::new(3, vec![1, 1], vec![]).unwrap_err(),
        Counts::from_counters(Shape::new(1, 1).unwrap(), vec![i32::MIN]).unwrap_err(),
        CounterBank::new(shape).remove(3, &code).unwrap_err(),
        CounterBank::new(shape).add(64, &code).unwrap_err(),
        none.bind_rows(&Codes::random(shape, 1, &mut Random::new(1))).unwrap_err(),
        Record::new(shape).read(&code, &none).unwrap_err(),
        Sequence::new(shape, 1).place(&code, 6).unwrap_err(),
        CentroidClassifier::<u8>::new(shape).remove(&1, &code).unwrap_err(),
        shape.threshold(1.5).unwrap_err(),
        Levels::new(shape, 1.0..=0.0, 2, 1).unwrap_err(),
        Levels::new(shape, 0.0..=1.0, 9, 1).unwrap_err(),
        Levels::new(shape, 0.0..=1.0, 2, 1).unwrap().encode(f64::NAN).unwrap_err(),
        Resonator::new(Vec::new(), ResonatorOptions::default()).unwrap_err(),
        TextEncoder::new(TextOptions { word_positions: 0, ..TextOptions::default() }).unwrap_err(),
        wire::head(&[0; 64]).unwrap_err(),
        wire::decode::<Planes>(&wire::encode(&code)).unwrap_err(),
        wire::decode::<BlockCode>(&wire::encode(&code)[..65]).unwrap_err(),
    ];
    for error in &refused {
        let message = error.to_string();
        assert!(message.contains(": "), "no remedy: {message}");
        assert!(!message.starts_with(char::is_uppercase) && !message.ends_with('.'), "{message}");
    }
    let error = Error::ShapeMismatch { left: Shape::DEFAULT, right: Shape::D10K };
    assert_eq!(
        error.to_string(),
        "the operands have the shapes 128x128 and 100x100: use codes of the same shape"
    );
    let error = Shape::new(0, 300).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a shape cannot have 0 blocks of 300 positions: use 1 to 4096 blocks of 1 to 128 positions"
    );
}
