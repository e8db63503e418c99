//! The outermost bytes of an engram: superblocks, footers, blobs and segments.

pub(crate) mod behind;
pub(crate) mod blob;
pub(crate) mod footer;
pub(crate) mod segment;
pub(crate) mod superblock;
