//! Integration tests of the crate, one module a promise.
#![allow(clippy::unwrap_used)] // In tests, also in what they share: a panic is how they fail.

mod atoms;
mod encode;
mod laws;
mod wire;
