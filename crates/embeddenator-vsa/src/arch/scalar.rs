//! The kernels in plain Rust: the executable specification, and the oracle for the others.

use super::kernels::{Kernels, Lines, POSITION, Planes, PlanesMut, SIGN};

pub(super) const KERNELS: Kernels = Kernels {
    name: "scalar",
    available: || true,
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

#[inline]
pub(super) fn dot(a: &[u8], b: &[u8]) -> i32 {
    a.iter().zip(b).map(|(a, b)| i32::from(a == b) - i32::from(a ^ b == SIGN)).sum()
}

#[inline]
pub(super) fn dots(query: &[u8], rows: &[u8], out: &mut [i32]) {
    let mut rows = rows.chunks_exact(query.len().max(1));
    for out in out {
        *out = dot(query, rows.next().unwrap_or_default());
    }
}

#[inline]
pub(super) fn bind(modulus: u8, a: &[u8], b: &[u8], out: &mut [u8]) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        let sum = (a & POSITION) + (b & POSITION);
        // A negative value wraps to more than any sum.
        let position = sum.min(sum.wrapping_sub(modulus));
        *out = (position & POSITION) | ((a ^ b) & SIGN);
    }
}

#[inline]
pub(super) fn unbind(modulus: u8, a: &[u8], b: &[u8], out: &mut [u8]) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        let difference = (a & POSITION).wrapping_sub(b & POSITION);
        // A negative difference has wrapped to 129 or more; the addition corrects it.
        let position = difference.min(difference.wrapping_add(modulus));
        *out = (position & POSITION) | ((a ^ b) & SIGN);
    }
}

// The length is known here, so the loops below are unrolled.
#[inline]
pub(super) fn dot_lines(a: &[u8; Lines::BYTES], b: &[u8; Lines::BYTES]) -> i32 {
    dot(a, b)
}

#[inline]
pub(super) fn bind_lines(modulus: u8, a: &[u8; Lines::BYTES], b: &[u8; Lines::BYTES]) -> Lines {
    let mut bound = Lines::ZERO;
    bind(modulus, a, b, &mut bound.0);
    bound
}

#[inline]
pub(super) fn unbind_lines(modulus: u8, a: &[u8; Lines::BYTES], b: &[u8; Lines::BYTES]) -> Lines {
    let mut unbound = Lines::ZERO;
    unbind(modulus, a, b, &mut unbound.0);
    unbound
}

#[inline]
pub(super) fn positions_below(modulus: u8, code: &[u8]) -> bool {
    // The compiler can vectorise a maximum over all bytes, but not an early return.
    code.iter().fold(0, |highest, entry| (entry & POSITION).max(highest)) < modulus
}

#[inline]
pub(super) fn add_code(counters: &mut [i32], positions: usize, code: &[u8], weight: i32) {
    if positions == 128 {
        // The same again, where the compiler can see that no position needs a bounds check.
        add_to_blocks(counters.as_chunks_mut::<128>().0.iter_mut(), code, weight);
    } else {
        add_to_blocks(counters.chunks_exact_mut(positions), code, weight);
    }
}

#[inline]
fn add_to_blocks<'a, B>(blocks: impl Iterator<Item = &'a mut B>, code: &[u8], weight: i32)
where
    B: AsMut<[i32]> + ?Sized + 'a,
{
    let weights = [weight, weight.wrapping_neg()];
    for (block, entry) in blocks.zip(code) {
        let counter = &mut block.as_mut()[usize::from(entry & POSITION)];
        *counter = counter.wrapping_add(weights[usize::from(entry >> 7)]);
    }
}

#[inline]
pub(super) fn counts_dot(counters: &[i32], positions: usize, code: &[u8]) -> i64 {
    if positions == 128 {
        sum_of_blocks(counters.as_chunks::<128>().0.iter(), code)
    } else {
        sum_of_blocks(counters.chunks_exact(positions), code)
    }
}

#[inline]
fn sum_of_blocks<'a, B>(blocks: impl Iterator<Item = &'a B>, code: &[u8]) -> i64
where
    B: AsRef<[i32]> + ?Sized + 'a,
{
    let mut sum = 0;
    for (block, entry) in blocks.zip(code) {
        let counter = i64::from(block.as_ref()[usize::from(entry & POSITION)]);
        sum += if entry & SIGN == 0 { counter } else { -counter };
    }
    sum
}

#[inline]
pub(super) fn thin(counters: &[i32], positions: usize, out: &mut [u8]) {
    for (block, out) in counters.chunks_exact(positions).zip(out) {
        let largest = block.iter().map(|counter| counter.unsigned_abs()).fold(0, u32::max);
        let found = block.iter().zip(0..).find(|(counter, _)| counter.unsigned_abs() == largest);
        *out = match found {
            Some((counter, position)) if *counter < 0 => position | SIGN,
            Some((counter, position)) if *counter > 0 => position,
            _ => 0,
        };
    }
}

#[inline]
pub(super) fn majority(counters: &[i32], nonzero: &mut [u64], sign: &mut [u64]) {
    for ((counters, nonzero), sign) in counters.chunks(64).zip(nonzero).zip(sign) {
        *nonzero = 0;
        *sign = 0;
        for (counter, bit) in counters.iter().zip(0..) {
            *nonzero |= u64::from(*counter != 0) << bit;
            *sign |= u64::from(*counter < 0) << bit;
        }
    }
}

#[inline]
pub(super) fn planes_dot(a: Planes<'_>, b: Planes<'_>) -> i64 {
    let mut sum = 0;
    for (((a_nonzero, a_sign), b_nonzero), b_sign) in a.0.iter().zip(a.1).zip(b.0).zip(b.1) {
        let nonzero = a_nonzero & b_nonzero;
        let negative = (a_sign ^ b_sign) & nonzero;
        sum += i64::from(nonzero.count_ones()) - 2 * i64::from(negative.count_ones());
    }
    sum
}

#[inline]
pub(super) fn planes_dots(query: Planes<'_>, rows: &[u64], out: &mut [i64]) {
    let words = query.0.len();
    let mut rows = rows.chunks_exact((2 * words).max(1));
    for out in out {
        *out = planes_dot(query, rows.next().unwrap_or_default().split_at(words));
    }
}

#[inline]
pub(super) fn planes_hadamard(a: Planes<'_>, b: Planes<'_>, out: PlanesMut<'_>) {
    for ((out, a), b) in out.0.iter_mut().zip(a.0).zip(b.0) {
        *out = a & b;
    }
    for (((out, nonzero), a), b) in out.1.iter_mut().zip(out.0.iter()).zip(a.1).zip(b.1) {
        *out = (a ^ b) & nonzero;
    }
}

#[inline]
pub(super) fn add_rows(rows: &[i8], code: &[u8], positions: usize, totals: &mut [i16; 64]) {
    let (rows, _) = rows.as_chunks::<64>();
    for (block, entry) in rows.chunks_exact(positions).zip(code) {
        let row = &block[usize::from(entry & POSITION)];
        for (total, counter) in totals.iter_mut().zip(row) {
            let counter = i16::from(*counter);
            *total = total.wrapping_add(if entry & SIGN == 0 { counter } else { -counter });
        }
    }
}
