//! What can go wrong, by what the caller can do about it.

use crate::Id;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation was refused. The index is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The id is in the index already; remove it first, or replace its code.
    #[error("id {id} is in the index already: remove it first, or replace its code")]
    DuplicateId {
        /// The id.
        id: Id,
    },
    /// A code does not fit the index: its shape or dimension is another. Or stored bytes hold what is no code.
    #[error("a code that does not fit the index: give one of its shape, or restore the bytes that hold it")]
    Code(#[from] embeddenator_vsa::Error),
    /// Stored bytes are cut, damaged or another thing; restore them, or build the index anew.
    #[error("the bytes of an index cannot be read: restore them, or build the index anew")]
    Bytes(#[from] embeddenator_io::Error),
    /// Stored bytes are whole, but say what no index says.
    #[error("{what} of a stored index {reason}: restore the bytes, or build the index anew")]
    Malformed {
        /// Which part.
        what: &'static str,
        /// Which rule is broken.
        reason: &'static str,
    },
    /// The index holds as many items as it may.
    #[error("an index of {items_max} items is full: remove some, or divide them among shards")]
    Full {
        /// The most items that it may hold.
        items_max: usize,
    },
    /// A derived part does not fit the codes that it was derived from: memory or a file was damaged.
    #[error("{what} of node {node} do not fit its codes: build the index anew from its codes")]
    Inconsistent {
        /// Which part.
        what: &'static str,
        /// The node, counted from 0.
        node: usize,
    },
    /// The name is taken.
    #[error("the name {name:?} is taken: remove it first, or use another")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// An index that has to be empty is not.
    #[error("an index of {items} items where an empty one is needed: pass a new one")]
    NotEmpty {
        /// The items in it.
        items: usize,
    },
    /// A threshold is not a number from 0 to 1.
    #[error("a threshold of {threshold}: use a number from 0 to 1")]
    Threshold {
        /// What was given.
        threshold: f32,
    },
    /// A set of shards must have at least one, and not too many.
    #[error("{shards} shards: use 1 to {shards_max}")]
    Shards {
        /// The shards asked for.
        shards: usize,
        /// The most that there may be.
        shards_max: usize,
    },
}
