//! The kernels for x86-64 with AVX2: 32 bytes of a code are one register.

// Loads and stores are the unsafe operations: their pointers come from references to as many bytes.
#![allow(unsafe_code)]

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::{
    __m128i, __m256i, _MM_HINT_T0, _mm_add_epi64, _mm_cvtsi128_si32, _mm_cvtsi128_si64, _mm_loadu_si128,
    _mm_max_epu32, _mm_prefetch, _mm_shuffle_epi32, _mm_unpackhi_epi64, _mm256_abs_epi32, _mm256_add_epi8,
    _mm256_add_epi16, _mm256_add_epi64, _mm256_and_si256, _mm256_castsi256_ps, _mm256_castsi256_si128,
    _mm256_cmpeq_epi8, _mm256_cmpeq_epi32, _mm256_cvtepi8_epi16, _mm256_extracti128_si256,
    _mm256_loadu_si256, _mm256_max_epu8, _mm256_max_epu32, _mm256_min_epu8, _mm256_movemask_epi8,
    _mm256_movemask_ps, _mm256_or_si256, _mm256_sad_epu8, _mm256_set1_epi8, _mm256_set1_epi16,
    _mm256_set1_epi32, _mm256_setr_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16,
    _mm256_storeu_si256, _mm256_sub_epi8, _mm256_xor_si256,
};

use super::kernels::{Kernels, Lines, NODE, POSITION, Planes, PlanesMut, SIGN};
use super::scalar;

pub(super) const KERNELS: Kernels = Kernels {
    name: "avx2",
    available: || is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt"),
    dot,
    dots,
    bind,
    unbind,
    dot_lines,
    bind_lines,
    unbind_lines,
    positions_below,
    add_code,
    counts_dot,
    thin,
    majority,
    planes_dot,
    planes_dots,
    planes_hadamard,
    add_rows,
};

/// Bytes of a register.
const WIDTH: usize = 32;
/// The most common code length, which has a path without a loop.
const COMMON: usize = 128;
/// Registers after which the sums of bytes are folded: a byte cannot overflow before 128.
const RUN: usize = 64;

#[target_feature(enable = "avx2,popcnt")]
fn dot(a: &[u8], b: &[u8]) -> i32 {
    if let (Ok(a), Ok(b)) = (a.try_into(), b.try_into()) {
        return dot_of_128(a, b);
    }
    let ((a, a_tail), (b, b_tail)) = (a.as_chunks(), b.as_chunks());
    let mut sum = scalar::dot(a_tail, b_tail);
    for (a, b) in a.chunks(RUN).zip(b.chunks(RUN)) {
        sum += sum_of_run(a, b);
    }
    sum
}

#[target_feature(enable = "avx2,popcnt")]
fn dots(query: &[u8], rows: &[u8], out: &mut [i32]) {
    if let Ok(query) = query.try_into() {
        let (rows, _) = rows.as_chunks();
        for (out, row) in out.iter_mut().zip(rows) {
            *out = dot_of_128(query, row);
        }
        return;
    }
    let mut rows = rows.chunks_exact(query.len().max(1));
    for out in out {
        *out = dot(query, rows.next().unwrap_or_default());
    }
}

/// The dot product at the common length, which the compiler knows.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn dot_of_128(a: &[u8; COMMON], b: &[u8; COMMON]) -> i32 {
    let ((a, _), (b, _)) = (a.as_chunks(), b.as_chunks());
    sum_of_run(a, b)
}

/// The dot product of at most [`RUN`] registers.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn sum_of_run(a: &[[u8; WIDTH]], b: &[[u8; WIDTH]]) -> i32 {
    let mut sums = _mm256_setzero_si256();
    for (a, b) in a.iter().zip(b) {
        sums = _mm256_add_epi8(sums, dot_of_32(load(a), load(b)));
    }
    sum_of_bytes(sums)
}

/// In each byte, 1 if the two are equal, -1 if they differ only in sign, and 0 otherwise.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn dot_of_32(a: __m256i, b: __m256i) -> __m256i {
    let difference = _mm256_xor_si256(a, b);
    let equal = _mm256_cmpeq_epi8(difference, _mm256_setzero_si256());
    let opposite = _mm256_cmpeq_epi8(difference, _mm256_set1_epi8(SIGN as i8));
    // A match is -1.
    _mm256_sub_epi8(opposite, equal)
}

/// The sum of signed bytes.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn sum_of_bytes(bytes: __m256i) -> i32 {
    /// The bias that makes signed bytes unsigned, 32 times.
    const BIAS: i32 = 128 * WIDTH as i32;
    let biased = _mm256_xor_si256(bytes, _mm256_set1_epi8(SIGN as i8));
    sum_of_words(_mm256_sad_epu8(biased, _mm256_setzero_si256())) as i32 - BIAS
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn sum_of_words(words: __m256i) -> i64 {
    let two = _mm_add_epi64(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
    _mm_cvtsi128_si64(_mm_add_epi64(two, _mm_unpackhi_epi64(two, two)))
}

#[target_feature(enable = "avx2,popcnt")]
fn bind(modulus: u8, a: &[u8], b: &[u8], out: &mut [u8]) {
    let of_register = |a, b| bind_of_32(modulus, a, b);
    each(a, b, out, of_register, |a, b, out| scalar::bind(modulus, a, b, out));
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn bind_of_32(modulus: u8, a: __m256i, b: __m256i) -> __m256i {
    let position = _mm256_set1_epi8(POSITION as i8);
    let sum = _mm256_add_epi8(_mm256_and_si256(a, position), _mm256_and_si256(b, position));
    let wrapped = _mm256_sub_epi8(sum, _mm256_set1_epi8(modulus as i8));
    with_sign(_mm256_min_epu8(sum, wrapped), _mm256_xor_si256(a, b))
}

#[target_feature(enable = "avx2,popcnt")]
fn unbind(modulus: u8, a: &[u8], b: &[u8], out: &mut [u8]) {
    let of_register = |a, b| unbind_of_32(modulus, a, b);
    each(a, b, out, of_register, |a, b, out| scalar::unbind(modulus, a, b, out));
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn unbind_of_32(modulus: u8, a: __m256i, b: __m256i) -> __m256i {
    let position = _mm256_set1_epi8(POSITION as i8);
    let difference = _mm256_sub_epi8(_mm256_and_si256(a, position), _mm256_and_si256(b, position));
    let wrapped = _mm256_add_epi8(difference, _mm256_set1_epi8(modulus as i8));
    with_sign(_mm256_min_epu8(difference, wrapped), _mm256_xor_si256(a, b))
}

/// Applies an operation to whole registers, and its scalar twin to the rest.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn each(
    a: &[u8],
    b: &[u8],
    out: &mut [u8],
    of_register: impl Fn(__m256i, __m256i) -> __m256i,
    of_tail: impl Fn(&[u8], &[u8], &mut [u8]),
) {
    // The common length first, which needs no further checks.
    if let (Some(a), Some(b), Some(out)) = (a.as_array(), b.as_array(), out.as_mut_array()) {
        let (a, b, out): (&[_; COMMON], &[_; COMMON], &mut [_; COMMON]) = (a, b, out);
        let (out, _) = out.as_chunks_mut();
        for ((out, a), b) in out.iter_mut().zip(a.as_chunks().0).zip(b.as_chunks().0) {
            store(out, of_register(load(a), load(b)));
        }
        return;
    }
    let ((a, a_tail), (b, b_tail)) = (a.as_chunks(), b.as_chunks());
    let (out, out_tail) = out.as_chunks_mut();
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        store(out, of_register(load(a), load(b)));
    }
    of_tail(a_tail, b_tail, out_tail);
}

/// The low 7 bits of one and the top bit of the other.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn with_sign(position: __m256i, sign: __m256i) -> __m256i {
    let position = _mm256_and_si256(position, _mm256_set1_epi8(POSITION as i8));
    _mm256_or_si256(position, _mm256_and_si256(sign, _mm256_set1_epi8(SIGN as i8)))
}

// The length is known here, so the loops below are unrolled.
#[target_feature(enable = "avx2,popcnt")]
fn dot_lines(a: &[u8; Lines::BYTES], b: &[u8; Lines::BYTES]) -> i32 {
    dot(a, b)
}

#[target_feature(enable = "avx2,popcnt")]
fn bind_lines(modulus: u8, a: &[u8; Lines::BYTES], b: &[u8; Lines::BYTES]) -> Lines {
    let mut bound = Lines::ZERO;
    bind(modulus, a, b, &mut bound.0);
    bound
}

#[target_feature(enable = "avx2,popcnt")]
fn unbind_lines(modulus: u8, a: &[u8; Lines::BYTES], b: &[u8; Lines::BYTES]) -> Lines {
    let mut unbound = Lines::ZERO;
    unbind(modulus, a, b, &mut unbound.0);
    unbound
}

#[target_feature(enable = "avx2,popcnt")]
fn positions_below(modulus: u8, code: &[u8]) -> bool {
    let (whole, tail) = code.as_chunks();
    let mut highest = _mm256_setzero_si256();
    for code in whole {
        let position = _mm256_and_si256(load(code), _mm256_set1_epi8(POSITION as i8));
        highest = _mm256_max_epu8(highest, position);
    }
    let modulus_of_each = _mm256_set1_epi8(modulus as i8);
    // If a position is not below the modulus, its maximum with the modulus is itself.
    let beyond = _mm256_cmpeq_epi8(_mm256_max_epu8(highest, modulus_of_each), highest);
    _mm256_movemask_epi8(beyond) == 0 && scalar::positions_below(modulus, tail)
}

#[target_feature(enable = "avx2,popcnt")]
fn add_code(counters: &mut [i32], positions: usize, code: &[u8], weight: i32) {
    scalar::add_code(counters, positions, code, weight);
}

#[target_feature(enable = "avx2,popcnt")]
fn counts_dot(counters: &[i32], positions: usize, code: &[u8]) -> i64 {
    scalar::counts_dot(counters, positions, code)
}

#[target_feature(enable = "avx2,popcnt")]
fn thin(counters: &[i32], positions: usize, out: &mut [u8]) {
    for (block, out) in counters.chunks_exact(positions).zip(out) {
        let (whole, tail) = block.as_chunks();
        let tail = padded(tail);
        let mut largest = _mm256_abs_epi32(load_counters(&tail));
        for counters in whole {
            largest = _mm256_max_epu32(largest, _mm256_abs_epi32(load_counters(counters)));
        }
        let largest = largest_of(largest);
        *out = if largest == 0 { 0 } else { first_with(largest, whole, &tail) };
    }
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn largest_of(values: __m256i) -> u32 {
    let four = _mm_max_epu32(_mm256_castsi256_si128(values), _mm256_extracti128_si256::<1>(values));
    let two = _mm_max_epu32(four, _mm_shuffle_epi32::<0b01_00_11_10>(four));
    let one = _mm_max_epu32(two, _mm_shuffle_epi32::<0b10_11_00_01>(two));
    _mm_cvtsi128_si32(one) as u32
}

/// The position and sign of the first counter with that absolute value.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn first_with(absolute: u32, whole: &[[i32; 8]], tail: &[i32; 8]) -> u8 {
    let wanted = _mm256_set1_epi32(absolute as i32);
    let mut position = 0;
    for counters in whole.iter().chain([tail]) {
        let counters = load_counters(counters);
        let found = bits(_mm256_cmpeq_epi32(_mm256_abs_epi32(counters), wanted));
        if found != 0 {
            let first = found.trailing_zeros();
            let sign = if bits(counters) >> first & 1 == 1 { SIGN } else { 0 };
            return (position + first as u8) | sign;
        }
        position += 8;
    }
    0
}

#[target_feature(enable = "avx2,popcnt")]
fn majority(counters: &[i32], nonzero: &mut [u64], sign: &mut [u64]) {
    let (whole, tail) = counters.as_chunks::<64>();
    for ((counters, nonzero), sign) in whole.iter().zip(nonzero.iter_mut()).zip(sign.iter_mut()) {
        (*nonzero, *sign) = (0, 0);
        let (eights, _) = counters.as_chunks();
        for (counters, place) in eights.iter().zip(0..) {
            let counters = load_counters(counters);
            let zero = bits(_mm256_cmpeq_epi32(counters, _mm256_setzero_si256()));
            *nonzero |= u64::from(zero ^ 0xff) << (8 * place);
            *sign |= u64::from(bits(counters)) << (8 * place);
        }
    }
    scalar::majority(tail, &mut nonzero[whole.len()..], &mut sign[whole.len()..]);
}

/// The top bits of the eight lanes.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn bits(lanes: __m256i) -> u32 {
    _mm256_movemask_ps(_mm256_castsi256_ps(lanes)) as u32
}

#[target_feature(enable = "avx2,popcnt")]
fn planes_dot(a: Planes<'_>, b: Planes<'_>) -> i64 {
    /// Registers after which the bytes are folded: each adds at most 16 to a byte.
    const RUN: usize = 15;
    let ((a_nonzero, a_nonzero_tail), (a_sign, a_sign_tail)) = (a.0.as_chunks::<4>(), a.1.as_chunks::<4>());
    let ((b_nonzero, b_nonzero_tail), (b_sign, b_sign_tail)) = (b.0.as_chunks::<4>(), b.1.as_chunks::<4>());
    let mut words = _mm256_setzero_si256();
    let a_runs = a_nonzero.chunks(RUN).zip(a_sign.chunks(RUN));
    let b_runs = b_nonzero.chunks(RUN).zip(b_sign.chunks(RUN));
    for ((a_nonzero, a_sign), (b_nonzero, b_sign)) in a_runs.zip(b_runs) {
        let mut bytes = _mm256_setzero_si256();
        for (((a_nonzero, a_sign), b_nonzero), b_sign) in
            a_nonzero.iter().zip(a_sign).zip(b_nonzero).zip(b_sign)
        {
            let a = [load_words(a_nonzero), load_words(a_sign)];
            let b = [load_words(b_nonzero), load_words(b_sign)];
            bytes = _mm256_add_epi8(bytes, planes_of_4(a, b));
        }
        words = _mm256_add_epi64(words, _mm256_sad_epu8(bytes, _mm256_setzero_si256()));
    }
    // Each of the 32 bytes in a register is 8 too high.
    let whole = sum_of_words(words) - 8 * 32 * a_nonzero.len() as i64;
    whole + scalar::planes_dot((a_nonzero_tail, a_sign_tail), (b_nonzero_tail, b_sign_tail))
}

/// The dot product of each byte of the planes, plus 8.
///
/// Bits are counted by looking up both halves of a byte (Mula, Kurz, Lemire 2018, section 3).
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn planes_of_4(a: [__m256i; 2], b: [__m256i; 2]) -> __m256i {
    let ones = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
    );
    let zeros = _mm256_setr_epi8(
        4, 3, 3, 2, 3, 2, 2, 1, 3, 2, 2, 1, 2, 1, 1, 0, 4, 3, 3, 2, 3, 2, 2, 1, 3, 2, 2, 1, 2, 1, 1, 0,
    );
    let low = _mm256_set1_epi8(0x0f);
    let nonzero = _mm256_and_si256(a[0], b[0]);
    let negative = _mm256_and_si256(nonzero, _mm256_xor_si256(a[1], b[1]));
    let positive = _mm256_xor_si256(nonzero, negative);
    let low_ones = _mm256_shuffle_epi8(ones, _mm256_and_si256(positive, low));
    let high_ones = _mm256_shuffle_epi8(ones, _mm256_and_si256(_mm256_srli_epi16::<4>(positive), low));
    let low_zeros = _mm256_shuffle_epi8(zeros, _mm256_and_si256(negative, low));
    let high_zeros = _mm256_shuffle_epi8(zeros, _mm256_and_si256(_mm256_srli_epi16::<4>(negative), low));
    _mm256_add_epi8(_mm256_add_epi8(low_ones, high_ones), _mm256_add_epi8(low_zeros, high_zeros))
}

#[target_feature(enable = "avx2,popcnt")]
fn planes_dots(query: Planes<'_>, rows: &[u64], out: &mut [i64]) {
    let words = query.0.len();
    let mut rows = rows.chunks_exact((2 * words).max(1));
    for out in out {
        *out = planes_dot(query, rows.next().unwrap_or_default().split_at(words));
    }
}

#[target_feature(enable = "avx2,popcnt")]
fn planes_hadamard(a: Planes<'_>, b: Planes<'_>, out: PlanesMut<'_>) {
    scalar::planes_hadamard(a, b, out);
}

#[target_feature(enable = "avx2,popcnt")]
fn add_rows(rows: &[i8], code: &[u8], positions: usize, totals: &mut [i16; NODE]) {
    let (rows, _) = rows.as_chunks();
    prefetch_named(rows, code, positions);
    let mut sums = [_mm256_setzero_si256(); 4];
    let mut negatives = 0_i16;
    for (block, entry) in rows.chunks_exact(positions).zip(code) {
        let row = &block[usize::from(entry & POSITION)];
        // For a counter c, -c is (c ^ -1) + 1; the ones are added at the end.
        let negative = -i16::from(entry >> 7);
        let sign = _mm256_set1_epi16(negative);
        negatives = negatives.wrapping_sub(negative);
        let (quarters, _) = row.as_chunks();
        for (sum, quarter) in sums.iter_mut().zip(quarters) {
            let counters = _mm256_cvtepi8_epi16(load_quarter(quarter));
            *sum = _mm256_add_epi16(*sum, _mm256_xor_si256(counters, sign));
        }
    }
    let (quarters, _) = totals.as_chunks_mut();
    for (quarter, sum) in quarters.iter_mut().zip(sums) {
        let sum = _mm256_add_epi16(sum, _mm256_set1_epi16(negatives));
        let sum = _mm256_add_epi16(load_totals(quarter), sum);
        store_totals(quarter, sum);
    }
}

/// Prefetches the row that the code selects in each block.
///
/// All before the first is used, so that rows outside the cache arrive in parallel.
#[inline]
pub(super) fn prefetch_named(rows: &[[i8; NODE]], code: &[u8], positions: usize) {
    for (block, entry) in rows.chunks_exact(positions).zip(code) {
        let row = &block[usize::from(entry & POSITION)];
        // SAFETY: a prefetch has no effect but on the cache; the pointer is that of a reference.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(row.as_ptr()) }
    }
}

/// Fewer than 8 counters, padded with zeros.
#[inline]
fn padded(tail: &[i32]) -> [i32; 8] {
    let mut counters = [0; 8];
    for (to, from) in counters.iter_mut().zip(tail) {
        *to = *from;
    }
    counters
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; WIDTH]) -> __m256i {
    // SAFETY: the reference is to the 32 bytes that are read, and this load asks for no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(bytes: &mut [u8; WIDTH], value: __m256i) {
    // SAFETY: the reference is to the 32 bytes that are written, and this store asks for no alignment.
    unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_counters(counters: &[i32; 8]) -> __m256i {
    // SAFETY: the reference is to the 8 counters that are read, and this load asks for no alignment.
    unsafe { _mm256_loadu_si256(counters.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_words(words: &[u64; 4]) -> __m256i {
    // SAFETY: the reference is to the 4 words that are read, and this load asks for no alignment.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_quarter(counters: &[i8; NODE / 4]) -> __m128i {
    // SAFETY: the reference is to the 16 counters that are read, and this load asks for no alignment.
    unsafe { _mm_loadu_si128(counters.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_totals(totals: &[i16; NODE / 4]) -> __m256i {
    // SAFETY: the reference is to the 16 totals that are read, and this load asks for no alignment.
    unsafe { _mm256_loadu_si256(totals.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_totals(totals: &mut [i16; NODE / 4], value: __m256i) {
    // SAFETY: the reference is to the 16 totals that are written, and this store asks for no alignment.
    unsafe { _mm256_storeu_si256(totals.as_mut_ptr().cast(), value) }
}
