//! The kernels for x86-64 with AVX-512F: one register holds the sixteen lanes of a row.

// Loads from memory are the unsafe operations: their pointers come from references to whole blocks.
#![allow(unsafe_code)]

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::{
    __m256, __m512, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_movehl_ps, _mm_shuffle_ps, _mm256_add_ps,
    _mm256_castpd_ps, _mm256_castps256_ps128, _mm256_extractf128_ps, _mm512_add_ps, _mm512_castps_pd,
    _mm512_castps512_ps256, _mm512_extractf64x4_pd, _mm512_fmadd_ps, _mm512_load_ps, _mm512_loadu_ps,
    _mm512_setzero_ps,
};

use super::kernel::{BLOCK_BYTES, Block, GROUP, Kernel, RUN, Run};

pub(super) const KERNEL: Kernel = Kernel {
    name: "avx512",
    available: || is_x86_feature_detected!("avx512f"),
    dot: dots::<1>,
    dots: dots::<{ GROUP }>,
};

/// The dot product of the query with each row.
#[target_feature(enable = "avx512f")]
fn dots<const ROWS: usize>(query: &[Block], mut rows: [&[u8]; ROWS]) -> [f32; ROWS] {
    let mut totals = [_mm512_setzero_ps(); ROWS];
    for query in query.chunks(RUN) {
        let run = Run::take(&mut rows);
        let mut lanes = [_mm512_setzero_ps(); ROWS];
        for (block, query) in query.iter().enumerate().take(run.whole[0].len()) {
            let query = load_query(query);
            for (lanes, whole) in lanes.iter_mut().zip(run.whole) {
                *lanes = _mm512_fmadd_ps(query, load_stored(&whole[block]), *lanes);
            }
        }
        if let (Some(tails), Some(query)) = (&run.tail, query.last()) {
            let query = load_query(query);
            for (lanes, tail) in lanes.iter_mut().zip(tails) {
                *lanes = _mm512_fmadd_ps(query, load_stored(tail), *lanes);
            }
        }
        for row in 0..ROWS {
            totals[row] = _mm512_add_ps(totals[row], lanes[row]);
        }
    }
    let mut dots = [0.0; ROWS];
    for row in 0..ROWS {
        dots[row] = sum(totals[row]);
    }
    dots
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_query(block: &Block) -> __m512 {
    // SAFETY: a `Block` is 16 floats, aligned to the 64 bytes that this load asks for.
    unsafe { _mm512_load_ps(block.0.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_stored(block: &[u8; BLOCK_BYTES]) -> __m512 {
    // SAFETY: a block is 64 bytes, and this load asks for no alignment.
    unsafe { _mm512_loadu_ps(block.as_ptr().cast()) }
}

/// The sum of the lanes: each half is added to the other until one is left.
#[inline]
#[target_feature(enable = "avx512f")]
fn sum(lanes: __m512) -> f32 {
    let upper: __m256 = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(lanes)));
    let eight = _mm256_add_ps(_mm512_castps512_ps256(lanes), upper);
    let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    let one = _mm_add_ss(two, _mm_shuffle_ps::<1>(two, two));
    _mm_cvtss_f32(one)
}
