//! The tests of the crate: every index is compared with an oracle that sorts all items.

mod cleanup;
mod data;
mod flat;
mod hierarchy;
mod inverted;
mod persist;
mod placement;
mod recall;
mod shard;
mod signature;
