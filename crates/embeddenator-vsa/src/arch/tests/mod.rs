//! Every kernel is compared with the scalar one, and the scalar one with independently written models.

mod models;

use std::process::Command;

use super::{Isa, Lines, NODE, OVERRIDE, POSITION, SIGN, scalar};

const SCALAR: Isa = Isa(&scalar::KERNELS);
const ENVIRONMENT_TEST: &str = "arch::tests::environment_names_the_kernels";
/// The longest code; every length up to it is compared: more than four registers of the widest
/// kernels.
const LENGTH_MAX: usize = 257;
/// Bytes of the widest register, and so the number of alignments.
const ALIGNMENTS: usize = 64;

/// The lengths to compare. Miri interprets each step, so it gets only a few.
fn lengths() -> impl Iterator<Item = usize> {
    (0..=LENGTH_MAX).step_by(if cfg!(miri) { 51 } else { 1 })
}

fn alignments() -> impl Iterator<Item = usize> {
    (0..ALIGNMENTS).step_by(if cfg!(miri) { 21 } else { 1 })
}

/// Pseudo-random numbers, the same in each run (`SplitMix64`: Steele, Lea, Flood 2014).
fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    (1_u64..).map(move |index| {
        let mut mixed = seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

/// Code bytes with few positions, so that equal and opposite ones are frequent at any shift.
fn codes(seed: u64, count: usize, positions: u64) -> Vec<u8> {
    let codes = numbers(seed).map(|number| (number >> 8) as u8 & SIGN | (number % positions) as u8);
    codes.take(count).collect()
}

/// Counters that include extremes, zeros and ties.
fn counters(seed: u64, count: usize) -> Vec<i32> {
    let counters = numbers(seed).map(|number| match number % 16 {
        0 => i32::MIN,
        1 => i32::MAX,
        2 => -i32::MAX,
        3..6 => 0,
        6 => (number >> 32) as i32,
        _ => (number >> 32) as i32 % 4,
    });
    counters.take(count).collect()
}

fn words(seed: u64, count: usize) -> Vec<u64> {
    numbers(seed).take(count).collect()
}

#[test]
fn dots_have_the_bits_of_the_scalar_one_at_every_length_and_alignment() {
    // Each slice is part of a buffer of other codes, which must not count.
    let (a, b) = (codes(1, 512, 3), codes(2, 512, 3));
    for length in lengths() {
        for offset in alignments() {
            let a = &a[offset..offset + length];
            let b = &b[offset * 17 % 64..][..length];
            let expected = SCALAR.dot(a, b);
            for isa in Isa::supported() {
                assert_eq!(isa.dot(a, b), expected, "{isa:?}, {length} bytes, offset {offset}");
            }
        }
    }
}

#[test]
fn dots_of_rows_are_those_of_each_row_at_every_length_and_alignment() {
    const ROWS: usize = 9;
    let (query, rows) = (codes(3, 512, 3), codes(4, ROWS * LENGTH_MAX + 64, 3));
    for length in lengths() {
        for offset in alignments() {
            let query = &query[offset * 17 % 64..][..length];
            let rows = &rows[offset..offset + ROWS * length];
            let each = |row: usize| SCALAR.dot(query, &rows[row * length..][..length]);
            let expected: [i32; ROWS] = std::array::from_fn(each);
            for isa in Isa::supported() {
                let mut dots = [0x7f7f_7f7f; ROWS];
                isa.dots(query, rows, &mut dots);
                assert_eq!(dots, expected, "{isa:?}, rows of {length} bytes, offset {offset}");
            }
        }
    }
}

#[test]
fn many_bytes_overflow_no_sum() {
    for isa in Isa::supported() {
        for length in [4_064, 4_096, 8_192, 100_000].into_iter().take(if cfg!(miri) { 2 } else { 4 }) {
            let (positive, negative) = (vec![0; length], vec![SIGN; length]);
            assert_eq!(isa.dot(&positive, &positive), length as i32, "{isa:?}");
            assert_eq!(isa.dot(&positive, &negative), -(length as i32), "{isa:?}");
            let (all, none) = (vec![u64::MAX; length], vec![0; length]);
            assert_eq!(isa.planes_dot((&all, &none), (&all, &none)), 64 * length as i64, "{isa:?}");
            assert_eq!(isa.planes_dot((&all, &none), (&all, &all)), -64 * length as i64, "{isa:?}");
        }
    }
}

/// Both operations, each with its own output inside a buffer that must otherwise stay unchanged.
fn bound(isa: Isa, modulus: u8, a: &[u8], b: &[u8], offset: usize) -> [Vec<u8>; 2] {
    let mut outputs = [vec![0xa5; 512], vec![0xa5; 512]];
    let [bound, unbound] = &mut outputs;
    isa.bind(modulus, a, b, &mut bound[offset..offset + a.len()]);
    isa.unbind(modulus, a, b, &mut unbound[offset..offset + a.len()]);
    outputs
}

#[test]
fn bind_and_unbind_have_the_bits_of_the_scalar_ones_at_every_length_and_alignment() {
    let (a, b) = (codes(5, 512, 100), codes(6, 512, 100));
    for length in lengths() {
        for offset in alignments() {
            let modulus = 100 + ((length + offset) % 29) as u8;
            let a = &a[offset * 17 % 64..][..length];
            let b = &b[offset * 29 % 64..][..length];
            let expected = bound(SCALAR, modulus, a, b, offset);
            for isa in Isa::supported() {
                let outputs = bound(isa, modulus, a, b, offset);
                assert_eq!(outputs, expected, "{isa:?}, {length} bytes, offset {offset}, modulus {modulus}");
            }
        }
    }
}

#[test]
fn kernels_of_two_lines_are_those_of_128_bytes() {
    let (a, b) = (codes(23, 256, 128), codes(24, 256, 128));
    for offset in alignments() {
        let (a, _) = a[offset..].as_chunks().0.split_first().expect("more than two lines");
        let (b, _) = b[offset * 17 % 64..].as_chunks().0.split_first().expect("more than two lines");
        for modulus in [1, 100, 127, 128] {
            let [sum, difference] = bound(SCALAR, modulus, a, b, 0);
            for isa in Isa::supported() {
                assert_eq!(isa.dot_lines(a, b), SCALAR.dot(a, b), "{isa:?}, offset {offset}");
                assert_eq!(isa.bind_lines(modulus, a, b).0, sum[..Lines::BYTES], "{isa:?}, offset {offset}");
                let unbound = isa.unbind_lines(modulus, a, b).0;
                assert_eq!(unbound, difference[..Lines::BYTES], "{isa:?}, offset {offset}");
            }
        }
    }
}

/// Every pair of bytes with every modulus: valid positions are compared with the definition, the
/// meaningless rest with the scalar kernel.
#[test]
fn bind_and_unbind_are_sum_and_difference_modulo_every_modulus() {
    let every: Vec<u8> = (0..=255).collect();
    for modulus in (1..=128_u8).step_by(if cfg!(miri) { 127 } else { 1 }) {
        for first in (0..=255).step_by(if cfg!(miri) { 85 } else { 1 }) {
            let a = [first; 256];
            let expected = bound(SCALAR, modulus, &a, &every, 0);
            for (second, at) in every.iter().zip(0..) {
                let (p, q) = (i32::from(first & POSITION), i32::from(second & POSITION));
                if p.max(q) >= i32::from(modulus) {
                    continue;
                }
                let sign = if (first < 128) == (*second < 128) { 0 } else { SIGN };
                let sum = (p + q).rem_euclid(i32::from(modulus)) as u8;
                let difference = (p - q).rem_euclid(i32::from(modulus)) as u8;
                assert_eq!(expected[0][at], sum | sign, "{first} + {second} modulo {modulus}");
                assert_eq!(expected[1][at], difference | sign, "{first} - {second} modulo {modulus}");
            }
            for isa in Isa::supported() {
                assert_eq!(bound(isa, modulus, &a, &every, 0), expected, "{isa:?}, {first} modulo {modulus}");
            }
        }
    }
}

/// One position that is not below the modulus is detected at each place of each length; surrounding
/// bytes are ignored.
#[test]
fn positions_below_sees_each_byte_and_no_other() {
    for isa in Isa::supported() {
        for length in lengths() {
            for modulus in [1, 2, 77, 127, 128] {
                let mut bytes = vec![POSITION; length + 64];
                let offset = length % 64;
                let code = &mut bytes[offset..offset + length];
                code.fill((modulus - 1) | SIGN);
                assert!(isa.positions_below(modulus, code), "{isa:?}, {length} bytes below {modulus}");
                for at in (0..length).step_by(if cfg!(miri) { 17 } else { 1 }).filter(|_| modulus < 128) {
                    code[at] = modulus;
                    assert!(!isa.positions_below(modulus, code), "{isa:?}, {at} of {length}, {modulus}");
                    code[at] = 0;
                }
            }
        }
    }
}

#[test]
fn counter_kernels_have_the_bits_of_the_scalar_ones_at_every_length_and_alignment() {
    for positions in [1, 3, 4] {
        let code = codes(7, 512, positions as u64);
        let counters = counters(8, LENGTH_MAX * positions + 16);
        for blocks in lengths() {
            for offset in alignments() {
                let code = &code[offset..offset + blocks];
                let counters = &counters[offset % 16..][..blocks * positions];
                compare_counter_kernels(counters, positions, code);
            }
        }
    }
}

#[test]
fn counter_kernels_have_the_bits_of_the_scalar_ones_at_every_number_of_positions() {
    for positions in (1..=128).step_by(if cfg!(miri) { 127 } else { 1 }) {
        for blocks in [1, 2, 7, 16, 33] {
            let code = codes(9, blocks, positions as u64);
            compare_counter_kernels(&counters(10, blocks * positions), positions, &code);
        }
    }
}

fn compare_counter_kernels(counters: &[i32], positions: usize, code: &[u8]) {
    let outputs = |isa: Isa| {
        let mut added = counters.to_vec();
        isa.add_code(&mut added, positions, code, 1);
        isa.add_code(&mut added, positions, code, i32::MIN);
        let mut thinned = vec![0xa5; code.len()];
        isa.thin(counters, positions, &mut thinned);
        (added, thinned, isa.counts_dot(counters, positions, code))
    };
    let expected = outputs(SCALAR);
    for isa in Isa::supported() {
        assert_eq!(outputs(isa), expected, "{isa:?}, {} blocks of {positions}", code.len());
    }
}

#[test]
fn code_added_with_the_weight_and_its_opposite_leaves_the_counters() {
    let code = codes(11, 128, 128);
    let before = counters(12, 128 * 128);
    for isa in Isa::supported() {
        for weight in [1, -7, i32::MAX, i32::MIN] {
            let mut after = before.clone();
            isa.add_code(&mut after, 128, &code, weight);
            assert_ne!(after, before, "{isa:?}");
            isa.add_code(&mut after, 128, &code, weight.wrapping_neg());
            assert_eq!(after, before, "{isa:?}");
        }
    }
}

/// If counters tie, even with opposite signs, the lowest position wins; the most negative counter
/// is the furthest from zero.
#[test]
fn thin_takes_the_lowest_of_equals_and_the_most_negative() {
    for isa in Isa::supported() {
        for positions in 2..=128 {
            for first in (0..positions - 1).step_by(if cfg!(miri) { 60 } else { 1 }) {
                let mut block = vec![0; positions];
                let mut out = [0xa5];
                (block[first], block[positions - 1]) = (-5, 5);
                isa.thin(&block, positions, &mut out);
                assert_eq!(out, [first as u8 | SIGN], "{isa:?}");
                (block[first], block[positions - 1]) = (i32::MAX, i32::MIN);
                isa.thin(&block, positions, &mut out);
                assert_eq!(out, [(positions - 1) as u8 | SIGN], "{isa:?}");
                (block[first], block[positions - 1]) = (5, 5);
                isa.thin(&block, positions, &mut out);
                assert_eq!(out, [first as u8], "{isa:?}");
            }
            let mut out = [0xa5];
            isa.thin(&vec![0; positions], positions, &mut out);
            assert_eq!(out, [0], "{isa:?}: a block of zeros");
        }
    }
}

#[test]
fn majority_has_the_bits_of_the_scalar_one_at_every_length_and_alignment() {
    let counters = counters(13, LENGTH_MAX + 16);
    for length in lengths() {
        for offset in 0..16 {
            let counters = &counters[offset..offset + length];
            let planes = |isa: Isa| {
                let mut planes = [vec![u64::MAX; length.div_ceil(64)], vec![u64::MAX; length.div_ceil(64)]];
                let [nonzero, sign] = &mut planes;
                isa.majority(counters, nonzero, sign);
                planes
            };
            let expected = planes(SCALAR);
            for isa in Isa::supported() {
                assert_eq!(planes(isa), expected, "{isa:?}, {length} counters, offset {offset}");
            }
        }
    }
}

#[test]
fn plane_kernels_have_the_bits_of_the_scalar_ones_at_every_length_and_alignment() {
    const ROWS: usize = 3;
    let planes: [Vec<u64>; 4] = std::array::from_fn(|plane| words(14 + plane as u64, LENGTH_MAX + 16));
    let rows = words(18, ROWS * 2 * LENGTH_MAX + 16);
    for length in lengths() {
        // Words are at multiples of 8 bytes: these are all alignments.
        for offset in 0..ALIGNMENTS / 8 {
            let plane = |plane: usize| &planes[plane][(offset + 3 * plane) % 8..][..length];
            let (a, b) = ((plane(0), plane(1)), (plane(2), plane(3)));
            let outputs = |isa: Isa| {
                let mut dots = [0; ROWS];
                isa.planes_dots(a, &rows[offset..][..ROWS * 2 * length], length, &mut dots);
                let mut product = [vec![0xa5; length + 16], vec![0xa5; length + 16]];
                let [nonzero, sign] = &mut product;
                let out = (&mut nonzero[offset..offset + length], &mut sign[offset..offset + length]);
                isa.planes_hadamard(a, b, out);
                (isa.planes_dot(a, b), dots, product)
            };
            let expected = outputs(SCALAR);
            for isa in Isa::supported() {
                assert_eq!(outputs(isa), expected, "{isa:?}, {length} words, offset {offset}");
            }
        }
    }
}

#[test]
fn row_sums_have_the_bits_of_the_scalar_ones_at_every_length_and_alignment() {
    const POSITIONS: usize = 3;
    let rows: Vec<i8> = numbers(19).map(|n| n as i8).take(LENGTH_MAX * POSITIONS * NODE + 64).collect();
    let code = codes(20, 512, POSITIONS as u64);
    for blocks in lengths() {
        for offset in alignments() {
            let rows = &rows[offset..][..blocks * POSITIONS * NODE];
            let code = &code[offset * 17 % 64..][..blocks];
            compare_row_sums(rows, code, POSITIONS);
        }
    }
}

#[test]
fn row_sums_have_the_bits_of_the_scalar_ones_at_every_number_of_positions() {
    for positions in (1..=128).step_by(if cfg!(miri) { 127 } else { 1 }) {
        for blocks in [1, 2, 7, 16] {
            let rows: Vec<i8> = numbers(21).map(|n| n as i8).take(blocks * positions * NODE).collect();
            compare_row_sums(&rows, &codes(22, blocks, positions as u64), positions);
        }
    }
}

fn compare_row_sums(rows: &[i8], code: &[u8], positions: usize) {
    let sums = |isa: Isa| {
        let mut totals = std::array::from_fn(|item| item as i16 * 500);
        isa.add_rows(rows, code, positions, &mut totals);
        totals
    };
    let expected = sums(SCALAR);
    for isa in Isa::supported() {
        assert_eq!(sums(isa), expected, "{isa:?}, {} blocks of {positions}", code.len());
    }
}

/// Totals are exact up to the documented bounds, for counters and codes of either sign.
#[test]
fn row_sums_are_exact_to_their_bounds() {
    for (blocks, counter) in [(255, -128_i8), (255, 127), (511, -64), (511, 64)] {
        for code in [0, SIGN] {
            let exact = blocks * i32::from(counter) * if code == 0 { 1 } else { -1 };
            for isa in Isa::supported() {
                let mut totals = [0; NODE];
                let rows = vec![counter; blocks as usize * NODE];
                isa.add_rows(&rows, &vec![code; blocks as usize], 1, &mut totals);
                assert_eq!(totals.map(i32::from), [exact; NODE], "{isa:?}, {blocks} x {counter}");
            }
        }
    }
}

#[test]
fn positions_that_are_not_below_the_number_of_positions_panic() {
    for isa in Isa::supported() {
        let counters = [0; 6];
        let code = [2, 3];
        let panics = |call: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err();
        assert!(panics(&|| isa.add_code(&mut counters.clone(), 3, &code, 1)), "{isa:?}");
        assert!(panics(&|| assert_ne!(isa.counts_dot(&counters, 3, &code), 1)), "{isa:?}");
        assert!(panics(&|| isa.add_rows(&[0; 6 * NODE], &code, 3, &mut [0; NODE])), "{isa:?}");
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

/// The choice is made once per process, so the test starts itself again for each name.
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
        let output = Command::new(itself).args(["--exact", ENVIRONMENT_TEST]).env(OVERRIDE, name).output();
        let output = output.expect("the test binary starts");
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && printed.contains("1 passed"), "{name}: {printed}");
    }
}
