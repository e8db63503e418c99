//! The kernels against models of what they compute, written from the definitions.

use proptest::prelude::*;

use super::super::{Isa, NODE, SIGN};
use super::*;

/// The vector that a code stands for, with one component per position.
fn dense(code: &[u8]) -> Vec<i32> {
    let mut dense = vec![0; code.len() * 128];
    for (block, entry) in code.iter().enumerate() {
        dense[block * 128 + usize::from(entry % 128)] = if *entry < 128 { 1 } else { -1 };
    }
    dense
}

/// The components of planes: 1, 0 or -1.
fn components((nonzero, sign): (&[u64], &[u64])) -> Vec<i64> {
    let bit = |words: &[u64], index: usize| (words[index / 64] >> (index % 64) & 1) as i64;
    let component = |index| bit(nonzero, index) * (1 - 2 * bit(sign, index));
    (0..64 * nonzero.len()).map(component).collect()
}

fn inner(a: &[i64], b: &[i64]) -> i64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 256 }, failure_persistence: None,
        ..ProptestConfig::default() })]

    #[test]
    fn dot_is_the_inner_product_of_the_vectors(
        pairs in prop::collection::vec((any::<u8>(), any::<u8>(), 0_u8..3), 0..300)
    ) {
        let pairs = pairs.into_iter().map(|(a, b, kind)| match kind {
            0 => (a, a),
            1 => (a, a ^ SIGN),
            _ => (a, b),
        });
        let (a, b): (Vec<u8>, Vec<u8>) = pairs.unzip();
        let expected: i32 = dense(&a).iter().zip(dense(&b)).map(|(a, b)| a * b).sum();
        for isa in Isa::supported() {
            prop_assert_eq!(isa.dot(&a, &b), expected, "{:?}", isa);
            let mut dots = [0; 2];
            isa.dots(&a, &[b.as_slice(), &b].concat(), &mut dots);
            prop_assert_eq!(dots, [expected; 2], "{:?}", isa);
        }
    }

    #[test]
    fn positions_below_is_true_of_all_bytes(modulus in 1..=128_u8, code in prop::collection::vec(any::<u8>(), 0..300)) {
        let code: Vec<u8> = code.iter().map(|entry| entry & !0x40 | entry >> 2 & 0x40 & modulus).collect();
        let expected = !code.iter().any(|entry| entry % 128 >= modulus);
        for isa in Isa::supported() {
            prop_assert_eq!(isa.positions_below(modulus, &code), expected, "{:?}", isa);
        }
    }

    #[test]
    fn counters_read_out_as_defined(positions in 1_usize..=128, blocks in 0_usize..20, seed: u64) {
        let counters = counters(seed, positions * blocks);
        let code = codes(!seed, blocks, positions as u64);
        let wide: Vec<i64> = counters.iter().map(|counter| i64::from(*counter)).collect();
        let mut code_of_all = vec![0; positions * blocks];
        for (block, entry) in code.iter().enumerate() {
            code_of_all[block * positions + usize::from(entry % 128)] = if *entry < 128 { 1 } else { -1 };
        }
        let farthest = |block: &[i64]| {
            let mut order: Vec<usize> = (0..positions).collect();
            order.sort_by_key(|position| (-block[*position].abs(), *position));
            let counter = block[order[0]];
            if counter == 0 { 0 } else { order[0] as u8 + if counter < 0 { 128 } else { 0 } }
        };
        let thinned: Vec<u8> = wide.chunks(positions).map(farthest).collect();
        let added: Vec<i64> = wide.iter().zip(&code_of_all).map(|(counter, sign)| counter - 3 * sign).collect();
        for isa in Isa::supported() {
            prop_assert_eq!(isa.counts_dot(&counters, positions, &code), inner(&wide, &code_of_all), "{:?}", isa);
            let mut out = vec![0xa5; blocks];
            isa.thin(&counters, positions, &mut out);
            prop_assert_eq!(&out, &thinned, "{:?}", isa);
            let mut sums = counters.clone();
            isa.add_code(&mut sums, positions, &code, -3);
            let wrapped: Vec<i32> = added.iter().map(|sum| *sum as i32).collect();
            prop_assert_eq!(sums, wrapped, "{:?}", isa);
        }
    }

    #[test]
    fn majority_is_the_sign_of_each_counter(count in 0_usize..700, seed: u64) {
        let counters = counters(seed, count);
        for isa in Isa::supported() {
            let mut planes = [vec![0; count.div_ceil(64)], vec![0; count.div_ceil(64)]];
            let [nonzero, sign] = &mut planes;
            isa.majority(&counters, nonzero, sign);
            let signs = components((nonzero, sign));
            let expected = counters.iter().map(|counter| i64::from(counter.signum())).chain(std::iter::repeat(0));
            prop_assert!(signs.iter().copied().eq(expected.take(signs.len())), "{:?}", isa);
            let stray = nonzero.iter().zip(sign.iter()).any(|(nonzero, sign)| sign & !nonzero != 0);
            prop_assert!(!stray, "{:?}", isa);
        }
    }

    #[test]
    fn plane_products_are_those_of_the_components(count in 0_usize..200, seed: u64) {
        let planes: [Vec<u64>; 4] = std::array::from_fn(|plane| words(seed ^ plane as u64, count));
        let (a, b) = ((&*planes[0], &*planes[1]), (&*planes[2], &*planes[3]));
        let (dense_a, dense_b) = (components(a), components(b));
        let products: Vec<i64> = dense_a.iter().zip(&dense_b).map(|(a, b)| a * b).collect();
        for isa in Isa::supported() {
            prop_assert_eq!(isa.planes_dot(a, b), inner(&dense_a, &dense_b), "{:?}", isa);
            let mut dots = [0];
            isa.planes_dots(a, &[b.0, b.1].concat(), count, &mut dots);
            prop_assert_eq!(dots[0], inner(&dense_a, &dense_b), "{:?}", isa);
            let mut out = [vec![0; count], vec![0; count]];
            let [nonzero, sign] = &mut out;
            isa.planes_hadamard(a, b, (nonzero, sign));
            prop_assert_eq!(components((nonzero, sign)), products.clone(), "{:?}", isa);
        }
    }

    #[test]
    fn row_sums_are_dot_products_with_the_columns(positions in 1_usize..=128, blocks in 0_usize..20, seed: u64) {
        let rows: Vec<i8> = numbers(seed).map(|number| number as i8).take(blocks * positions * NODE).collect();
        let code = codes(!seed, blocks, positions as u64);
        let column = |item: usize| {
            let counters: Vec<i32> = rows.iter().skip(item).step_by(NODE).map(|c| i32::from(*c)).collect();
            SCALAR.counts_dot(&counters, positions, &code) as i16
        };
        let expected: [i16; NODE] = std::array::from_fn(column);
        for isa in Isa::supported() {
            let mut totals = [0; NODE];
            isa.add_rows(&rows, &code, positions, &mut totals);
            prop_assert_eq!(totals, expected, "{:?}", isa);
        }
    }
}
