//! Seeded inputs, oracles and settings that the benchmarks share.
//!
//! Run all with `cargo bench --manifest-path bench/Cargo.toml`. Each benchmark asserts what it computes once, and none
//! fails on time. Rows of one group are measured in one run, so their ratios compare like with like.

mod measure;
mod searches;
mod signs;

pub use measure::{CODES, INPUTS, criterion, cycle, one};
pub use searches::{Corpus, TOP};
pub use signs::Signs;
