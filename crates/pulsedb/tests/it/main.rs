//! Integration tests of the crate, one module a promise.
#![allow(clippy::unwrap_used)] // In tests, also in what they share: a panic is how they fail.

mod activities;
mod batches;
mod blocks;
mod context;
mod damage;
mod e2e;
mod embedders;
mod experiences;
mod expiry;
mod files;
mod following;
mod forks;
mod golden;
mod handles;
mod index_kills;
mod insights;
mod keys;
mod kills;
mod model;
mod names;
mod paging;
mod processes;
mod random;
mod ranking;
mod readers;
mod refusals;
mod relations;
mod restoring;
mod retrieval;
mod samples;
mod skips;
mod steps;
#[cfg(feature = "substrate")]
mod substrate;
mod surface;
mod upkeep;
mod watching;
mod watching_processes;
mod watching_swarm;
mod words;
mod worker;
