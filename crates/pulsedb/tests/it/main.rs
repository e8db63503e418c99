//! Integration tests of the crate, one module a promise.

// A test that cannot go on must fail, and helpers of tests are not tests to the lint.
#![allow(clippy::unwrap_used)]

mod experiences;
mod upkeep;
