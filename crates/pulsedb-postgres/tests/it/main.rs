//! The store against a server, which `cargo xtask postgres test` starts.
#![allow(clippy::unwrap_used)] // In tests, also in what they share: a panic is how they fail.

mod clients;
mod conformance;
mod failures;
mod moving;
mod same_answers;
mod server;
mod tenants;
mod vectors;
