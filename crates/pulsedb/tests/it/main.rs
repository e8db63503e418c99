//! Integration tests of the crate, one module a promise.
#![allow(clippy::unwrap_used)] // In tests, also in what they share: a panic is how they fail.

mod activities;
mod applying;
mod batches;
mod blocks;
mod context;
mod damage;
mod duplicates;
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
mod index_processes;
mod insights;
mod keys;
mod kills;
mod kills_keys;
mod kills_memory;
mod model;
mod names;
#[cfg(feature = "neural")]
mod neural;
mod paging;
mod processes;
mod random;
mod ranking;
mod readers;
mod reembed;
mod reembed_kills;
mod reembed_recall;
mod refusals;
mod relations;
mod restoring;
mod retrieval;
mod samples;
mod skips;
mod slices;
mod steps;
#[cfg(feature = "substrate")]
mod substrate;
mod surface;
mod terms;
mod upkeep;
mod watching;
mod watching_processes;
mod watching_swarm;
mod words;
mod worker;
