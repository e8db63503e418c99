//! How rows become blocks, and how blocks are read: what joins the engines of words and vectors with the store.
//!
//! The index lies in the store, written by the transactions that write the records. So a search is a pure function of
//! one snapshot: there is nothing to load and nothing to catch up with.

mod attributes;
mod builder;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod loose;
mod postings;
mod snapshot;

pub(crate) use attributes::{AllOf, agent, domain, tag, task};
#[cfg(feature = "backend")]
pub(crate) use builder::asks;
pub(crate) use builder::{Builder, bit_bytes, code_run_rows, refinement_run_rows, with_analyser};
pub(crate) use loose::{LooseRow, Terms, indexed_again, is_damage};
pub(crate) use postings::BlockPostings;
pub(crate) use snapshot::{Address, Segment, Snapshot};
