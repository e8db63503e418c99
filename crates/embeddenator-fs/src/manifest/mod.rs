//! The manifest of a snapshot: its entries in blocks, their index, and the hash of all.

pub(crate) mod bases;
pub(crate) mod block;
pub(crate) mod build;
pub(crate) mod index;
mod payload;
pub(crate) mod tree_hash;
