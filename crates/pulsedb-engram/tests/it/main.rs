//! Snapshots that are restored, and what is refused.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

mod hostile;
#[cfg(target_os = "linux")]
mod mounts;
mod round_trip;
mod samples;
