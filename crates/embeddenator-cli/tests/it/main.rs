//! Drives the built command on engrams in temporary directories.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

mod commands;
mod exits;
#[cfg(target_os = "linux")]
mod mounts;
mod phase3_integration;
mod readme;
mod shell;
mod snapshots;
mod through_c;
