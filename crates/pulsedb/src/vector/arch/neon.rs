//! The kernels for little-endian AArch64 with NEON: four registers hold the sixteen lanes of a row.

// Loads from memory are the unsafe operations: their pointers come from references to whole blocks.
#![allow(unsafe_code)]

use std::arch::aarch64::{
    float32x4_t, vadd_f32, vaddq_f32, vdupq_n_f32, vfmaq_f32, vget_high_f32, vget_lane_f32, vget_low_f32,
    vld1q_f32, vld1q_u8, vreinterpretq_f32_u8,
};
use std::arch::is_aarch64_feature_detected;

use super::kernel::{BLOCK_BYTES, Block, GROUP, Kernel, RUN, Run};

pub(super) const KERNEL: Kernel = Kernel {
    name: "neon",
    available: || is_aarch64_feature_detected!("neon"),
    dot: dots::<1>,
    dots: dots::<{ GROUP }>,
};

/// The lanes of a block, four after four.
type Lanes = [float32x4_t; 4];

/// The dot product of the query with each row.
#[target_feature(enable = "neon")]
fn dots<const ROWS: usize>(query: &[Block], mut rows: [&[u8]; ROWS]) -> [f32; ROWS] {
    let mut totals = [[vdupq_n_f32(0.0); 4]; ROWS];
    for query in query.chunks(RUN) {
        let run = Run::take(&mut rows);
        let mut lanes = [[vdupq_n_f32(0.0); 4]; ROWS];
        for (block, query) in query.iter().enumerate().take(run.whole[0].len()) {
            let query = load_query(query);
            for (lanes, whole) in lanes.iter_mut().zip(run.whole) {
                *lanes = add_products(*lanes, query, load_stored(&whole[block]));
            }
        }
        if let (Some(tails), Some(query)) = (&run.tail, query.last()) {
            let query = load_query(query);
            for (lanes, tail) in lanes.iter_mut().zip(tails) {
                *lanes = add_products(*lanes, query, load_stored(tail));
            }
        }
        for row in 0..ROWS {
            totals[row] = add(totals[row], lanes[row]);
        }
    }
    let mut dots = [0.0; ROWS];
    for row in 0..ROWS {
        dots[row] = sum(totals[row]);
    }
    dots
}

#[inline]
#[target_feature(enable = "neon")]
fn load_query(block: &Block) -> Lanes {
    let mut lanes = [vdupq_n_f32(0.0); 4];
    let (quarters, _) = block.0.as_chunks::<4>();
    for (lanes, quarter) in lanes.iter_mut().zip(quarters) {
        // SAFETY: a quarter of a block is four floats, aligned as floats are.
        *lanes = unsafe { vld1q_f32(quarter.as_ptr()) };
    }
    lanes
}

#[inline]
#[target_feature(enable = "neon")]
fn load_stored(block: &[u8; BLOCK_BYTES]) -> Lanes {
    let mut lanes = [vdupq_n_f32(0.0); 4];
    let (quarters, _) = block.as_chunks::<{ BLOCK_BYTES / 4 }>();
    for (lanes, quarter) in lanes.iter_mut().zip(quarters) {
        // SAFETY: a quarter of a block is 16 bytes, and bytes need no alignment.
        let bytes = unsafe { vld1q_u8(quarter.as_ptr()) };
        *lanes = vreinterpretq_f32_u8(bytes);
    }
    lanes
}

/// Adds the product of each component to its lane, rounding once.
#[inline]
#[target_feature(enable = "neon")]
fn add_products(mut lanes: Lanes, query: Lanes, stored: Lanes) -> Lanes {
    for quarter in 0..4 {
        lanes[quarter] = vfmaq_f32(lanes[quarter], query[quarter], stored[quarter]);
    }
    lanes
}

#[inline]
#[target_feature(enable = "neon")]
fn add(mut totals: Lanes, lanes: Lanes) -> Lanes {
    for quarter in 0..4 {
        totals[quarter] = vaddq_f32(totals[quarter], lanes[quarter]);
    }
    totals
}

/// The sum of the lanes: each half is added to the other until one is left.
#[inline]
#[target_feature(enable = "neon")]
fn sum(lanes: Lanes) -> f32 {
    let eight = [vaddq_f32(lanes[0], lanes[2]), vaddq_f32(lanes[1], lanes[3])];
    let four = vaddq_f32(eight[0], eight[1]);
    let two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    vget_lane_f32::<0>(two) + vget_lane_f32::<1>(two)
}
