//! The kernels: their specification, and the choice of those for this machine.
//!
//! # Dot products of `f32` vectors
//!
//! Addition of floats is not associative, so the order of additions is part of the result. It is fixed
//! here, and every kernel follows it, so that a score has the same bits on every machine:
//!
//! ```text
//! dot(query, stored):                         both padded with +0.0 to whole blocks of 16 lanes
//!     total[0..16] = +0.0
//!     for each run of 32 blocks, in order:    the last run may be shorter
//!         lane[0..16] = +0.0
//!         for each block of the run, in order:
//!             lane[i] = fma(query[block][i], stored[block][i], lane[i])      for i in 0..16
//!         total[i] = total[i] + lane[i]                                      for i in 0..16
//!     for width in 8, 4, 2, 1:
//!         total[i] = total[i] + total[i + width]                             for i in 0..width
//!     return total[0]
//! ```
//!
//! `fma` rounds once. Sixteen lanes are one AVX-512 register, two of AVX2, four of NEON. One chain of
//! additions a lane would leave a kernel waiting for each sum; the kernels take [`GROUP`] rows at a time
//! instead, which hides the latency, loads the query once for all of them and reads memory in several
//! streams. The runs bound the error: within one chain equal terms round the same way each time, and the
//! cosine of a constant vector of 4096 dimensions with itself came out 4e-6 below 1; with runs of 32 it
//! stays within 6e-7, and the folding costs one addition in 32.
//!
//! # Codes
//!
//! Sums of codes are whole numbers, which no order changes. Their bounds are one multiplication or addition after
//! the other, each rounded, so that the same rows survive a scan on every machine:
//!
//! ```text
//! survivors(query, groups, allowed, floor):      a group is the words of 8 rows abreast, 8 i16, 8 u16
//!     for each row whose bit is set in allowed:
//!         sum = sum over words w and planes j of 2^j * popcount(row.word[w] ^ query.planes[w][j])
//!         upper = query.coordinate * row.i16 + (query.scale * row.u16) * (query.most - sum)
//!         keep its bit if upper >= floor
//!
//! products(factors, codes):                      i16 factors in -2047..=2047, u8 codes
//!     sum over i of factors[0][i] * codes[i], and the same of factors[1], in 32 bits that wrap
//! ```

// Calling a kernel is the unsafe operation here: it is compiled for features that the CPU must have.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod groups;
mod kernel;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon;
mod scalar;

use std::fmt;
use std::sync::OnceLock;

use self::kernel::Kernel;

pub(super) use self::groups::{BitQuery, QUERY_PLANES, Uppers};
pub(super) use self::kernel::{Block, GROUP, LANES};

/// Names the kernel to use instead of the best one, for tests: `scalar`, `avx2`, `avx512` or `neon`.
const OVERRIDE: &str = "PULSEDB_ISA";

/// A set of kernels that this CPU can run: having one proves that the CPU has the features.
#[derive(Clone, Copy)]
pub(crate) struct Isa(&'static Kernel);

impl Isa {
    /// The fastest kernels of this CPU, or those that the environment variable `PULSEDB_ISA` names.
    ///
    /// Chosen once in a process. A name that is unknown, or whose features the CPU lacks, is ignored with
    /// a warning.
    pub(crate) fn detect() -> Isa {
        static CHOSEN: OnceLock<Isa> = OnceLock::new();
        *CHOSEN.get_or_init(|| {
            let requested = std::env::var_os(OVERRIDE);
            let chosen = Isa::choose(requested.as_ref().map(|name| name.to_string_lossy()).as_deref());
            tracing::debug!(isa = chosen.name(), "vector kernels chosen");
            chosen
        })
    }

    /// Every set of kernels that this CPU can run, fastest first; the last is always the scalar one.
    pub(crate) fn supported() -> impl Iterator<Item = Isa> {
        KERNELS.iter().filter(|kernel| (kernel.available)()).map(Isa)
    }

    /// The name by which `PULSEDB_ISA` selects it.
    pub(crate) fn name(self) -> &'static str {
        self.0.name
    }

    fn choose(requested: Option<&str>) -> Isa {
        if let Some(requested) = requested {
            if let Some(isa) = Isa::supported().find(|isa| isa.name() == requested) {
                return isa;
            }
            tracing::warn!(
                requested,
                "{OVERRIDE} names no vector kernels that this CPU can run; the fastest are used"
            );
        }
        Isa::supported().next().unwrap_or(Isa(&scalar::KERNEL))
    }

    /// The dot product of the query with one stored vector, in the specified order.
    /// The row has one component for each of the query; what either has more counts for nothing.
    pub(super) fn dot(self, query: &[Block], row: &[u8]) -> f32 {
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        let [dot] = unsafe { (self.0.dot)(query, [row]) };
        dot
    }

    /// The dot products of the query with several stored vectors, each with the bits that [`Isa::dot`] gives.
    ///
    /// All rows have one length.
    pub(super) fn dots(self, query: &[Block], rows: [&[u8]; GROUP]) -> [f32; GROUP] {
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.dots)(query, rows) }
    }

    /// Which of at most 64 rows, of those allowed, have an upper bound of at least `floor`, with these bounds.
    ///
    /// `groups` are whole groups of codes of the query's number of words; rows beyond them do not survive. Only the
    /// bounds of survivors mean something.
    pub(super) fn survivors(
        self,
        query: &BitQuery,
        groups: &[u8],
        allowed: u64,
        floor: f32,
        uppers: &mut Uppers,
    ) -> u64 {
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.survivors)(query, groups, allowed, floor, uppers) }
    }

    /// Asks for bytes that are read soon, where the processor takes such hints.
    pub(super) fn fetch(bytes: &[u8]) {
        #[cfg(target_arch = "x86_64")]
        for line in bytes.chunks(64) {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: a hint reads nothing, and every processor of this architecture takes it.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = bytes;
    }

    /// The products of a code with two lists of factors, all of one length.
    pub(super) fn products(self, factors: [&[i16]; 2], codes: &[u8]) -> [i32; 2] {
        // Cut to one length, so that no kernel has to trust it.
        let length = codes.len().min(factors[0].len()).min(factors[1].len());
        let factors = factors.map(|factors| &factors[..length]);
        // SAFETY: an `Isa` is made only of kernels whose `available` said that this CPU runs them.
        unsafe { (self.0.products)(factors, &codes[..length]) }
    }
}

impl fmt::Debug for Isa {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Isa").field(&self.name()).finish()
    }
}

/// The kernels compiled for this architecture, fastest first.
static KERNELS: &[Kernel] = &[
    #[cfg(target_arch = "x86_64")]
    avx512::KERNEL,
    #[cfg(target_arch = "x86_64")]
    avx2::KERNEL,
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    neon::KERNEL,
    scalar::KERNEL,
];

#[cfg(test)]
mod tests;
