//! What the store asks of the operating system beyond the standard library; one file for each family.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(super) use linux::{
    Directory, available_bytes, file_number, host, page_size, preallocate, read_at, refused_file_system,
};

#[cfg(not(target_os = "linux"))]
mod portable;
#[cfg(not(target_os = "linux"))]
pub(super) use portable::{
    Directory, available_bytes, file_number, host, page_size, preallocate, read_at, refused_file_system,
};

/// What names a directory in this process, whatever path leads to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum DirectoryKey {
    /// Device and inode.
    #[cfg_attr(not(unix), allow(dead_code))]
    Inode(u64, u64),
    /// The canonical path, where the system has no inodes.
    #[cfg_attr(unix, allow(dead_code))]
    Path(std::path::PathBuf),
}
