//! Every kernel has the bits of the scalar one, which has those of the specification.

use std::process::Command;

use proptest::prelude::*;

use super::kernel::BLOCK_BYTES;
use super::{BitQuery, Block, GROUP, Isa, LANES, OVERRIDE};

const THIS_TEST: &str = "vector::arch::tests::environment_names_the_kernels";

fn blocks(components: &[f32]) -> Vec<Block> {
    let blocks = components.chunks(LANES).map(|components| {
        let mut lanes = [0.0; LANES];
        lanes[..components.len()].copy_from_slice(components);
        Block(lanes)
    });
    blocks.collect()
}

fn bytes(components: &[f32]) -> Vec<u8> {
    components.iter().flat_map(|component| component.to_le_bytes()).collect()
}

/// Components that need rounding at every step; the step makes one vector differ from another.
fn components(count: u16, step: u16) -> Vec<f32> {
    (0..count).map(|i| (f32::from((u32::from(i) * u32::from(step) % 97) as u16) - 48.0) / 7.0).collect()
}

#[test]
fn every_kernel_has_the_bits_of_the_scalar_one_at_every_length_and_alignment() {
    let scalar = Isa::choose(Some("scalar"));
    for dimension in (1..=257).chain([384, 768, 1024, 1536, 4096]) {
        let query = blocks(&components(dimension, 31));
        let rows: [Vec<u8>; GROUP] =
            std::array::from_fn(|row| bytes(&components(dimension, 43 + row as u16)));
        let expected = rows.each_ref().map(|row| scalar.dot(&query, row).to_bits());
        for isa in Isa::supported() {
            for offset in 0..BLOCK_BYTES {
                // Each row lies at another alignment, and what surrounds it must not count.
                let placed: [Vec<u8>; GROUP] = std::array::from_fn(|row| {
                    let before = (offset + row * 17) % BLOCK_BYTES;
                    [&vec![0x7f; before], rows[row].as_slice(), &[0x7f; 5]].concat()
                });
                let placed: [&[u8]; GROUP] = std::array::from_fn(|row| {
                    let before = (offset + row * 17) % BLOCK_BYTES;
                    &placed[row][before..before + rows[row].len()]
                });
                let dots = isa.dots(&query, placed).map(f32::to_bits);
                assert_eq!(dots, expected, "{isa:?}, {dimension} dimensions, offset {offset}");
                let dot = isa.dot(&query, placed[0]).to_bits();
                assert_eq!(dot, expected[0], "{isa:?}, {dimension} dimensions, offset {offset}");
            }
        }
    }
}

/// The bits were computed with exact fractions from the pseudo-code. Without the runs, with neighbours
/// added first, or with products rounded, the last of them differ.
#[test]
fn order_of_additions_is_the_specified_one() {
    for (dimension, bits) in
        [(1, 0x423c_14e6), (15, 0x4295_6db6), (100, 0x422f_1a1d), (384, 0xc241_b6d6), (1000, 0xc2b7_ac6c)]
    {
        let query = blocks(&components(dimension, 31));
        let row = bytes(&components(dimension, 43));
        for isa in Isa::supported() {
            assert_eq!(isa.dot(&query, &row).to_bits(), bits, "{isa:?}, {dimension} dimensions");
        }
    }
}

proptest! {
    #[test]
    fn dot_is_the_sum_of_the_products(
        pairs in prop::collection::vec((-1.0_f32..1.0, -1.0_f32..1.0), 0..700)
    ) {
        let (query, row): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
        let products = || query.iter().zip(&row).map(|(query, row)| f64::from(*query) * f64::from(*row));
        // Every component goes through at most 32 + 2 + 4 roundings.
        let tolerance = 40.0 * f64::from(f32::EPSILON) * products().map(f64::abs).sum::<f64>() + 1e-40;
        for isa in Isa::supported() {
            let dot = f64::from(isa.dot(&blocks(&query), &bytes(&row)));
            prop_assert!((dot - products().sum::<f64>()).abs() <= tolerance, "{isa:?}");
        }
    }
}

#[test]
fn each_supported_name_is_obeyed_and_others_are_ignored() {
    let best = Isa::choose(None).name();
    for isa in Isa::supported() {
        assert_eq!(Isa::choose(Some(isa.name())).name(), isa.name());
    }
    assert_eq!(Isa::choose(Some("")).name(), best);
    assert_eq!(Isa::choose(Some("abacus")).name(), best);
    assert_eq!(Isa::supported().last().map(Isa::name), Some("scalar"));
}

/// The choice is made once in a process, so the test starts itself again for each name.
#[test]
fn environment_names_the_kernels() {
    if let Ok(name) = std::env::var(OVERRIDE) {
        let known = Isa::supported().any(|isa| isa.name() == name);
        let expected = if known { &name } else { Isa::choose(None).name() };
        assert_eq!(Isa::detect().name(), expected);
        return;
    }
    assert_eq!(Isa::detect().name(), Isa::choose(None).name());
    for name in ["scalar", "avx2", "avx512", "neon", "abacus"] {
        let itself = std::env::current_exe().expect("a running test has a path");
        let output = Command::new(itself).args(["--exact", THIS_TEST]).env(OVERRIDE, name).output();
        let output = output.expect("the test binary starts");
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && printed.contains("1 passed"), "{name}: {printed}");
    }
}

/// Groups whose bytes look random, as many as a chunk has.
fn groups(words: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let bytes = (words * 64 + 32) * 8;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(bytes)
    .collect()
}

fn bit_query(words: usize, seed: u64) -> BitQuery {
    let bytes = groups(words, seed);
    let planes = bytes.chunks(32).take(words).map(|bytes| {
        let (words, _) = bytes.as_chunks::<8>();
        std::array::from_fn(|plane| u64::from_le_bytes(words[plane]))
    });
    BitQuery { planes: planes.collect(), coordinate: 2.3e-5, scale: 1.1e-6, most: 7.5 * 64.0 * words as f32 }
}

#[test]
fn every_kernel_finds_the_survivors_of_the_scalar_one_at_every_length_and_alignment() {
    let scalar = Isa::choose(Some("scalar"));
    for words in 1..=64 {
        let query = bit_query(words, 5);
        let groups = groups(words, 11 + words as u64);
        let group = groups.len() / 8;
        for (allowed, rows) in
            [(u64::MAX, 8), (0x8000_0100_8001_ff01, 8), (u64::MAX, 5), (0, 8), (1 << 63, 8)]
        {
            let groups = &groups[..rows * group];
            for floor in [f32::NEG_INFINITY, -0.2, 0.0, 0.3, f32::INFINITY] {
                let mut expected = [[0.0; 8]; 8];
                let found = scalar.survivors(&query, groups, allowed, floor, &mut expected);
                assert!(floor > f32::NEG_INFINITY || found == allowed & ((1_u128 << (rows * 8)) - 1) as u64);
                for isa in Isa::supported() {
                    for offset in [0, 1, 7, 8, 33, 63] {
                        let placed = [&vec![0xa5; offset], groups, &[0xa5; 3]].concat();
                        let mut uppers = [[0.0; 8]; 8];
                        let placed = &placed[offset..offset + groups.len()];
                        let bits = isa.survivors(&query, placed, allowed, floor, &mut uppers);
                        assert_eq!(bits, found, "{isa:?}, {words} words, offset {offset}, floor {floor}");
                        for row in (0..64).filter(|row| bits >> row & 1 == 1) {
                            let (upper, expected) = (uppers[row / 8][row % 8], expected[row / 8][row % 8]);
                            assert_eq!(upper.to_bits(), expected.to_bits(), "{isa:?}, {words} words, {row}");
                        }
                    }
                }
            }
        }
    }
}

/// The sums were computed by hand: each row of the group differs from the planes in the bits that are named.
#[test]
fn upper_bound_is_the_specified_one() {
    let mut group = vec![0; 64 + 32];
    group[8..16].copy_from_slice(&0b111_u64.to_le_bytes());
    group[64 + 2..64 + 4].copy_from_slice(&(-3_i16).to_le_bytes());
    group[80 + 2..80 + 4].copy_from_slice(&40_000_u16.to_le_bytes());
    let planes = Box::from([[0, 0b1, 0b11, 0b1000]]);
    let query = BitQuery { planes, coordinate: 0.5, scale: 0.25, most: 100.0 };
    for isa in Isa::supported() {
        let mut uppers = [[0.0; 8]; 8];
        assert_eq!(isa.survivors(&query, &group, 2, 0.0, &mut uppers), 2, "{isa:?}");
        // 3 bits differ in the first plane, 2 in the second, 1 in the third, 4 in the last.
        let expected = 0.5 * -3.0 + 10_000.0 * (100.0 - (3.0 + 2.0 * 2.0 + 4.0 + 8.0 * 4.0));
        assert_eq!(uppers[0][1].to_bits(), f32::to_bits(expected), "{isa:?}");
    }
}

#[test]
fn every_kernel_has_the_products_of_whole_numbers_at_every_length_and_alignment() {
    let bytes = groups(64, 3);
    for length in (0..=200).chain([255, 256, 384, 1000, 4096]) {
        for extreme in [false, true] {
            let codes: Vec<u8> = if extreme { vec![255; length] } else { bytes[..length].to_vec() };
            let factor = |at: usize| if extreme { 2_047 } else { i16::from(bytes[at]) * 16 - 2_040 };
            let factors: [Vec<i16>; 2] =
                [(0..length).map(factor).collect(), (0..length).map(|at| -factor(at)).collect()];
            let expected: i64 = factors[0]
                .iter()
                .zip(&codes)
                .map(|(factor, code)| i64::from(*factor) * i64::from(*code))
                .sum();
            for isa in Isa::supported() {
                for offset in [0, 1, 15, 31] {
                    let placed = [&vec![0xa5; offset], codes.as_slice()].concat();
                    let moved = factors.each_ref().map(|list| [&vec![77; offset], list.as_slice()].concat());
                    let lists = moved.each_ref().map(|list| &list[offset..]);
                    let products = isa.products(lists, &placed[offset..]).map(i64::from);
                    assert_eq!(
                        products,
                        [expected, -expected],
                        "{isa:?}, {length} components, offset {offset}"
                    );
                }
            }
        }
    }
}
