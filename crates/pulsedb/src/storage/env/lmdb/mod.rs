//! LMDB's data file as bytes: readers that judge it without the engine, and save what they can of a damaged one.

pub(super) mod header;
pub(super) mod pages;
pub(super) mod salvage;
pub(super) mod tree;
