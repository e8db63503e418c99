//! How the benchmarks measure: short times, with inputs that change from call to call.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Bencher, Criterion};

/// The number of inputs that a row of sparse vectors cycles through. With 64 or fewer, the
/// processor learns every branch of merging two lists, and the same code runs two to four times as
/// fast as on unseen vectors; rows named "one pair" show that case.
pub const INPUTS: usize = 256;

/// The number of inputs that a row of block codes cycles through: their kernels have no branch to
/// learn, and this many stay in the L1 cache.
pub const CODES: usize = 64;

/// Criterion with times that keep all benchmarks within a few minutes; the command line overrides them.
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(700))
        .nresamples(10_000)
        .without_plots()
        .configure_from_args()
}

/// Measures a call on one input after another.
pub fn cycle<T, R, const N: usize>(
    bencher: &mut Bencher<'_>,
    inputs: &[T; N],
    mut call: impl FnMut(&T) -> R,
) {
    // A custom loop: criterion's keeps its counter in memory, which costs as much as a short call.
    bencher.iter_custom(|iterations| {
        let start = Instant::now();
        for at in 0..iterations as usize {
            black_box(call(black_box(&inputs[at % N])));
        }
        start.elapsed()
    });
}

/// Only the first input.
///
/// # Panics
/// If there are none.
pub fn one<T, const N: usize>(inputs: &[T; N]) -> &[T; 1] {
    inputs.first_chunk().expect("rows have inputs")
}
