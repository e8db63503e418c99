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

pub use embeddenator_fs::MountOptions;
pub use system::Mount;
