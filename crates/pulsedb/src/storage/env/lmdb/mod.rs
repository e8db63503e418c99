//! LMDB's data file as bytes: readers that judge it without the engine, and save what they can of a damaged one.

pub(super) mod fault;
pub(super) mod header;
mod node;
mod pages;
pub(super) mod salvage;
pub(super) mod state;
pub(super) mod structure;
pub(super) mod tree;
