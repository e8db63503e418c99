//! The dot product of `f32` vectors: its specification, and the choice of a kernel for this machine.
//!
//! # Specification
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

// Calling a kernel is the unsafe operation here: it is compiled for features that the CPU must have.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod kernel;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon;
mod scalar;

use std::fmt;
use std::sync::OnceLock;

use self::kernel::Kernel;

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
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::kernel::BLOCK_BYTES;
    use super::{Block, GROUP, Isa, LANES, OVERRIDE};

    const THIS_TEST: &str = "vector::arch::tests::environment_names_the_kernels";

    fn blocks(components: &[f32]) -> Vec<Block> {
        let blocks = components.chunks(LANES).map(|components| {
            let mut lanes = [0.0; LANES];
            lanes[..components.len()].copy_from_slice(components);
            Block(lanes)
        });
        blocks.collect()
    }

    fn bytes(components: &[f32]) -> Vec<u8> {
        components.iter().flat_map(|component| component.to_le_bytes()).collect()
    }

    /// Components that need rounding at every step; the step makes one vector differ from another.
    fn components(count: u16, step: u16) -> Vec<f32> {
        (0..count).map(|i| (f32::from((u32::from(i) * u32::from(step) % 97) as u16) - 48.0) / 7.0).collect()
    }

    #[test]
    fn every_kernel_has_the_bits_of_the_scalar_one_at_every_length_and_alignment() {
        let scalar = Isa::choose(Some("scalar"));
        for dimension in (1..=257).chain([384, 768, 1024, 1536, 4096]) {
            let query = blocks(&components(dimension, 31));
            let rows: [Vec<u8>; GROUP] =
                std::array::from_fn(|row| bytes(&components(dimension, 43 + row as u16)));
            let expected = rows.each_ref().map(|row| scalar.dot(&query, row).to_bits());
            for isa in Isa::supported() {
                for offset in 0..BLOCK_BYTES {
                    // Each row lies at another alignment, and what surrounds it must not count.
                    let placed: [Vec<u8>; GROUP] = std::array::from_fn(|row| {
                        let before = (offset + row * 17) % BLOCK_BYTES;
                        [&vec![0x7f; before], rows[row].as_slice(), &[0x7f; 5]].concat()
                    });
                    let placed: [&[u8]; GROUP] = std::array::from_fn(|row| {
                        let before = (offset + row * 17) % BLOCK_BYTES;
                        &placed[row][before..before + rows[row].len()]
                    });
                    let dots = isa.dots(&query, placed).map(f32::to_bits);
                    assert_eq!(dots, expected, "{isa:?}, {dimension} dimensions, offset {offset}");
                    let dot = isa.dot(&query, placed[0]).to_bits();
                    assert_eq!(dot, expected[0], "{isa:?}, {dimension} dimensions, offset {offset}");
                }
            }
        }
    }

    /// The bits were computed with exact fractions from the pseudo-code. Without the runs, with neighbours
    /// added first, or with products rounded, the last of them differ.
    #[test]
    fn order_of_additions_is_the_specified_one() {
        for (dimension, bits) in
            [(1, 0x423c_14e6), (15, 0x4295_6db6), (100, 0x422f_1a1d), (384, 0xc241_b6d6), (1000, 0xc2b7_ac6c)]
        {
            let query = blocks(&components(dimension, 31));
            let row = bytes(&components(dimension, 43));
            for isa in Isa::supported() {
                assert_eq!(isa.dot(&query, &row).to_bits(), bits, "{isa:?}, {dimension} dimensions");
            }
        }
    }

    proptest! {
        #[test]
        fn dot_is_the_sum_of_the_products(
            pairs in prop::collection::vec((-1.0_f32..1.0, -1.0_f32..1.0), 0..700)
        ) {
            let (query, row): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let products = || query.iter().zip(&row).map(|(query, row)| f64::from(*query) * f64::from(*row));
            // Every component goes through at most 32 + 2 + 4 roundings.
            let tolerance = 40.0 * f64::from(f32::EPSILON) * products().map(f64::abs).sum::<f64>() + 1e-40;
            for isa in Isa::supported() {
                let dot = f64::from(isa.dot(&blocks(&query), &bytes(&row)));
                prop_assert!((dot - products().sum::<f64>()).abs() <= tolerance, "{isa:?}");
            }
        }
    }

    #[test]
    fn each_supported_name_is_obeyed_and_others_are_ignored() {
        let best = Isa::choose(None).name();
        for isa in Isa::supported() {
            assert_eq!(Isa::choose(Some(isa.name())).name(), isa.name());
        }
        assert_eq!(Isa::choose(Some("")).name(), best);
        assert_eq!(Isa::choose(Some("abacus")).name(), best);
        assert_eq!(Isa::supported().last().map(Isa::name), Some("scalar"));
    }

    /// The choice is made once in a process, so the test starts itself again for each name.
    #[test]
    fn environment_names_the_kernels() {
        if let Ok(name) = std::env::var(OVERRIDE) {
            let known = Isa::supported().any(|isa| isa.name() == name);
            let expected = if known { &name } else { Isa::choose(None).name() };
            assert_eq!(Isa::detect().name(), expected);
            return;
        }
        assert_eq!(Isa::detect().name(), Isa::choose(None).name());
        for name in ["scalar", "avx2", "avx512", "neon", "abacus"] {
            let itself = std::env::current_exe().expect("a running test has a path");
            let output = Command::new(itself).args(["--exact", THIS_TEST]).env(OVERRIDE, name).output();
            let output = output.expect("the test binary starts");
            let printed = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && printed.contains("1 passed"), "{name}: {printed}");
        }
    }
}
