//! The store against a server, which `cargo xtask postgres test` starts.
#![allow(clippy::unwrap_used)] // In tests, also in what they share: a panic is how they fail.

mod clients;
mod conformance;
#[cfg(target_os = "linux")]
mod crashes;
mod failures;
mod model;
mod moving;
#[cfg(target_os = "linux")]
mod own_server;
mod same_answers;
mod server;
mod tenants;
mod vectors;
