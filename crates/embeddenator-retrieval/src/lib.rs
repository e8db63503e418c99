//! Indexes over block codes: exact, hierarchical and inverted search, persisted as checked sections.
#![forbid(unsafe_code)]

mod batch;
mod error;
mod flat;
mod hierarchy;
mod index;
pub mod limits;
mod search;
mod top_k;

pub use error::{Error, Result};
pub use flat::Flat;
pub use hierarchy::{Hierarchy, HierarchyOptions, HierarchyStats};
pub use index::Index;
pub use search::{Beam, Hit, Id, SearchOptions};
