//! Bundles: a commutative group in which codes are added and removed exactly, in any order.
#![allow(clippy::float_cmp)] // Exact values are promised.

use embeddenator_vsa::{BlockCode, Counts, Shape};
use proptest::prelude::*;

use super::dense::{convolve, dense, dot, sum};
use super::{code, codes, table, three};

/// The bundle of these codes.
pub(crate) fn bundle(shape: Shape, codes: &[BlockCode]) -> Counts {
    let mut bundle = Counts::new(shape);
    for code in codes {
        bundle.add(code).unwrap();
    }
    bundle
}

fn wide(counts: &Counts) -> Vec<i64> {
    counts.as_counters().iter().map(|counter| i64::from(*counter)).collect()
}

proptest! {
    #[test]
    fn bundle_is_the_sum_in_any_order((shape, codes, shuffled) in codes(12)
        .prop_flat_map(|(shape, codes)| (Just(shape), Just(codes.clone()), Just(codes).prop_shuffle())))
    {
        let counts = bundle(shape, &codes);
        prop_assert_eq!(wide(&counts), sum(shape, &codes));
        prop_assert_eq!(&counts, &bundle(shape, &shuffled));
        let mut at_once = Counts::new(shape);
        at_once.add_all(&table(shape, &codes)).unwrap();
        prop_assert_eq!(counts, at_once);
    }

    #[test]
    fn removal_in_any_order_leaves_the_rest((shape, codes, shuffled) in codes(12)
        .prop_flat_map(|(shape, codes)| (Just(shape), Just(codes.clone()), Just(codes).prop_shuffle())),
        kept in any::<prop::sample::Index>())
    {
        let mut counts = bundle(shape, &codes);
        let (removed, kept) = shuffled.split_at(kept.index(shuffled.len() + 1));
        for code in removed {
            counts.remove(code).unwrap();
        }
        prop_assert_eq!(&counts, &bundle(shape, kept));
        prop_assert_eq!(counts.is_zero(), wide(&counts).iter().all(|counter| *counter == 0));
        for code in kept {
            counts.remove(code).unwrap();
        }
        prop_assert!(counts.is_zero());
        prop_assert_eq!(counts, Counts::new(shape));
    }

    #[test]
    fn cosine_of_bundles_is_that_of_the_written_out_vectors((shape, codes) in codes(8), split in 0_usize..9) {
        let (left, right) = codes.split_at(split.min(codes.len()));
        let (a, b) = (bundle(shape, left), bundle(shape, right));
        let norms = ((dot(&wide(&a), &wide(&a)) as f64).sqrt()) * (dot(&wide(&b), &wide(&b)) as f64).sqrt();
        let expected = if norms > 0.0 { dot(&wide(&a), &wide(&b)) as f64 / norms } else { 0.0 };
        prop_assert_eq!(a.cosine_counts(&b).unwrap(), expected as f32);
        prop_assert_eq!(b.cosine_counts(&a).unwrap(), expected as f32);
        for code in right {
            prop_assert_eq!(a.cosine_counts(&Counts::from(code)).unwrap(), a.cosine(code).unwrap());
        }
    }

    #[test]
    fn removal_before_addition_leaves_no_trace([a, b, _] in three()) {
        let mut counts = Counts::from(&a);
        counts.remove(&b).unwrap();
        counts.add(&b).unwrap();
        prop_assert_eq!(counts, Counts::from(&a));
    }

    #[test]
    fn merge_and_subtract_are_those_of_a_commutative_group(
        (shape, left) in codes(6), (right, third) in (any::<u64>(), any::<u64>()))
    {
        let draw = |seed: u64| {
            let mut random = embeddenator_vsa::Random::new(seed);
            let count = 1 + random.below(5) as usize;
            (0..count).map(|_| BlockCode::random(shape, &mut random)).collect::<Vec<_>>()
        };
        let (a, b, c) = (bundle(shape, &left), bundle(shape, &draw(right)), bundle(shape, &draw(third)));
        let merge = |left: &Counts, right: &Counts| {
            let mut merged = left.clone();
            merged.merge(right).unwrap();
            merged
        };
        prop_assert_eq!(merge(&a, &b), merge(&b, &a));
        prop_assert_eq!(merge(&merge(&a, &b), &c), merge(&a, &merge(&b, &c)));
        prop_assert_eq!(merge(&a, &Counts::new(shape)), a.clone());
        prop_assert_eq!(merge(&a, &b), bundle(shape, &[left, draw(right)].concat()));
        let mut back = merge(&a, &b);
        back.subtract(&b).unwrap();
        prop_assert_eq!(&back, &a);
        back.subtract(&a).unwrap();
        prop_assert!(back.is_zero());
    }

    #[test]
    fn bind_and_permute_distribute_over_bundles(
        (shape, codes, key) in codes(6)
            .prop_flat_map(|(shape, codes)| (Just(shape), Just(codes), code(shape))),
        by in any::<i64>())
    {
        let counts = bundle(shape, &codes);
        let bound: Vec<_> = codes.iter().map(|code| code.bind(&key).unwrap()).collect();
        prop_assert_eq!(counts.bind(&key).unwrap(), bundle(shape, &bound));
        prop_assert_eq!(wide(&counts.bind(&key).unwrap()), convolve(shape, &wide(&counts), &dense(&key)));
        let unbound: Vec<_> = codes.iter().map(|code| code.unbind(&key).unwrap()).collect();
        prop_assert_eq!(counts.unbind(&key).unwrap(), bundle(shape, &unbound));
        prop_assert_eq!(counts.bind(&key).unwrap().unbind(&key).unwrap(), counts.clone());
        let permuted: Vec<_> = codes.iter().map(|code| code.permute(by)).collect();
        prop_assert_eq!(counts.permute(by), bundle(shape, &permuted));
    }

    #[test]
    fn weighted_addition_is_repeated_addition([a, b, _] in three(), weight in -9_i32..9) {
        let mut counts = Counts::from(&b);
        counts.add_weighted(&a, weight).unwrap();
        let mut repeated = Counts::from(&b);
        for _ in 0..weight.abs() {
            if weight > 0 { repeated.add(&a).unwrap() } else { repeated.remove(&a).unwrap() }
        }
        prop_assert_eq!(&counts, &repeated);
        counts.add_weighted(&a, -weight).unwrap();
        prop_assert_eq!(counts, Counts::from(&b));
    }

    #[test]
    fn dot_norm_and_cosine_are_those_of_the_sum((shape, codes, query) in codes(8)
        .prop_flat_map(|(shape, codes)| (Just(shape), Just(codes), code(shape))))
    {
        let (counts, sum) = (bundle(shape, &codes), sum(shape, &codes));
        let expected = dot(&sum, &dense(&query));
        prop_assert_eq!(counts.dot(&query).unwrap(), expected);
        let norm = (dot(&sum, &sum) as f64).sqrt();
        prop_assert_eq!(counts.norm(), norm);
        let cosine = if norm == 0.0 { 0.0 } else { expected as f64 / norm / (shape.blocks() as f64).sqrt() };
        prop_assert!((f64::from(counts.cosine(&query).unwrap()) - cosine).abs() < 1e-6);
    }
}

#[test]
fn cleared_bundle_is_a_new_one() {
    let code = BlockCode::random(Shape::D10K, &mut embeddenator_vsa::Random::new(4));
    let mut counts = Counts::from(&code);
    counts.clear();
    assert!(counts.is_zero());
    assert_eq!(counts, Counts::new(Shape::D10K));
}
