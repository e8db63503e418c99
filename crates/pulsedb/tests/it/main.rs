//! Integration tests of the crate, one module a promise.
#![allow(clippy::unwrap_used)]
// In tests, also in what they share: a panic is how they fail.

// A test that cannot go on must fail, and helpers of tests are not tests to the lint.
#![allow(clippy::unwrap_used)]

mod experiences;
mod kills;
mod random;
mod samples;
mod upkeep;
mod worker;
