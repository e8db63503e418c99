//! The kernels in plain Rust: the specification made executable, and the oracle of the others.

use super::kernel::{BLOCK_BYTES, Block, GROUP, Kernel, LANES, RUN, Run};

pub(super) const KERNEL: Kernel =
    Kernel { name: "scalar", available: || true, dot: dots::<1>, dots: dots::<{ GROUP }> };

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
