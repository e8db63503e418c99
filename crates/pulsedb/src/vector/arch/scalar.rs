//! The kernels in plain Rust: the specification made executable, and the oracle of the others.

use super::groups::{BitQuery, FactorBytes, GROUP_ROWS, Uppers, groups_of};
use super::kernel::{BLOCK_BYTES, Block, GROUP, Kernel, LANES, RUN, Run};

pub(super) const KERNEL: Kernel = Kernel {
    name: "scalar",
    available: || true,
    dot: dots::<1>,
    dots: dots::<{ GROUP }>,
    survivors,
    products,
};

/// The dot product of the query with each row.
fn dots<const ROWS: usize>(query: &[Block], mut rows: [&[u8]; ROWS]) -> [f32; ROWS] {
    let mut totals = [[0.0; LANES]; ROWS];
    for query in query.chunks(RUN) {
        let run = Run::take(&mut rows);
        for ((total, whole), row) in totals.iter_mut().zip(run.whole).zip(0..) {
            let tail = run.tail.as_ref().map(|tails: &[_; ROWS]| &tails[row]);
            let mut lanes = [0.0; LANES];
            for (query, stored) in query.iter().zip(whole.iter().chain(tail)) {
                add_products(&mut lanes, query, stored);
            }
            for (total, lane) in total.iter_mut().zip(lanes) {
                *total += lane;
            }
        }
    }
    totals.map(sum)
}

/// Adds the product of each component to its lane, rounding once.
///
/// Where the CPU has no fused multiply-add this calls a software one: slow, with the same bits.
fn add_products(lanes: &mut [f32; LANES], query: &Block, stored: &[u8; BLOCK_BYTES]) {
    let (stored, _) = stored.as_chunks();
    for ((lane, query), stored) in lanes.iter_mut().zip(query.0).zip(stored) {
        *lane = query.mul_add(f32::from_le_bytes(*stored), *lane);
    }
}

/// The sum of the lanes: each half is added to the other until one is left.
fn sum(mut lanes: [f32; LANES]) -> f32 {
    for width in [8, 4, 2, 1] {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
    }
    lanes[0]
}

/// The rows whose upper bound reaches the floor.
fn survivors(query: &BitQuery, groups: &[u8], allowed: u64, floor: f32, uppers: &mut Uppers) -> u64 {
    let mut found = 0;
    for (number, (words, factors)) in groups_of(query, groups, allowed) {
        let mut sums = [0; GROUP_ROWS];
        for (words, planes) in words.iter().zip(&query.planes) {
            let (words, _) = words.as_chunks();
            for (sum, word) in sums.iter_mut().zip(words) {
                for (plane, bits) in planes.iter().enumerate() {
                    *sum += (u64::from_le_bytes(*word) ^ bits).count_ones() << plane;
                }
            }
        }
        found |=
            u64::from(reaching(query, sums, factors, floor, &mut uppers[number])) << (number * GROUP_ROWS);
    }
    found & allowed
}

/// Which rows of a group have an upper bound that reaches the floor.
fn reaching(
    query: &BitQuery,
    sums: [u32; GROUP_ROWS],
    factors: &FactorBytes,
    floor: f32,
    uppers: &mut [f32; GROUP_ROWS],
) -> u8 {
    let (factors, _) = factors.as_chunks();
    let (coordinates, scales) = factors.split_at(GROUP_ROWS);
    let mut found = 0;
    for (row, ((sum, coordinate), scale)) in sums.into_iter().zip(coordinates).zip(scales).enumerate() {
        let coordinate = query.coordinate * f32::from(i16::from_le_bytes(*coordinate));
        let scale = query.scale * f32::from(u16::from_le_bytes(*scale));
        uppers[row] = coordinate + scale * (query.most - sum as f32);
        found |= u8::from(uppers[row] >= floor) << row;
    }
    found
}

/// The products of the codes with both lists of factors.
pub(super) fn products(factors: [&[i16]; 2], codes: &[u8]) -> [i32; 2] {
    factors.map(|factors| {
        let products = factors.iter().zip(codes).map(|(factor, code)| i32::from(*factor) * i32::from(*code));
        products.fold(0, i32::wrapping_add)
    })
}
