//! Short codes of vectors, and the search that narrows them down to the few that are compared exactly.
//!
//! A vector of unit length is rotated and split into its coordinate on an [`Frame`]'s axis, which is kept as a
//! number, and the residual, which is coded twice: one bit a dimension, which a search scans for every row, and one
//! byte a dimension, which it reads for the rows that the bits could not rule out. Both estimate the cosine without
//! bias and with an error bound, as RaBitQ does (Gao and Long, SIGMOD 2024; more bits: Gao et al., SIGMOD 2025).
//! The bytes of all of it are in `docs/pulsedb-vector-codes.md`, with what was measured.
//!
//! ```text
//! search(query, k):
//!     for each row that the filter allows:
//!         skip it if the upper bound from its bits is below the floor      (the floor starts at -infinity)
//!         estimate its cosine and the error of that from its bytes
//!         floor = the k-th greatest lower bound so far
//!     for the rows whose upper bound reaches the floor, greatest upper bound first:
//!         stop if the upper bound is below the k-th exact score so far
//!         score = exact cosine
//!     return all rows that score no less than the k-th
//! ```
//!
//! Everything here is a function of its arguments: no table, no lock, no clock. Every kernel gives the same bits, so
//! the same rows survive each step on every machine.

mod block;
mod encode;
mod frame;
mod query;
mod rescore;
mod rotation;
mod scan;
mod shape;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    block::{Codes, CodesBuilder, Refinements, RefinementsBuilder},
    frame::{Frame, centroid},
    query::CodeQuery,
    rescore::{Scored, exact, gather_limit},
    scan::{Records, Scan},
    shape::Shape,
};
