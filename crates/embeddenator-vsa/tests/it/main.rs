//! The integration tests of the crate, one module per subject.
#![allow(clippy::unwrap_used)] // In tests, also in what they share: a panic is how they fail.

mod atoms;
mod classifier;
mod encode;
mod item_memory;
mod laws;
mod levels;
mod record;
mod resonator;
mod sequence;
mod shapes;
mod statistics;
mod table_algebra;
mod threshold;
mod wire;
