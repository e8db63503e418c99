//! The kernels over the bytes of codes, counters and planes, and the choice of kernels for this machine.
//!
//! # Layouts
//!
//! - A *code* has one byte per block: the position in the low 7 bits, the sign in the top bit (1 is
//!   negative).
//! - *Counters* are one `i32` per position, block after block.
//! - *Planes* are two slices of words, the non-zero plane and the sign plane: component i is bit i
//!   % 64 of word i / 64. A sign bit without its non-zero bit is ignored.
//!
//! The methods of [`Isa`] say what each operation computes, and `scalar` says it in plain Rust.
//! That is the specification: every other kernel returns the same bits, at every length and
//! alignment. Nothing here allocates or knows the types built on these slices. Mismatched lengths
//! are bugs in the caller and panic here, so that kernels need not check them.

// Calling a kernel is the unsafe operation here: it is compiled for features that the CPU must have.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod kernels;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon;
mod scalar;

use std::fmt;
use std::sync::OnceLock;

use self::kernels::{Kernels, NODE, POSITIONS_MAX, Planes, PlanesMut};

pub(crate) use self::kernels::Lines;

/// The variable that selects kernels other than the best ones, for tests: `scalar`, `avx2`,
/// `avx512` or `neon`.
const OVERRIDE: &str = "EMBEDDENATOR_ISA";

/// A set of kernels that this CPU can run: a value of this type proves that the CPU has the
/// features.
///
/// The types in this crate call [`Isa::detect`] themselves. Every set returns the same bits; only
/// the speed differs.
///
/// ```
/// use embeddenator_vsa::Isa;
///
/// println!("kernels: {}", Isa::detect().name());
/// assert_eq!(Isa::supported().last().map(Isa::name), Some("scalar"));
/// ```
#[derive(Clone, Copy)]
pub struct Isa(&'static Kernels);

impl Isa {
    /// The fastest kernels of this CPU, or those that the environment variable `EMBEDDENATOR_ISA` names:
    /// `scalar`, `avx2`, `avx512` or `neon`.
    ///
    /// Chosen once per process. A name that is unknown, or whose features the CPU lacks, is
    /// ignored: [`Isa::name`] returns what was chosen.
    #[inline]
    pub fn detect() -> Isa {
        static CHOSEN: OnceLock<Isa> = OnceLock::new();
        *CHOSEN.get_or_init(|| Isa::choose(std::env::var(OVERRIDE).ok().as_deref()))
    }

    /// Every set of kernels that this CPU can run, fastest first; the last is always `scalar`.
    pub fn supported() -> impl Iterator<Item = Isa> {
        KERNELS.iter().filter(|kernels| (kernels.available)()).map(Isa)
    }

    /// The name by which `EMBEDDENATOR_ISA` selects it.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    fn choose(requested: Option<&str>) -> Isa {
        let named = Isa::supported().find(|isa| Some(isa.name()) == requested);
        named.or_else(|| Isa::supported().next()).unwrap_or(Isa(&scalar::KERNELS))
    }
}

/// The operations on codes.
impl Isa {
    /// The number of equal bytes minus the number of bytes that differ only in sign.
    ///
    /// Padding counts as equal; the caller subtracts it.
    #[inline]
    pub(crate) fn dot(self, a: &[u8], b: &[u8]) -> i32 {
        assert_eq!(a.len(), b.len(), "two codes of one length");
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.dot)(a, b) }
    }

    /// [`Isa::dot`] of the query with each of the rows, which follow each other without gaps.
    #[inline]
    pub(crate) fn dots(self, query: &[u8], rows: &[u8], out: &mut [i32]) {
        assert_eq!(Some(rows.len()), query.len().checked_mul(out.len()), "one row for each result");
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.dots)(query, rows, out) }
    }

    /// Block by block, the sum of the positions modulo `modulus` and the product of the signs.
    ///
    /// Positions must be below the modulus; otherwise the results are meaningless, but the same in
    /// each kernel.
    #[inline]
    pub(crate) fn bind(self, modulus: u8, a: &[u8], b: &[u8], out: &mut [u8]) {
        assert!((1..=POSITIONS_MAX).contains(&modulus), "a modulus of 1 to 128, not {modulus}");
        assert!(a.len() == b.len() && a.len() == out.len(), "three codes of one length");
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.bind)(modulus, a, b, out) }
    }

    /// The inverse of [`Isa::bind`]: the position of `a` minus that of `b`, and the product of the
    /// signs.
    #[inline]
    pub(crate) fn unbind(self, modulus: u8, a: &[u8], b: &[u8], out: &mut [u8]) {
        assert!((1..=POSITIONS_MAX).contains(&modulus), "a modulus of 1 to 128, not {modulus}");
        assert!(a.len() == b.len() && a.len() == out.len(), "three codes of one length");
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.unbind)(modulus, a, b, out) }
    }

    /// [`Isa::dot`] of two codes that fill two cache lines each.
    #[inline]
    pub(crate) fn dot_lines(self, a: &[u8; Lines::BYTES], b: &[u8; Lines::BYTES]) -> i32 {
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.dot_lines)(a, b) }
    }

    /// [`Isa::bind`] of two codes that fill two cache lines each.
    ///
    /// It returns its result, which the caller's caller may have asked for in a certain place; written through a
    /// reference it would have to be moved there, which takes longer than to bind.
    #[inline]
    pub(crate) fn bind_lines(self, modulus: u8, a: &[u8; Lines::BYTES], b: &[u8; Lines::BYTES]) -> Lines {
        assert!((1..=POSITIONS_MAX).contains(&modulus), "a modulus of 1 to 128, not {modulus}");
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.bind_lines)(modulus, a, b) }
    }

    /// [`Isa::unbind`] of two codes that fill two cache lines each, as [`Isa::bind_lines`].
    #[inline]
    pub(crate) fn unbind_lines(self, modulus: u8, a: &[u8; Lines::BYTES], b: &[u8; Lines::BYTES]) -> Lines {
        assert!((1..=POSITIONS_MAX).contains(&modulus), "a modulus of 1 to 128, not {modulus}");
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.unbind_lines)(modulus, a, b) }
    }

    /// Whether the position of each byte is below `modulus`.
    #[inline]
    pub(crate) fn positions_below(self, modulus: u8, code: &[u8]) -> bool {
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.positions_below)(modulus, code) }
    }
}

/// The operations on counters. `positions` is the number of positions in a block, 1 to 128. The
/// positions of a code must be below it, or the call panics.
impl Isa {
    /// Adds `weight`, with the sign of the code's byte, to one counter of each block.
    ///
    /// Sums wrap; the caller makes sure that none does.
    #[inline]
    pub(crate) fn add_code(self, counters: &mut [i32], positions: usize, code: &[u8], weight: i32) {
        assert_blocks(counters.len(), positions, code.len());
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.add_code)(counters, positions, code, weight) }
    }

    /// The sum over the blocks of the counter that the code selects, with the sign of the code's
    /// byte.
    #[inline]
    pub(crate) fn counts_dot(self, counters: &[i32], positions: usize, code: &[u8]) -> i64 {
        assert_blocks(counters.len(), positions, code.len());
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.counts_dot)(counters, positions, code) }
    }

    /// For each block, the position of the counter furthest from zero, or the lowest of equal ones,
    /// with its sign.
    ///
    /// A block of zeros gives the byte 0.
    #[inline]
    pub(crate) fn thin(self, counters: &[i32], positions: usize, out: &mut [u8]) {
        assert_blocks(counters.len(), positions, out.len());
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.thin)(counters, positions, out) }
    }

    /// The signs of all counters as planes; the bits after the last counter are 0.
    #[inline]
    pub(crate) fn majority(self, counters: &[i32], nonzero: &mut [u64], sign: &mut [u64]) {
        let words = counters.len().div_ceil(64);
        assert!(nonzero.len() == words && sign.len() == words, "planes with a bit for each counter");
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.majority)(counters, nonzero, sign) }
    }

    /// Scores a node of 64 items: for each block, adds the row that the code selects to the totals,
    /// or subtracts it if the code's sign is set.
    ///
    /// Rows should start at cache lines: a row across two lines takes 1.3 times as long, and 2.5
    /// times from memory.
    ///
    /// Row b x `positions` + p holds the counters of position p in block b, one per item. Totals
    /// wrap: they are exact if the initial total and the absolute values added to it sum to at most
    /// 32767, which 255 blocks of any counters cannot exceed, nor 511 blocks of counters from -64
    /// to 64.
    #[inline]
    pub(crate) fn add_rows(self, rows: &[i8], code: &[u8], positions: usize, totals: &mut [i16; NODE]) {
        assert!(rows.len().is_multiple_of(NODE), "whole rows of 64 counters");
        assert_blocks(rows.len() / NODE, positions, code.len());
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.add_rows)(rows, code, positions, totals) }
    }
}

/// The operations on planes.
impl Isa {
    /// The number of components where both are non-zero and the signs agree, minus the number where
    /// they differ.
    #[inline]
    pub(crate) fn planes_dot(self, a: Planes<'_>, b: Planes<'_>) -> i64 {
        let words = a.0.len();
        assert!(a.1.len() == words && b.0.len() == words && b.1.len() == words, "planes of one length");
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.planes_dot)(a, b) }
    }

    /// [`Isa::planes_dot`] of the query with each of the rows: `words` non-zero words, then `words` sign words.
    #[inline]
    pub(crate) fn planes_dots(self, query: Planes<'_>, rows: &[u64], words: usize, out: &mut [i64]) {
        assert!(query.0.len() == words && query.1.len() == words, "a query of {words} words");
        let expected = words.checked_mul(2).and_then(|row| row.checked_mul(out.len()));
        assert_eq!(Some(rows.len()), expected, "one row for each result");
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.planes_dots)(query, rows, out) }
    }

    /// The component-wise product.
    #[inline]
    pub(crate) fn planes_hadamard(self, a: Planes<'_>, b: Planes<'_>, out: PlanesMut<'_>) {
        let words = out.0.len();
        assert!(out.1.len() == words && a.0.len() == words && a.1.len() == words, "planes of one length");
        assert!(b.0.len() == words && b.1.len() == words, "planes of one length");
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.planes_hadamard)(a, b, out) }
    }
}

impl fmt::Debug for Isa {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Isa").field(&self.name()).finish()
    }
}

/// Panics unless there are `blocks` whole blocks of counters.
#[inline]
fn assert_blocks(counters: usize, positions: usize, blocks: usize) {
    assert!((1..=usize::from(POSITIONS_MAX)).contains(&positions), "1 to 128 positions, not {positions}");
    assert_eq!(Some(counters), positions.checked_mul(blocks), "one block of counters for each byte");
}

/// The kernels compiled for this architecture, fastest first.
static KERNELS: &[Kernels] = &[
    #[cfg(target_arch = "x86_64")]
    avx512::KERNELS,
    #[cfg(target_arch = "x86_64")]
    avx2::KERNELS,
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    neon::KERNELS,
    scalar::KERNELS,
];

#[cfg(test)]
mod tests;
