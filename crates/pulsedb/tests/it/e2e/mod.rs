//! Whole stories from end to end.

pub(crate) mod hive_mind_simulation;
