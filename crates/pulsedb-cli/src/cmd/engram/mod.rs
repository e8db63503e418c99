//! `snapshot`, `restore` and `mount`: databases as files in an engram, and collectives as files in a directory.

#[cfg(not(unix))]
#[path = "elsewhere.rs"]
mod system;
#[cfg(unix)]
#[path = "unix.rs"]
mod system;

pub(super) use system::{mount, restore, snapshot};
