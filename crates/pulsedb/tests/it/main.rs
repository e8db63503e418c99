//! Integration tests of the crate, one module a promise.

mod experiences;
mod golden;
mod upkeep;
