//! Engrams as directories: a file system that the kernel asks for names and bytes.
//!
//! Read-only. At its top stand the entries of one snapshot; `.snapshots` there, which is not listed, has all of them by
//! number, and by label as links.

#[cfg(not(all(target_os = "linux", feature = "fuse")))]
#[path = "elsewhere.rs"]
mod system;
#[cfg(all(target_os = "linux", feature = "fuse"))]
#[path = "linux.rs"]
mod system;

#[cfg(all(target_os = "linux", feature = "fuse"))]
mod answers;
#[cfg(all(target_os = "linux", feature = "fuse"))]
mod served;

use std::path::Path;

pub use system::Mount;
#[cfg(all(target_os = "linux", feature = "fuse"))]
pub use system::fuse_config;

use crate::error::{Error, Result};
use crate::platform::unmounting;

/// How an engram is mounted.
#[derive(Debug, Clone, Copy, Default)]
pub struct MountOptions {
    /// Threads that answer; 0 for as many as the machine runs at once.
    pub threads: usize,
    /// Lets other users in, as far as modes and owners do; who is not root needs `user_allow_other` in `/etc/fuse.conf`.
    pub allow_other: bool,
}

/// Takes a mounted engram from its directory; [`Mount::run`] ends. With `lazily` it goes out of sight at once, and ends
/// when nobody uses it any more.
///
/// # Errors
/// [`Error::Io`] if nothing is mounted there, or something is in use.
pub fn unmount(directory: impl AsRef<Path>, lazily: bool) -> Result<()> {
    let directory = directory.as_ref();
    unmounting::unmount(directory, lazily).map_err(|error| Error::of_system("unmount", directory, error))
}
