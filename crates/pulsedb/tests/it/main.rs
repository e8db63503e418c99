//! Integration tests of the crate, one module a promise.
#![allow(clippy::unwrap_used)] // In tests, also in what they share: a panic is how they fail.

mod activities;
mod applying;
mod batches;
mod blocks;
mod damage;
mod duplicates;
mod embedders;
mod experiences;
mod expiry;
mod files;
mod following;
mod forks;
mod golden;
mod handles;
mod keys;
mod kills;
mod kills_keys;
mod model;
mod names;
mod paging;
mod processes;
mod random;
mod readers;
mod refusals;
mod restoring;
mod retrieval;
mod samples;
mod skips;
mod surface;
mod upkeep;
mod words;
mod worker;
