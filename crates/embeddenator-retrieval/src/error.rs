//! Every way a call can fail, sorted by what the caller can do about it.

use crate::Id;

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation was refused. The index is unchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The id is already in the index; remove it first, or replace its code.
    #[error("id {id} is already in the index: remove it first, or replace its code")]
    DuplicateId {
        /// The id.
        id: Id,
    },
    /// A code does not fit the index because its shape or dimension differs, or stored bytes hold
    /// an invalid code.
    #[error(
        "the code does not fit the index: pass one of the same shape, or restore the stored bytes from a copy"
    )]
    Code(#[from] embeddenator_vsa::Error),
    /// Stored bytes are truncated, damaged or something else; restore them, or rebuild the index.
    #[error("the stored index cannot be read or written: restore it from a copy, or rebuild it")]
    Bytes(#[from] embeddenator_io::Error),
    /// Stored bytes are intact, but break a rule of the format.
    #[error("{what} of a stored index {reason}: restore the index from a copy, or rebuild it")]
    Malformed {
        /// Which part.
        what: &'static str,
        /// Which rule is broken.
        reason: &'static str,
    },
    /// The index already holds as many items as it can.
    #[error("the index is full with {items_max} items: remove some, or divide them among shards")]
    Full {
        /// The most items that it may hold.
        items_max: usize,
    },
    /// A derived part does not match the codes that it was derived from: memory or a file was
    /// damaged.
    #[error("{what} of node {node} do not match its codes: rebuild the index from its codes")]
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
    /// The index must be empty, but is not.
    #[error("the index must be empty, but has {items} item{}: pass a new one", if *items == 1 { "" } else { "s" })]
    NotEmpty {
        /// The number of items in it.
        items: usize,
    },
    /// A threshold is not a number between 0 and 1.
    #[error("the threshold is {threshold}: use a number between 0 and 1")]
    Threshold {
        /// The given threshold.
        threshold: f32,
    },
    /// The number of shards is zero or too large.
    #[error("the number of shards is {shards}: use 1 to {shards_max}")]
    Shards {
        /// The number asked for.
        shards: usize,
        /// The largest number allowed.
        shards_max: usize,
    },
}
