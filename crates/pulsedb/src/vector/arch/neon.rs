//! The kernels for little-endian AArch64 with NEON: four registers hold the sixteen lanes of a row, or a word of eight codes.

// Loads from memory are the unsafe operations: their pointers come from references to whole blocks.
#![allow(unsafe_code)]

use std::arch::aarch64::{
    float32x4_t, uint8x16_t, uint32x4_t, vadd_f32, vaddq_f32, vaddq_s32, vaddq_u8, vaddq_u64, vaddvq_s32,
    vaddvq_u32, vandq_u32, vcgeq_f32, vcntq_u8, vcombine_u32, vcvtq_f32_s32, vcvtq_f32_u32, vdupq_n_f32,
    vdupq_n_s32, vdupq_n_u8, vdupq_n_u64, veorq_u8, vfmaq_f32, vget_high_f32, vget_high_s16, vget_high_u8,
    vget_lane_f32, vget_low_f32, vget_low_s16, vget_low_u8, vld1_u8, vld1q_f32, vld1q_s16, vld1q_u8,
    vld1q_u32, vmlal_s16, vmovl_s16, vmovl_u8, vmovl_u16, vmovn_u64, vmulq_f32, vpaddlq_u8, vpaddlq_u16,
    vpaddlq_u32, vreinterpret_s16_u8, vreinterpret_u16_u8, vreinterpretq_f32_u8, vreinterpretq_s16_u16,
    vreinterpretq_u8_u64, vst1q_f32, vsubq_f32,
};
use std::arch::is_aarch64_feature_detected;

use super::groups::{BitQuery, GROUP_ROWS, Uppers, WordBytes, groups_of};
use super::kernel::{BLOCK_BYTES, Block, GROUP, Kernel, RUN, Run};
use super::scalar;

pub(super) const KERNEL: Kernel = Kernel {
    name: "neon",
    available: || is_aarch64_feature_detected!("neon"),
    dot: dots::<1>,
    dots: dots::<{ GROUP }>,
    survivors,
    products,
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

/// The rows whose upper bound reaches the floor.
#[target_feature(enable = "neon")]
fn survivors(query: &BitQuery, groups: &[u8], allowed: u64, floor: f32, uppers: &mut Uppers) -> u64 {
    let mut found = 0;
    for (number, (words, factors)) in groups_of(query, groups, allowed) {
        let mut sums = [vdupq_n_u64(0); 4];
        for (words, planes) in words.iter().zip(&query.planes) {
            for (sum, words) in sums.iter_mut().zip(load_words(words)) {
                // At most 8 differing bits a byte, weighted with 1, 2, 4 and 8: 120 fit into it.
                let mut counts = vdupq_n_u8(0);
                for plane in planes.iter().rev() {
                    let differing = veorq_u8(words, vreinterpretq_u8_u64(vdupq_n_u64(*plane)));
                    counts = vaddq_u8(vaddq_u8(counts, counts), vcntq_u8(differing));
                }
                *sum = vaddq_u64(*sum, vpaddlq_u32(vpaddlq_u16(vpaddlq_u8(counts))));
            }
        }
        let lower = vcombine_u32(vmovn_u64(sums[0]), vmovn_u64(sums[1]));
        let upper = vcombine_u32(vmovn_u64(sums[2]), vmovn_u64(sums[3]));
        let (quarters, _) = factors.as_chunks::<8>();
        let ([first, second], _) = uppers[number].as_chunks_mut::<4>() else { unreachable!() };
        let lower = reaching(query, lower, [&quarters[0], &quarters[2]], floor, first);
        let upper = reaching(query, upper, [&quarters[1], &quarters[3]], floor, second);
        found |= u64::from(lower | upper << 4) << (number * GROUP_ROWS);
    }
    found & allowed
}

/// Which of four rows have an upper bound that reaches the floor, by their coordinates and scales.
#[inline]
#[target_feature(enable = "neon")]
fn reaching(
    query: &BitQuery,
    sums: uint32x4_t,
    factors: [&[u8; 8]; 2],
    floor: f32,
    uppers: &mut [f32; 4],
) -> u32 {
    // SAFETY: four factors are 8 bytes, and bytes need no alignment.
    let coordinates = unsafe { vld1_u8(factors[0].as_ptr()) };
    // SAFETY: four factors are 8 bytes, and bytes need no alignment.
    let scales = unsafe { vld1_u8(factors[1].as_ptr()) };
    let coordinates = vcvtq_f32_s32(vmovl_s16(vreinterpret_s16_u8(coordinates)));
    let scales = vcvtq_f32_u32(vmovl_u16(vreinterpret_u16_u8(scales)));
    let coordinates = vmulq_f32(vdupq_n_f32(query.coordinate), coordinates);
    let scales = vmulq_f32(vdupq_n_f32(query.scale), scales);
    let across = vmulq_f32(scales, vsubq_f32(vdupq_n_f32(query.most), vcvtq_f32_u32(sums)));
    let bounds = vaddq_f32(coordinates, across);
    // SAFETY: the bounds of half a group are four floats, aligned as floats are.
    unsafe { vst1q_f32(uppers.as_mut_ptr(), bounds) };
    let reaching = vcgeq_f32(bounds, vdupq_n_f32(floor));
    // SAFETY: the array is four numbers, aligned as they are.
    let rows = unsafe { vld1q_u32([1, 2, 4, 8].as_ptr()) };
    vaddvq_u32(vandq_u32(reaching, rows))
}

#[inline]
#[target_feature(enable = "neon")]
fn load_words(words: &WordBytes) -> [uint8x16_t; 4] {
    let mut pairs = [vdupq_n_u8(0); 4];
    let (quarters, _) = words.as_chunks::<16>();
    for (pair, quarter) in pairs.iter_mut().zip(quarters) {
        // SAFETY: a word of two rows is 16 bytes, and bytes need no alignment.
        *pair = unsafe { vld1q_u8(quarter.as_ptr()) };
    }
    pairs
}

/// The products of the codes with both lists of factors, 16 components at a time.
#[target_feature(enable = "neon")]
fn products(factors: [&[i16]; 2], codes: &[u8]) -> [i32; 2] {
    let mut sums = [[vdupq_n_s32(0); 4]; 2];
    let (whole, rest) = codes.as_chunks::<16>();
    let lists = factors.map(|factors| factors.as_chunks::<16>());
    for (place, codes) in whole.iter().enumerate() {
        // SAFETY: the codes are 16 bytes, and bytes need no alignment.
        let codes = unsafe { vld1q_u8(codes.as_ptr()) };
        let low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(codes)));
        let high = vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(codes)));
        for (sums, (factors, _)) in sums.iter_mut().zip(lists) {
            let ([first, second], _) = factors[place].as_chunks::<8>() else { unreachable!() };
            // SAFETY: eight factors, aligned as they are.
            let first = unsafe { vld1q_s16(first.as_ptr()) };
            // SAFETY: eight factors, aligned as they are.
            let second = unsafe { vld1q_s16(second.as_ptr()) };
            sums[0] = vmlal_s16(sums[0], vget_low_s16(low), vget_low_s16(first));
            sums[1] = vmlal_s16(sums[1], vget_high_s16(low), vget_high_s16(first));
            sums[2] = vmlal_s16(sums[2], vget_low_s16(high), vget_low_s16(second));
            sums[3] = vmlal_s16(sums[3], vget_high_s16(high), vget_high_s16(second));
        }
    }
    let mut totals = scalar::products(lists.map(|(_, rest)| rest), rest);
    for (total, sums) in totals.iter_mut().zip(sums) {
        let sum = vaddq_s32(vaddq_s32(sums[0], sums[1]), vaddq_s32(sums[2], sums[3]));
        *total = total.wrapping_add(vaddvq_s32(sum));
    }
    totals
}
