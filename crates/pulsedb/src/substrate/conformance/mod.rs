//! The promises of a [`SubstrateProvider`](crate::SubstrateProvider), as tests that any implementation runs against itself.
//!
//! They say what callers may count on, and nothing of how it is done: they work for a store on one machine and for one
//! that is distributed. Each promise is tried in a collective of its own, so that a store that holds other data can be
//! used. Vectors are supplied, so no embedder is needed.
//!
//! ```
//! use std::sync::Arc;
//! use pulsedb::substrate::conformance::{Options, check};
//! use pulsedb::{Config, EmbeddingDimension, PulseDB, PulseDBSubstrate};
//! # let directory = tempfile::tempdir().unwrap();
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! let config = Config::with_external_embeddings(EmbeddingDimension::Custom(8));
//! let provider = Arc::new(PulseDBSubstrate::new(PulseDB::open(directory.path(), config).unwrap()));
//! let report = runtime.block_on(check(provider, &Options { dimension: 8, ..Options::default() }));
//! assert!(report.broken.is_empty(), "{:#?}", report.broken);
//! ```

mod agents;
mod check;
mod concurrency;
mod context;
mod promise;
mod records;
mod relations;
mod report;
mod searches;
mod watching;
mod world;

pub use check::check;
pub use report::{Broken, Options, Report};
