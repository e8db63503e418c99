//! Integration tests of the crate, one module a promise.
#![allow(clippy::unwrap_used)] // In tests, also in what they share: a panic is how they fail.

mod batches;
mod blocks;
mod damage;
mod embedders;
mod experiences;
mod files;
mod following;
mod forks;
mod golden;
mod handles;
mod kills;
mod model;
mod names;
mod paging;
mod processes;
mod random;
mod readers;
mod reembed;
mod refusals;
mod restoring;
mod retrieval;
mod samples;
mod skips;
mod surface;
mod upkeep;
mod words;
mod worker;
