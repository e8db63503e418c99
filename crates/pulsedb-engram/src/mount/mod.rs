//! A live collective as a read-only directory of Markdown files.

#[cfg(not(all(target_os = "linux", feature = "fuse")))]
#[path = "elsewhere.rs"]
mod system;
#[cfg(all(target_os = "linux", feature = "fuse"))]
#[path = "linux.rs"]
mod system;

#[cfg(all(target_os = "linux", feature = "fuse"))]
mod answers;
#[cfg(all(target_os = "linux", feature = "fuse"))]
mod live;
#[cfg(all(target_os = "linux", feature = "fuse"))]
mod tree;

pub use system::Mount;

/// How a collective is mounted.
#[derive(Debug, Clone, Copy, Default)]
pub struct MountOptions {
    /// Threads that answer; 0 for two.
    pub threads: usize,
    /// Lets other users in; who is not root needs `user_allow_other` in `/etc/fuse.conf`.
    pub allow_other: bool,
}
