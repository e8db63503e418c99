//! The kernels for x86-64 with AVX2 and FMA: two registers hold the sixteen lanes of a row.

// Loads from memory are the unsafe operations: their pointers come from references to whole blocks.
#![allow(unsafe_code)]

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::{
    __m256, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_movehl_ps, _mm_shuffle_ps, _mm256_add_ps,
    _mm256_castps256_ps128, _mm256_extractf128_ps, _mm256_fmadd_ps, _mm256_load_ps, _mm256_loadu_ps,
    _mm256_setzero_ps,
};

use super::kernel::{BLOCK_BYTES, Block, GROUP, Kernel, RUN, Run};

pub(super) const KERNEL: Kernel = Kernel {
    name: "avx2",
    available: || is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
    dot: dots::<1>,
    dots: dots::<{ GROUP }>,
};

/// The lanes of a block: the lower eight, then the upper eight.
type Lanes = [__m256; 2];

/// The dot product of the query with each row.
#[target_feature(enable = "avx2,fma")]
fn dots<const ROWS: usize>(query: &[Block], mut rows: [&[u8]; ROWS]) -> [f32; ROWS] {
    let mut totals = [[_mm256_setzero_ps(); 2]; ROWS];
    for query in query.chunks(RUN) {
        let run = Run::take(&mut rows);
        let mut lanes = [[_mm256_setzero_ps(); 2]; ROWS];
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
#[target_feature(enable = "avx2,fma")]
fn load_query(block: &Block) -> Lanes {
    let ([lower, upper], _) = block.0.as_chunks::<8>() else { unreachable!() };
    // SAFETY: eight floats, the first of a `Block`, which is aligned to more than the 32 bytes asked for.
    let lower = unsafe { _mm256_load_ps(lower.as_ptr()) };
    // SAFETY: eight floats, 32 bytes into a `Block`, and so aligned as this load asks.
    let upper = unsafe { _mm256_load_ps(upper.as_ptr()) };
    [lower, upper]
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn load_stored(block: &[u8; BLOCK_BYTES]) -> Lanes {
    let ([lower, upper], _) = block.as_chunks::<{ BLOCK_BYTES / 2 }>() else { unreachable!() };
    // SAFETY: half a block is 32 bytes, and this load asks for no alignment.
    let lower = unsafe { _mm256_loadu_ps(lower.as_ptr().cast()) };
    // SAFETY: half a block is 32 bytes, and this load asks for no alignment.
    let upper = unsafe { _mm256_loadu_ps(upper.as_ptr().cast()) };
    [lower, upper]
}

/// Adds the product of each component to its lane, rounding once.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_products(lanes: Lanes, query: Lanes, stored: Lanes) -> Lanes {
    [_mm256_fmadd_ps(query[0], stored[0], lanes[0]), _mm256_fmadd_ps(query[1], stored[1], lanes[1])]
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn add(totals: Lanes, lanes: Lanes) -> Lanes {
    [_mm256_add_ps(totals[0], lanes[0]), _mm256_add_ps(totals[1], lanes[1])]
}

/// The sum of the lanes: each half is added to the other until one is left.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn sum(lanes: Lanes) -> f32 {
    let eight = _mm256_add_ps(lanes[0], lanes[1]);
    let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    let one = _mm_add_ss(two, _mm_shuffle_ps::<1>(two, two));
    _mm_cvtss_f32(one)
}
