//! The kernels for x86-64 with AVX-512: one register holds the sixteen lanes of a row, or a word of eight codes.

// Loads from memory are the unsafe operations: their pointers come from references to whole blocks.
#![allow(unsafe_code)]

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::{
    __m256, __m512, __m512i, _CMP_GE_OQ, _MM_HINT_T0, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_loadu_si128,
    _mm_movehl_ps, _mm_prefetch, _mm_shuffle_ps, _mm256_add_ps, _mm256_castpd_ps, _mm256_castps256_ps128,
    _mm256_cmp_ps_mask, _mm256_cvtepi16_epi32, _mm256_cvtepi32_ps, _mm256_cvtepu16_epi32,
    _mm256_extractf128_ps, _mm256_loadu_si256, _mm256_mul_ps, _mm256_set1_ps, _mm256_storeu_ps,
    _mm256_sub_ps, _mm512_add_epi32, _mm512_add_epi64, _mm512_add_ps, _mm512_castps_pd,
    _mm512_castps512_ps256, _mm512_cvtepi64_epi32, _mm512_cvtepu8_epi16, _mm512_extractf64x4_pd,
    _mm512_fmadd_ps, _mm512_load_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_madd_epi16,
    _mm512_popcnt_epi64, _mm512_reduce_add_epi32, _mm512_set1_epi64, _mm512_setzero_ps, _mm512_setzero_si512,
    _mm512_slli_epi64, _mm512_xor_si512,
};

use super::groups::{
    BitQuery, FETCH_AHEAD, FactorBytes, GROUP_ROWS, QUERY_PLANES, Uppers, WordBytes, groups_of,
};
use super::kernel::{BLOCK_BYTES, Block, GROUP, Kernel, RUN, Run};
use super::scalar;

pub(super) const KERNEL: Kernel = Kernel {
    name: "avx512",
    // Those with the first count of set bits in a register, from 2019 on; older ones do as well with AVX2.
    available: || {
        is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vpopcntdq")
    },
    dot: dots::<1>,
    dots: dots::<{ GROUP }>,
    survivors,
    products,
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

/// The rows whose upper bound reaches the floor.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq")]
fn survivors(query: &BitQuery, groups: &[u8], allowed: u64, floor: f32, uppers: &mut Uppers) -> u64 {
    let mut found = 0;
    for (number, (words, factors)) in groups_of(query, groups, allowed) {
        let mut counts = [_mm512_setzero_si512(); QUERY_PLANES];
        for (words, planes) in words.iter().zip(&query.planes) {
            fetch_ahead(words);
            let words = load_words(words);
            for (count, plane) in counts.iter_mut().zip(planes) {
                let differing = _mm512_xor_si512(words, _mm512_set1_epi64(*plane as i64));
                *count = _mm512_add_epi64(*count, _mm512_popcnt_epi64(differing));
            }
        }
        let low = _mm512_add_epi64(counts[0], _mm512_slli_epi64::<1>(counts[1]));
        let high = _mm512_add_epi64(counts[2], _mm512_slli_epi64::<1>(counts[3]));
        let sums = _mm512_add_epi64(low, _mm512_slli_epi64::<2>(high));
        found |=
            u64::from(reaching(query, sums, factors, floor, &mut uppers[number])) << (number * GROUP_ROWS);
    }
    found & allowed
}

/// Which rows of a group have an upper bound that reaches the floor.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn reaching(
    query: &BitQuery,
    sums: __m512i,
    factors: &FactorBytes,
    floor: f32,
    uppers: &mut [f32; GROUP_ROWS],
) -> u8 {
    let ([coordinates, scales], _) = factors.as_chunks::<16>() else { unreachable!() };
    // SAFETY: half of the factors is 16 bytes, and this load asks for no alignment.
    let coordinates = unsafe { _mm_loadu_si128(coordinates.as_ptr().cast()) };
    // SAFETY: half of the factors is 16 bytes, and this load asks for no alignment.
    let scales = unsafe { _mm_loadu_si128(scales.as_ptr().cast()) };
    let coordinates = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(coordinates));
    let scales = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(scales));
    let sums = _mm256_cvtepi32_ps(_mm512_cvtepi64_epi32(sums));
    let coordinates = _mm256_mul_ps(_mm256_set1_ps(query.coordinate), coordinates);
    let scales = _mm256_mul_ps(_mm256_set1_ps(query.scale), scales);
    let across = _mm256_mul_ps(scales, _mm256_sub_ps(_mm256_set1_ps(query.most), sums));
    let bounds = _mm256_add_ps(coordinates, across);
    // SAFETY: the bounds of a group are eight floats, and this store asks for no alignment.
    unsafe { _mm256_storeu_ps(uppers.as_mut_ptr(), bounds) };
    _mm256_cmp_ps_mask::<_CMP_GE_OQ>(bounds, _mm256_set1_ps(floor))
}

/// Asks for the memory that a scan comes to soon: the processor's own guess ends with each page.
#[inline]
fn fetch_ahead(words: &WordBytes) {
    let ahead = words.as_ptr().wrapping_add(FETCH_AHEAD);
    // SAFETY: fetching into the cache reads nothing, and never faults, wherever it points.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(ahead.cast()) };
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_words(words: &WordBytes) -> __m512i {
    // SAFETY: a word of eight rows is 64 bytes, and this load asks for no alignment.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

/// The products of the codes with both lists of factors, 32 components at a time.
#[target_feature(enable = "avx512f,avx512bw")]
fn products(factors: [&[i16]; 2], codes: &[u8]) -> [i32; 2] {
    let mut sums = [_mm512_setzero_si512(); 2];
    let (whole, rest) = codes.as_chunks::<32>();
    let lists = factors.map(|factors| factors.as_chunks::<32>());
    for (place, codes) in whole.iter().enumerate() {
        // SAFETY: the codes are 32 bytes, and this load asks for no alignment.
        let codes = unsafe { _mm256_loadu_si256(codes.as_ptr().cast()) };
        let codes = _mm512_cvtepu8_epi16(codes);
        for (sum, (factors, _)) in sums.iter_mut().zip(lists) {
            // SAFETY: 32 factors are 64 bytes, and this load asks for no alignment.
            let factors = unsafe { _mm512_loadu_si512(factors[place].as_ptr().cast()) };
            *sum = _mm512_add_epi32(*sum, _mm512_madd_epi16(codes, factors));
        }
    }
    let rests = scalar::products(lists.map(|(_, rest)| rest), rest);
    [
        _mm512_reduce_add_epi32(sums[0]).wrapping_add(rests[0]),
        _mm512_reduce_add_epi32(sums[1]).wrapping_add(rests[1]),
    ]
}
