//! The kernels for x86-64 with AVX-512 F, BW and VPOPCNTDQ: 64 bytes of a code are one register.

// Loads and stores are the unsafe operations: their pointers come from references to as many bytes.
#![allow(unsafe_code)]

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::{
    __m256i, __m512i, __mmask16, _mm256_loadu_si256, _mm512_abs_epi32, _mm512_add_epi8, _mm512_add_epi16,
    _mm512_add_epi64, _mm512_and_si512, _mm512_cmpeq_epi8_mask, _mm512_cmpeq_epi32_mask,
    _mm512_cmpge_epu8_mask, _mm512_cmplt_epi32_mask, _mm512_cvtepi8_epi16, _mm512_loadu_epi8,
    _mm512_loadu_epi16, _mm512_loadu_epi32, _mm512_loadu_epi64, _mm512_mask_testn_epi8_mask,
    _mm512_maskz_loadu_epi8, _mm512_maskz_loadu_epi32, _mm512_maskz_loadu_epi64, _mm512_max_epu32,
    _mm512_min_epu8, _mm512_popcnt_epi64, _mm512_reduce_add_epi64, _mm512_reduce_max_epu32, _mm512_set1_epi8,
    _mm512_set1_epi16, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_storeu_epi8, _mm512_storeu_epi16,
    _mm512_sub_epi8, _mm512_sub_epi64, _mm512_ternarylogic_epi64, _mm512_test_epi32_mask,
    _mm512_testn_epi8_mask, _mm512_xor_si512,
};

use super::avx2::prefetch_named;
use super::kernels::{Kernels, Lines, NODE, POSITION, Planes, PlanesMut, SIGN};
use super::scalar;

pub(super) const KERNELS: Kernels = Kernels {
    name: "avx512",
    available: || {
        is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vpopcntdq")
            && is_x86_feature_detected!("popcnt")
    },
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
const WIDTH: usize = 64;
/// The most common code length, which has a path without a loop.
const COMMON: usize = 128;

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn dot(a: &[u8], b: &[u8]) -> i32 {
    if let (Ok(a), Ok(b)) = (a.try_into(), b.try_into()) {
        return dot_of_128(a, b);
    }
    let ((a, a_tail), (b, b_tail)) = (a.as_chunks(), b.as_chunks());
    let mut sum = dot_of_tail(a_tail, b_tail);
    for (a, b) in a.iter().zip(b) {
        sum += dot_of_64(a, b);
    }
    sum
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
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

/// The dot product at the common length: no loop and no tail.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn dot_of_128(a: &[u8; COMMON], b: &[u8; COMMON]) -> i32 {
    let ((a, _), (b, _)) = (a.as_chunks(), b.as_chunks());
    dot_of_64(&a[0], &b[0]) + dot_of_64(&a[1], &b[1])
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn dot_of_64(a: &[u8; WIDTH], b: &[u8; WIDTH]) -> i32 {
    let difference = _mm512_xor_si512(load(a), load(b));
    let equal = _mm512_testn_epi8_mask(difference, difference);
    let opposite = _mm512_cmpeq_epi8_mask(difference, _mm512_set1_epi8(SIGN as i8));
    equal.count_ones() as i32 - opposite.count_ones() as i32
}

/// The dot product of fewer than 64 bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn dot_of_tail(a: &[u8], b: &[u8]) -> i32 {
    if a.is_empty() {
        return 0;
    }
    let difference = _mm512_xor_si512(load_tail(a), load_tail(b));
    let equal = _mm512_mask_testn_epi8_mask(lanes(a.len()), difference, difference);
    let opposite = _mm512_cmpeq_epi8_mask(difference, _mm512_set1_epi8(SIGN as i8));
    equal.count_ones() as i32 - opposite.count_ones() as i32
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn bind(modulus: u8, a: &[u8], b: &[u8], out: &mut [u8]) {
    let of_register = |a, b| bind_of_64(modulus, a, b);
    each(a, b, out, of_register, |a, b, out| scalar::bind(modulus, a, b, out));
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn bind_of_64(modulus: u8, a: __m512i, b: __m512i) -> __m512i {
    let position = _mm512_set1_epi8(POSITION as i8);
    let sum = _mm512_add_epi8(_mm512_and_si512(a, position), _mm512_and_si512(b, position));
    let wrapped = _mm512_sub_epi8(sum, _mm512_set1_epi8(modulus as i8));
    with_sign(_mm512_min_epu8(sum, wrapped), _mm512_xor_si512(a, b))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn unbind(modulus: u8, a: &[u8], b: &[u8], out: &mut [u8]) {
    let of_register = |a, b| unbind_of_64(modulus, a, b);
    each(a, b, out, of_register, |a, b, out| scalar::unbind(modulus, a, b, out));
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn unbind_of_64(modulus: u8, a: __m512i, b: __m512i) -> __m512i {
    let position = _mm512_set1_epi8(POSITION as i8);
    let difference = _mm512_sub_epi8(_mm512_and_si512(a, position), _mm512_and_si512(b, position));
    let wrapped = _mm512_add_epi8(difference, _mm512_set1_epi8(modulus as i8));
    with_sign(_mm512_min_epu8(difference, wrapped), _mm512_xor_si512(a, b))
}

/// Applies an operation to whole registers, and its scalar twin to the rest.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn each(
    a: &[u8],
    b: &[u8],
    out: &mut [u8],
    of_register: impl Fn(__m512i, __m512i) -> __m512i,
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
#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn with_sign(position: __m512i, sign: __m512i) -> __m512i {
    /// For each bit: the second if the first is set, otherwise the third.
    const SELECT: i32 = 0b1100_1010;
    _mm512_ternarylogic_epi64::<SELECT>(_mm512_set1_epi8(POSITION as i8), position, sign)
}

// The length is known here, so the loops below are unrolled.
#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn dot_lines(a: &[u8; Lines::BYTES], b: &[u8; Lines::BYTES]) -> i32 {
    dot(a, b)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn bind_lines(modulus: u8, a: &[u8; Lines::BYTES], b: &[u8; Lines::BYTES]) -> Lines {
    let mut bound = Lines::ZERO;
    bind(modulus, a, b, &mut bound.0);
    bound
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn unbind_lines(modulus: u8, a: &[u8; Lines::BYTES], b: &[u8; Lines::BYTES]) -> Lines {
    let mut unbound = Lines::ZERO;
    unbind(modulus, a, b, &mut unbound.0);
    unbound
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn positions_below(modulus: u8, code: &[u8]) -> bool {
    let (whole, tail) = code.as_chunks();
    let mut beyond = 0;
    for code in whole {
        let position = _mm512_and_si512(load(code), _mm512_set1_epi8(POSITION as i8));
        beyond |= _mm512_cmpge_epu8_mask(position, _mm512_set1_epi8(modulus as i8));
    }
    beyond == 0 && scalar::positions_below(modulus, tail)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn add_code(counters: &mut [i32], positions: usize, code: &[u8], weight: i32) {
    scalar::add_code(counters, positions, code, weight);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn counts_dot(counters: &[i32], positions: usize, code: &[u8]) -> i64 {
    scalar::counts_dot(counters, positions, code)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn thin(counters: &[i32], positions: usize, out: &mut [u8]) {
    for (block, out) in counters.chunks_exact(positions).zip(out) {
        let (whole, tail) = block.as_chunks();
        let mut largest = _mm512_abs_epi32(load_counters_tail(tail));
        for counters in whole {
            largest = _mm512_max_epu32(largest, _mm512_abs_epi32(load_counters(counters)));
        }
        let largest = _mm512_reduce_max_epu32(largest);
        *out = if largest == 0 { 0 } else { first_with(largest, whole, tail) };
    }
}

/// The position and sign of the first counter with that absolute value.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn first_with(absolute: u32, whole: &[[i32; 16]], tail: &[i32]) -> u8 {
    let wanted = _mm512_set1_epi32(absolute as i32);
    let mut position = 0;
    for counters in whole {
        let counters = load_counters(counters);
        let found = _mm512_cmpeq_epi32_mask(_mm512_abs_epi32(counters), wanted);
        if found != 0 {
            return position + entry(counters, found);
        }
        position += 16;
    }
    let counters = load_counters_tail(tail);
    position + entry(counters, _mm512_cmpeq_epi32_mask(_mm512_abs_epi32(counters), wanted))
}

/// The first matching lane, with the sign of its counter.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn entry(counters: __m512i, found: __mmask16) -> u8 {
    let negative = _mm512_cmplt_epi32_mask(counters, _mm512_setzero_si512());
    let first = found.trailing_zeros();
    first as u8 | if negative >> first & 1 == 1 { SIGN } else { 0 }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn majority(counters: &[i32], nonzero: &mut [u64], sign: &mut [u64]) {
    let (whole, tail) = counters.as_chunks::<64>();
    for ((counters, nonzero), sign) in whole.iter().zip(nonzero.iter_mut()).zip(sign.iter_mut()) {
        (*nonzero, *sign) = (0, 0);
        let (quarters, _) = counters.as_chunks();
        for (counters, quarter) in quarters.iter().zip(0..) {
            let counters = load_counters(counters);
            let negative = _mm512_cmplt_epi32_mask(counters, _mm512_setzero_si512());
            *nonzero |= u64::from(_mm512_test_epi32_mask(counters, counters)) << (16 * quarter);
            *sign |= u64::from(negative) << (16 * quarter);
        }
    }
    scalar::majority(tail, &mut nonzero[whole.len()..], &mut sign[whole.len()..]);
}

/// The dot product of each word of the planes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn planes_of_8(a: [__m512i; 2], b: [__m512i; 2]) -> __m512i {
    /// For each bit: whether the second and third differ and the first is set.
    const DIFFER_WITHIN: i32 = 0b0110_0000;
    let nonzero = _mm512_and_si512(a[0], b[0]);
    let negative = _mm512_ternarylogic_epi64::<DIFFER_WITHIN>(nonzero, a[1], b[1]);
    let negatives = _mm512_popcnt_epi64(negative);
    _mm512_sub_epi64(_mm512_sub_epi64(_mm512_popcnt_epi64(nonzero), negatives), negatives)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn planes_dot(a: Planes<'_>, b: Planes<'_>) -> i64 {
    let (a_nonzero, a_nonzero_tail) = a.0.as_chunks();
    let (a_sign, a_sign_tail) = a.1.as_chunks();
    let (b_nonzero, b_nonzero_tail) = b.0.as_chunks();
    let (b_sign, b_sign_tail) = b.1.as_chunks();
    let mut sum = planes_of_8(
        [load_words_tail(a_nonzero_tail), load_words_tail(a_sign_tail)],
        [load_words_tail(b_nonzero_tail), load_words_tail(b_sign_tail)],
    );
    for (((a_nonzero, a_sign), b_nonzero), b_sign) in a_nonzero.iter().zip(a_sign).zip(b_nonzero).zip(b_sign)
    {
        let a = [load_words(a_nonzero), load_words(a_sign)];
        let b = [load_words(b_nonzero), load_words(b_sign)];
        sum = _mm512_add_epi64(sum, planes_of_8(a, b));
    }
    _mm512_reduce_add_epi64(sum)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn planes_dots(query: Planes<'_>, rows: &[u64], out: &mut [i64]) {
    let words = query.0.len();
    let mut rows = rows.chunks_exact((2 * words).max(1));
    for out in out {
        *out = planes_dot(query, rows.next().unwrap_or_default().split_at(words));
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn planes_hadamard(a: Planes<'_>, b: Planes<'_>, out: PlanesMut<'_>) {
    scalar::planes_hadamard(a, b, out);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn add_rows(rows: &[i8], code: &[u8], positions: usize, totals: &mut [i16; NODE]) {
    let (rows, _) = rows.as_chunks();
    prefetch_named(rows, code, positions);
    let mut sums = [_mm512_setzero_si512(); 2];
    let mut negatives = 0_i16;
    for (block, entry) in rows.chunks_exact(positions).zip(code) {
        let row = &block[usize::from(entry & POSITION)];
        // For a counter c, -c is (c ^ -1) + 1; the ones are added at the end.
        let negative = -i16::from(entry >> 7);
        let sign = _mm512_set1_epi16(negative);
        negatives = negatives.wrapping_sub(negative);
        let (halves, _) = row.as_chunks();
        for (sum, half) in sums.iter_mut().zip(halves) {
            let counters = _mm512_cvtepi8_epi16(load_half(half));
            *sum = _mm512_add_epi16(*sum, _mm512_xor_si512(counters, sign));
        }
    }
    let (halves, _) = totals.as_chunks_mut();
    for (half, sum) in halves.iter_mut().zip(sums) {
        let sum = _mm512_add_epi16(sum, _mm512_set1_epi16(negatives));
        let sum = _mm512_add_epi16(load_totals(half), sum);
        store_totals(half, sum);
    }
}

/// The lanes of a tail of fewer than 64 bytes.
#[inline]
fn lanes(length: usize) -> u64 {
    (1 << length) - 1
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load(bytes: &[u8; WIDTH]) -> __m512i {
    // SAFETY: the reference is to the 64 bytes that are read, and this load asks for no alignment.
    unsafe { _mm512_loadu_epi8(bytes.as_ptr().cast()) }
}

/// Fewer than 64 bytes, padded with zeros.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load_tail(bytes: &[u8]) -> __m512i {
    // SAFETY: the mask has one lane for each byte of the slice, and only these are read.
    unsafe { _mm512_maskz_loadu_epi8(lanes(bytes.len()), bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn store(bytes: &mut [u8; WIDTH], value: __m512i) {
    // SAFETY: the reference is to the 64 bytes that are written, and this store asks for no alignment.
    unsafe { _mm512_storeu_epi8(bytes.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_counters(counters: &[i32; 16]) -> __m512i {
    // SAFETY: the reference is to the 16 counters that are read, and this load asks for no alignment.
    unsafe { _mm512_loadu_epi32(counters.as_ptr()) }
}

/// Fewer than 16 counters, padded with zeros.
#[inline]
#[target_feature(enable = "avx512f")]
fn load_counters_tail(counters: &[i32]) -> __m512i {
    // SAFETY: the mask has one lane for each counter of the slice, and only these are read.
    unsafe { _mm512_maskz_loadu_epi32(lanes(counters.len()) as u16, counters.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_words(words: &[u64; 8]) -> __m512i {
    // SAFETY: the reference is to the 8 words that are read, and this load asks for no alignment.
    unsafe { _mm512_loadu_epi64(words.as_ptr().cast()) }
}

/// Fewer than 8 words, padded with zeros.
#[inline]
#[target_feature(enable = "avx512f")]
fn load_words_tail(words: &[u64]) -> __m512i {
    // SAFETY: the mask has one lane for each word of the slice, and only these are read.
    unsafe { _mm512_maskz_loadu_epi64(lanes(words.len()) as u8, words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_half(counters: &[i8; NODE / 2]) -> __m256i {
    // SAFETY: the reference is to the 32 counters that are read, and this load asks for no alignment.
    unsafe { _mm256_loadu_si256(counters.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load_totals(totals: &[i16; NODE / 2]) -> __m512i {
    // SAFETY: the reference is to the 32 totals that are read, and this load asks for no alignment.
    unsafe { _mm512_loadu_epi16(totals.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn store_totals(totals: &mut [i16; NODE / 2], value: __m512i) {
    // SAFETY: the reference is to the 32 totals that are written, and this store asks for no alignment.
    unsafe { _mm512_storeu_epi16(totals.as_mut_ptr(), value) }
}
