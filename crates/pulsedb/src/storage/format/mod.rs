//! What the bytes of tables mean: names, keys, seals and one file for each kind of row.
//!
//! `docs/pulsedb-format.md` has every layout byte by byte. Reading never panics: what does not fit is `None`, which
//! callers turn into the error that names table and key.

pub(in crate::storage) mod activity;
pub(in crate::storage) mod block_state;
pub(in crate::storage) mod change;
pub(in crate::storage) mod collective;
pub(in crate::storage) mod columns;
pub(in crate::storage) mod experience;
pub(in crate::storage) mod experience_type;
mod flags;
pub(in crate::storage) mod insight;
pub(in crate::storage) mod keys;
pub(in crate::storage) mod meta;
pub(in crate::storage) mod piece;
pub(in crate::storage) mod reader;
pub(in crate::storage) mod reclaim;
pub(in crate::storage) mod relation;
pub(in crate::storage) mod seal;
pub(in crate::storage) mod series;
pub(in crate::storage) mod slot;
pub(in crate::storage) mod tables;
pub(in crate::storage) mod vector;
pub(in crate::storage) mod writer;
