//! Read-outs of bundles: deterministic, and as documented for ties and empty blocks.
#![allow(clippy::float_cmp)] // Exact values are promised.

use std::cmp::Reverse;

use embeddenator_vsa::{BlockCode, Counts, Random, Shape};
use proptest::prelude::*;

use super::{shapes, sparse};

/// Counters of any value, many of them equal or zero, and some at the ends of `i32`.
fn counts() -> impl Strategy<Value = Counts> {
    (shapes(), any::<u64>(), 0_u64..5).prop_map(|(shape, seed, spread)| {
        let mut random = Random::new(seed);
        let mut counter = || match random.below(40) {
            0 => i32::MAX,
            1 => -i32::MAX,
            _ => random.below(2 * spread + 1) as i32 - spread as i32,
        };
        let counters = (0..shape.dimension()).map(|_| counter()).collect();
        Counts::from_counters(shape, counters).unwrap()
    })
}

proptest! {
    #[test]
    fn majority_is_the_sign_of_each_counter(counts in counts()) {
        let majority = counts.majority();
        prop_assert_eq!(majority.dimension(), counts.shape().dimension());
        let signs: Vec<_> = counts.as_counters().iter().map(|counter| counter.signum()).collect();
        prop_assert_eq!(majority.elements().collect::<Vec<_>>(), signs);
    }

    #[test]
    fn thin_takes_the_first_of_the_largest_of_each_block(counts in counts()) {
        let positions = counts.shape().positions();
        let expected = counts.as_counters().chunks_exact(positions).map(|block| {
            let keyed = block.iter().enumerate();
            let (position, counter) =
                keyed.min_by_key(|(index, counter)| (Reverse(counter.unsigned_abs()), *index)).unwrap();
            (position, if *counter < 0 { -1 } else { 1 })
        });
        prop_assert_eq!(counts.thin().elements().collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }

    #[test]
    fn thin_to_takes_the_first_of_the_largest(counts in counts(), share in 0_usize..=120) {
        let count = counts.shape().dimension() * share / 100;
        let mut order: Vec<_> = (0..counts.shape().dimension()).collect();
        order.sort_by_key(|index| (Reverse(counts.as_counters()[*index].unsigned_abs()), *index));
        let mut expected = vec![0; counts.shape().dimension()];
        for index in order.into_iter().take(count) {
            expected[index] = counts.as_counters()[index].signum();
        }
        prop_assert_eq!(counts.thin_to(count), sparse(&expected));
    }
}

#[test]
fn empty_bundle_reads_out_as_nothing() {
    for (blocks, positions) in super::SHAPES {
        let shape = Shape::new(blocks, positions).unwrap();
        let empty = Counts::new(shape);
        assert_eq!(empty.thin(), BlockCode::identity(shape));
        assert_eq!(empty.majority().nonzero_count(), 0);
        assert_eq!(empty.thin_to(usize::MAX).nonzero_count(), 0);
        assert_eq!(empty.norm(), 0.0);
    }
}

#[test]
fn read_outs_of_few_codes_resemble_each() {
    let mut random = Random::new(9);
    let codes: Vec<_> = (0..5).map(|_| BlockCode::random(Shape::DEFAULT, &mut random)).collect();
    let counts = super::bundle::bundle(Shape::DEFAULT, &codes);
    let foil = BlockCode::random(Shape::DEFAULT, &mut random);
    for code in &codes {
        // A block keeps the lowest of five positions, so each code keeps about a fifth.
        assert!(counts.thin().cosine(code).unwrap() > 0.1);
        assert!(counts.majority().cosine(&code.into()).unwrap() > 0.3);
    }
    assert!(counts.thin().cosine(&foil).unwrap().abs() < 0.05);
}
