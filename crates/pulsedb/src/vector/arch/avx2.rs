//! The kernels for x86-64 with AVX2 and FMA: two registers hold the sixteen lanes of a row, or a word of eight codes.

// Loads from memory are the unsafe operations: their pointers come from references to whole blocks.
#![allow(unsafe_code)]

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::{
    __m256, __m256i, _CMP_GE_OQ, _MM_HINT_T0, _mm_add_epi32, _mm_add_ps, _mm_add_ss, _mm_cvtsi128_si32,
    _mm_cvtss_f32, _mm_loadu_si128, _mm_movehl_ps, _mm_prefetch, _mm_shuffle_epi32, _mm_shuffle_ps,
    _mm256_add_epi8, _mm256_add_epi32, _mm256_add_epi64, _mm256_add_ps, _mm256_and_si256,
    _mm256_castps256_ps128, _mm256_castsi256_si128, _mm256_cmp_ps, _mm256_cvtepi16_epi32, _mm256_cvtepi32_ps,
    _mm256_cvtepu8_epi16, _mm256_cvtepu16_epi32, _mm256_extractf128_ps, _mm256_extracti128_si256,
    _mm256_fmadd_ps, _mm256_load_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16,
    _mm256_movemask_ps, _mm256_mul_ps, _mm256_permute4x64_epi64, _mm256_sad_epu8, _mm256_set1_epi8,
    _mm256_set1_epi64x, _mm256_set1_ps, _mm256_setr_epi8, _mm256_setzero_ps, _mm256_setzero_si256,
    _mm256_shuffle_epi8, _mm256_shuffle_epi32, _mm256_srli_epi16, _mm256_storeu_ps, _mm256_sub_ps,
    _mm256_unpacklo_epi64, _mm256_xor_si256,
};

use super::groups::{BitQuery, FETCH_AHEAD, FactorBytes, GROUP_ROWS, Uppers, WordBytes, groups_of};
use super::kernel::{BLOCK_BYTES, Block, GROUP, Kernel, RUN, Run};
use super::scalar;

pub(super) const KERNEL: Kernel = Kernel {
    name: "avx2",
    available: || is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
    dot: dots::<1>,
    dots: dots::<{ GROUP }>,
    survivors,
    products,
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

/// The rows whose upper bound reaches the floor.
#[target_feature(enable = "avx2")]
fn survivors(query: &BitQuery, groups: &[u8], allowed: u64, floor: f32, uppers: &mut Uppers) -> u64 {
    let mut found = 0;
    for (number, (words, factors)) in groups_of(query, groups, allowed) {
        let mut sums = [_mm256_setzero_si256(); 2];
        for (words, planes) in words.iter().zip(&query.planes) {
            fetch_ahead(words);
            for (sum, words) in sums.iter_mut().zip(load_words(words)) {
                // At most 8 differing bits a byte, weighted with 1, 2, 4 and 8: 120 fit into it.
                let mut counts = _mm256_setzero_si256();
                for plane in planes.iter().rev() {
                    let differing = _mm256_xor_si256(words, _mm256_set1_epi64x(*plane as i64));
                    counts = _mm256_add_epi8(_mm256_add_epi8(counts, counts), count_bits(differing));
                }
                *sum = _mm256_add_epi64(*sum, _mm256_sad_epu8(counts, _mm256_setzero_si256()));
            }
        }
        found |= u64::from(reaching(query, narrow(sums), factors, floor, &mut uppers[number]))
            << (number * GROUP_ROWS);
    }
    found & allowed
}

/// The number of bits that are set in each byte, by a table of the counts of half a byte.
#[inline]
#[target_feature(enable = "avx2")]
fn count_bits(bits: __m256i) -> __m256i {
    let table = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
    );
    let half = _mm256_set1_epi8(15);
    let low = _mm256_and_si256(bits, half);
    let high = _mm256_and_si256(_mm256_srli_epi16::<4>(bits), half);
    _mm256_add_epi8(_mm256_shuffle_epi8(table, low), _mm256_shuffle_epi8(table, high))
}

/// The lower halves of four and four 64-bit numbers, in their order.
#[inline]
#[target_feature(enable = "avx2")]
fn narrow(sums: [__m256i; 2]) -> __m256i {
    let first = _mm256_shuffle_epi32::<0b10_00_10_00>(sums[0]);
    let second = _mm256_shuffle_epi32::<0b10_00_10_00>(sums[1]);
    _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_unpacklo_epi64(first, second))
}

/// Which rows of a group have an upper bound that reaches the floor.
#[inline]
#[target_feature(enable = "avx2")]
fn reaching(
    query: &BitQuery,
    sums: __m256i,
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
    let coordinates = _mm256_mul_ps(_mm256_set1_ps(query.coordinate), coordinates);
    let scales = _mm256_mul_ps(_mm256_set1_ps(query.scale), scales);
    let sums = _mm256_cvtepi32_ps(sums);
    let across = _mm256_mul_ps(scales, _mm256_sub_ps(_mm256_set1_ps(query.most), sums));
    let bounds = _mm256_add_ps(coordinates, across);
    // SAFETY: the bounds of a group are eight floats, and this store asks for no alignment.
    unsafe { _mm256_storeu_ps(uppers.as_mut_ptr(), bounds) };
    _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(bounds, _mm256_set1_ps(floor))) as u8
}

/// Asks for the memory that a scan comes to soon: the processor's own guess ends with each page.
#[inline]
fn fetch_ahead(words: &WordBytes) {
    let ahead = words.as_ptr().wrapping_add(FETCH_AHEAD);
    // SAFETY: fetching into the cache reads nothing, and never faults, wherever it points.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(ahead.cast()) };
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_words(words: &WordBytes) -> [__m256i; 2] {
    let ([lower, upper], _) = words.as_chunks::<32>() else { unreachable!() };
    // SAFETY: a word of four rows is 32 bytes, and this load asks for no alignment.
    let lower = unsafe { _mm256_loadu_si256(lower.as_ptr().cast()) };
    // SAFETY: a word of four rows is 32 bytes, and this load asks for no alignment.
    let upper = unsafe { _mm256_loadu_si256(upper.as_ptr().cast()) };
    [lower, upper]
}

/// The products of the codes with both lists of factors, 16 components at a time.
#[target_feature(enable = "avx2")]
fn products(factors: [&[i16]; 2], codes: &[u8]) -> [i32; 2] {
    let mut sums = [_mm256_setzero_si256(); 2];
    let (whole, rest) = codes.as_chunks::<16>();
    let lists = factors.map(|factors| factors.as_chunks::<16>());
    for (place, codes) in whole.iter().enumerate() {
        // SAFETY: the codes are 16 bytes, and this load asks for no alignment.
        let codes = unsafe { _mm_loadu_si128(codes.as_ptr().cast()) };
        let codes = _mm256_cvtepu8_epi16(codes);
        for (sum, (factors, _)) in sums.iter_mut().zip(lists) {
            // SAFETY: 16 factors are 32 bytes, and this load asks for no alignment.
            let factors = unsafe { _mm256_loadu_si256(factors[place].as_ptr().cast()) };
            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(codes, factors));
        }
    }
    let rests = scalar::products(lists.map(|(_, rest)| rest), rest);
    [add_lanes(sums[0]).wrapping_add(rests[0]), add_lanes(sums[1]).wrapping_add(rests[1])]
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_lanes(lanes: __m256i) -> i32 {
    let four = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256::<1>(lanes));
    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b01_00_11_10>(four));
    _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<0b10_11_00_01>(two)))
}
