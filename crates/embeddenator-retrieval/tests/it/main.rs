//! The tests of the crate: every index against an oracle that sorts all items.

mod data;
mod flat;
mod hierarchy;
mod placement;
mod recall;
