//! The integration tests of the crate, one module a subject.

mod classifier;
mod item_memory;
mod levels;
mod record;
mod resonator;
mod sequence;
mod shapes;
mod statistics;
mod table_algebra;
mod threshold;
