//! Integration tests of the crate, one module a promise.
#![allow(clippy::unwrap_used)] // In tests, also in what they share: a panic is how they fail.

mod damage;
mod experiences;
mod forks;
mod golden;
mod kills;
mod model;
mod processes;
mod random;
mod readers;
mod retrieval;
mod samples;
mod upkeep;
mod worker;
