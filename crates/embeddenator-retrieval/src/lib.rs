//! Indexes over block codes: exact, hierarchical and inverted search, persisted as checked sections.
#![forbid(unsafe_code)]

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
