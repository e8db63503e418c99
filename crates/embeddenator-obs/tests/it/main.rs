//! What the crate promises.
#![allow(clippy::float_cmp, reason = "what is promised to be exact is compared exactly")]

mod concurrency;
mod exposition;
mod golden;
mod hostile;
mod latencies;
#[cfg(feature = "subscriber")]
mod logs;
mod names;
mod parser;
mod process_wide;
mod quantiles;
mod spans;
mod unwinding;
