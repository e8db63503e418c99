//! Power cuts: a run is recorded below the engine, and states that a cut could have left are opened.
//!
//! It is a process of its own, because it puts itself in the place of the system's calls that write.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // In tests, also in what they share: a panic is how they fail.

mod calls;
mod index;
#[path = "../it/random.rs"]
#[allow(dead_code)] // Shared with the other binary, which uses all of it.
mod random;
mod replay;
#[path = "../it/samples.rs"]
#[allow(dead_code)] // Shared with the other binary, which uses all of it.
mod samples;
#[path = "../it/steps.rs"]
mod steps;
