//! Indexes over codes: exact, hierarchical and inverted search, near-duplicates and names, in checked bytes.
//!
//! | for | use |
//! |---|---|
//! | the nearest block codes, exactly | [`Flat`] |
//! | the same among millions, or for thousands of queries a second, with a measured recall | [`Hierarchy`] |
//! | the nearest sparse ternary vectors, exactly | [`Inverted`] |
//! | near-duplicates by min-hash signatures | [`Signatures`] |
//! | the name of a noisy code | [`CleanUp`] |
//! | several indexes as one | [`Sharded`] |
//!
//! The first three and [`Sharded`] implement [`Index`]: insert, remove, replace, and search with
//! one query or a batch. Hits come best first, and equal scores by id; the number of threads
//! changes only the time. [`Signatures`] and [`CleanUp`] wrap an index in an interface of their
//! own.
//!
//! ```
//! use embeddenator_retrieval::{Hierarchy, Id, Index};
//! use embeddenator_vsa::{BlockCode, Random, Shape};
//!
//! let mut random = Random::new(7);
//! let codes: Vec<_> = (0..1000).map(|_| BlockCode::random(Shape::DEFAULT, &mut random)).collect();
//! let mut index = Hierarchy::new(Shape::DEFAULT);
//! for (id, code) in (0..).map(Id).zip(&codes) {
//!     index.insert(id, code)?;
//! }
//! let hits = index.search(&codes[42], 3)?;
//! assert_eq!((hits.len(), hits[0].id, hits[0].score), (3, Id(42), 1.0));
//! # Ok::<(), embeddenator_retrieval::Error>(())
//! ```
//!
//! Indexes are written as bytes and opened from bytes, for example from a memory map. Everything is
//! verified; anything that can be derived is rebuilt rather than trusted. The formats are specified
//! byte by byte in `docs/embeddenator-retrieval-format.md` in the repository.
#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc)]

mod batch;
mod cleanup;
mod error;
mod flat;
mod hierarchy;
mod index;
mod inverted;
pub mod limits;
mod persist;
mod search;
mod shard;
mod signature;
mod top_k;

pub use cleanup::{CleanUp, NameHit};
pub use error::{Error, Result};
pub use flat::Flat;
pub use hierarchy::{Hierarchy, HierarchyOptions, HierarchyStats};
pub use index::Index;
pub use inverted::{Inverted, InvertedStats, Similarity};
pub use persist::Opened;
pub use search::{Beam, Hit, Id, SearchOptions};
pub use shard::Sharded;
pub use signature::Signatures;

/// Compiles and runs the examples in the crate's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct ReadmeExamples;
