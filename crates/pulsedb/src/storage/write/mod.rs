//! Writing: one transaction, and what each operation changes in it.

pub(in crate::storage) mod activities;
pub(in crate::storage) mod apply;
pub(in crate::storage) mod block_builder;
pub(in crate::storage) mod collectives;
mod duplicates;
mod expiry;
pub(in crate::storage) mod index;
pub(in crate::storage) mod insights;
mod log;
mod merge;
pub(in crate::storage) mod operations;
pub(in crate::storage) mod reclaim;
pub(in crate::storage) mod reembed;
pub(in crate::storage) mod relations;
pub(in crate::storage) mod retention;
pub(in crate::storage) mod rows;
#[cfg(test)]
mod tests;
pub(in crate::storage) mod transaction;
