//! How large things may be.

/// Bytes of a file with front matter. The largest has a content of 100 KiB and texts whose every byte takes six as JSON.
pub(crate) const TEXT_BYTES_MAX: u64 = 4 << 20;
/// Rows of a block of vectors, so that a block of the widest vectors takes less than 70 MB of memory.
pub(crate) const BLOCK_ROWS_MAX: usize = 4096;
/// A block of vectors ends after one id in so many: 1 MB of the bundled embedder's.
pub(crate) const BLOCK_ROWS_MEAN: u64 = 1024;
/// Rows that are restored in one commit.
pub(crate) const COMMIT_ROWS: usize = 1000;
/// Bytes after which such a commit ends early: far below what the database takes, so that memory stays small.
pub(crate) const COMMIT_BYTES: usize = 16 << 20;
/// Bytes of the readable part of a file name made of a text, so that two fit into the path of a tar header.
pub(crate) const NAME_BYTES_MAX: usize = 80;
