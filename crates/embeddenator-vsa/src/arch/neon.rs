//! The kernels for little-endian `AArch64` with NEON: 16 bytes of a code are one register.
//!
//! NEON is part of the base architecture, so the compiler already uses it well in the scalar
//! kernels, which serve wherever hand-written code gains nothing.

// Loads and stores are the unsafe operations: their pointers come from references to as many bytes.
#![allow(unsafe_code)]

use std::arch::aarch64::{
    uint8x16_t, uint64x2_t, vaddlvq_s8, vaddq_u8, vandq_u8, vandq_u64, vbslq_u8, vceqq_u8, vceqzq_u8,
    vcntq_u8, vdupq_n_u8, veorq_u8, veorq_u64, vld1q_u8, vld1q_u64, vmaxq_u8, vmaxvq_u8, vminq_u8,
    vreinterpretq_s8_u8, vreinterpretq_u8_u64, vst1q_u8, vsubq_u8,
};
use std::arch::is_aarch64_feature_detected;

use super::kernels::{Kernels, Lines, POSITION, Planes, SIGN};
use super::scalar;

pub(super) const KERNELS: Kernels = Kernels {
    name: "neon",
    available: || is_aarch64_feature_detected!("neon"),
    dot,
    dots,
    bind,
    unbind,
    dot_lines,
    bind_lines,
    unbind_lines,
    positions_below,
    add_code: scalar::add_code,
    counts_dot: scalar::counts_dot,
    thin: scalar::thin,
    majority: scalar::majority,
    planes_dot,
    planes_dots,
    planes_hadamard: scalar::planes_hadamard,
    add_rows: scalar::add_rows,
};

/// Bytes of a register.
const WIDTH: usize = 16;
/// Registers after which the sums of bytes are folded: a byte cannot overflow before 128.
const RUN: usize = 64;

#[target_feature(enable = "neon")]
fn dot(a: &[u8], b: &[u8]) -> i32 {
    let ((a, a_tail), (b, b_tail)) = (a.as_chunks(), b.as_chunks());
    let mut sum = scalar::dot(a_tail, b_tail);
    for (a, b) in a.chunks(RUN).zip(b.chunks(RUN)) {
        sum += sum_of_run(a, b);
    }
    sum
}

#[target_feature(enable = "neon")]
fn dots(query: &[u8], rows: &[u8], out: &mut [i32]) {
    if let Ok(query) = query.try_into() {
        let (rows, _) = rows.as_chunks();
        for (out, row) in out.iter_mut().zip(rows) {
            *out = dot_lines(query, row);
        }
        return;
    }
    let mut rows = rows.chunks_exact(query.len().max(1));
    for out in out {
        *out = dot(query, rows.next().unwrap_or_default());
    }
}

// The length is known here, so the loop is unrolled.
#[target_feature(enable = "neon")]
fn dot_lines(a: &[u8; Lines::BYTES], b: &[u8; Lines::BYTES]) -> i32 {
    let ((a, _), (b, _)) = (a.as_chunks(), b.as_chunks());
    sum_of_run(a, b)
}

/// The dot product of at most [`RUN`] registers.
#[inline]
#[target_feature(enable = "neon")]
fn sum_of_run(a: &[[u8; WIDTH]], b: &[[u8; WIDTH]]) -> i32 {
    let mut sums = vdupq_n_u8(0);
    for (a, b) in a.iter().zip(b) {
        let difference = veorq_u8(load(a), load(b));
        let equal = vceqzq_u8(difference);
        let opposite = vceqq_u8(difference, vdupq_n_u8(SIGN));
        // A match is -1.
        sums = vsubq_u8(vaddq_u8(sums, opposite), equal);
    }
    i32::from(vaddlvq_s8(vreinterpretq_s8_u8(sums)))
}

#[target_feature(enable = "neon")]
fn bind(modulus: u8, a: &[u8], b: &[u8], out: &mut [u8]) {
    let ((a, a_tail), (b, b_tail)) = (a.as_chunks(), b.as_chunks());
    let (out, out_tail) = out.as_chunks_mut();
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        store(out, bind_of_16(modulus, load(a), load(b)));
    }
    scalar::bind(modulus, a_tail, b_tail, out_tail);
}

#[target_feature(enable = "neon")]
fn bind_lines(modulus: u8, a: &[u8; Lines::BYTES], b: &[u8; Lines::BYTES]) -> Lines {
    let mut bound = Lines::ZERO;
    bind(modulus, a, b, &mut bound.0);
    bound
}

#[inline]
#[target_feature(enable = "neon")]
fn bind_of_16(modulus: u8, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
    let position = vdupq_n_u8(POSITION);
    let sum = vaddq_u8(vandq_u8(a, position), vandq_u8(b, position));
    let wrapped = vsubq_u8(sum, vdupq_n_u8(modulus));
    vbslq_u8(position, vminq_u8(sum, wrapped), veorq_u8(a, b))
}

#[target_feature(enable = "neon")]
fn unbind(modulus: u8, a: &[u8], b: &[u8], out: &mut [u8]) {
    let ((a, a_tail), (b, b_tail)) = (a.as_chunks(), b.as_chunks());
    let (out, out_tail) = out.as_chunks_mut();
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        store(out, unbind_of_16(modulus, load(a), load(b)));
    }
    scalar::unbind(modulus, a_tail, b_tail, out_tail);
}

#[target_feature(enable = "neon")]
fn unbind_lines(modulus: u8, a: &[u8; Lines::BYTES], b: &[u8; Lines::BYTES]) -> Lines {
    let mut unbound = Lines::ZERO;
    unbind(modulus, a, b, &mut unbound.0);
    unbound
}

#[inline]
#[target_feature(enable = "neon")]
fn unbind_of_16(modulus: u8, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
    let position = vdupq_n_u8(POSITION);
    let difference = vsubq_u8(vandq_u8(a, position), vandq_u8(b, position));
    let wrapped = vaddq_u8(difference, vdupq_n_u8(modulus));
    vbslq_u8(position, vminq_u8(difference, wrapped), veorq_u8(a, b))
}

#[target_feature(enable = "neon")]
fn positions_below(modulus: u8, code: &[u8]) -> bool {
    let (whole, tail) = code.as_chunks();
    let mut highest = vdupq_n_u8(0);
    for code in whole {
        highest = vmaxq_u8(highest, vandq_u8(load(code), vdupq_n_u8(POSITION)));
    }
    vmaxvq_u8(highest) < modulus && scalar::positions_below(modulus, tail)
}

#[target_feature(enable = "neon")]
fn planes_dot(a: Planes<'_>, b: Planes<'_>) -> i64 {
    /// Registers after which the bytes are folded: each adds -8 to 8 to a byte.
    const RUN: usize = 15;
    let ((a_nonzero, a_nonzero_tail), (a_sign, a_sign_tail)) = (a.0.as_chunks(), a.1.as_chunks());
    let ((b_nonzero, b_nonzero_tail), (b_sign, b_sign_tail)) = (b.0.as_chunks(), b.1.as_chunks());
    let mut sum = scalar::planes_dot((a_nonzero_tail, a_sign_tail), (b_nonzero_tail, b_sign_tail));
    let a_runs = a_nonzero.chunks(RUN).zip(a_sign.chunks(RUN));
    let b_runs = b_nonzero.chunks(RUN).zip(b_sign.chunks(RUN));
    for ((a_nonzero, a_sign), (b_nonzero, b_sign)) in a_runs.zip(b_runs) {
        let mut bytes = vdupq_n_u8(0);
        let (a, b) = (a_nonzero.iter().zip(a_sign), b_nonzero.iter().zip(b_sign));
        for ((a_nonzero, a_sign), (b_nonzero, b_sign)) in a.zip(b) {
            let a = [load_words(a_nonzero), load_words(a_sign)];
            let b = [load_words(b_nonzero), load_words(b_sign)];
            bytes = vaddq_u8(bytes, planes_of_2(a, b));
        }
        sum += i64::from(vaddlvq_s8(vreinterpretq_s8_u8(bytes)));
    }
    sum
}

/// The dot product of each byte of the planes, as a signed byte.
#[inline]
#[target_feature(enable = "neon")]
fn planes_of_2(a: [uint64x2_t; 2], b: [uint64x2_t; 2]) -> uint8x16_t {
    let nonzero = vandq_u64(a[0], b[0]);
    let negative = vandq_u64(nonzero, veorq_u64(a[1], b[1]));
    let positive = veorq_u64(nonzero, negative);
    vsubq_u8(vcntq_u8(vreinterpretq_u8_u64(positive)), vcntq_u8(vreinterpretq_u8_u64(negative)))
}

#[target_feature(enable = "neon")]
fn planes_dots(query: Planes<'_>, rows: &[u64], out: &mut [i64]) {
    let words = query.0.len();
    let mut rows = rows.chunks_exact((2 * words).max(1));
    for out in out {
        *out = planes_dot(query, rows.next().unwrap_or_default().split_at(words));
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn load(bytes: &[u8; WIDTH]) -> uint8x16_t {
    // SAFETY: the reference is to the 16 bytes that are read, and bytes need no alignment.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn store(bytes: &mut [u8; WIDTH], value: uint8x16_t) {
    // SAFETY: the reference is to the 16 bytes that are written, and bytes need no alignment.
    unsafe { vst1q_u8(bytes.as_mut_ptr(), value) }
}

#[inline]
#[target_feature(enable = "neon")]
fn load_words(words: &[u64; 2]) -> uint64x2_t {
    // SAFETY: the reference is to the 2 words that are read, aligned as words are.
    unsafe { vld1q_u64(words.as_ptr()) }
}
