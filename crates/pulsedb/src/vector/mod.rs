//! Cosines of stored vectors with a query, and the best k of what was scored.
//!
//! This module knows slots and bytes, never a table: the caller hands over the bytes of a vector as
//! they lie in the store, with the [`Norm`] that was computed when the vector was recorded.

mod arch;
pub(crate) mod codes;
pub(crate) mod late;
mod query;
mod top_k;

pub(crate) use arch::Isa;
pub(crate) use query::PreparedQuery;
