//! The memory of [`pulsedb`] on PostgreSQL with pgvector, for what outgrows one machine.
//!
//! [`PostgresSubstrate`] implements [`SubstrateProvider`](pulsedb::SubstrateProvider), so a program that is written against
//! the trait changes the line that builds its substrate:
//!
//! ```no_run
//! use std::sync::Arc;
//! use pulsedb::SubstrateProvider;
//! use pulsedb_postgres::{PostgresConfig, PostgresSubstrate};
//! # async fn example() -> pulsedb::Result<()> {
//! let substrate: Arc<dyn SubstrateProvider> =
//!     Arc::new(PostgresSubstrate::connect("postgres://agent@localhost/memory", PostgresConfig::default()).await?);
//! let team = substrate.get_or_create_collective("team").await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`push`] and [`pull`] copy collectives between an embedded database and a server.
//!
//! The answers are those of the embedded database: texts are checked, embedded, analysed and ranked by its code, on the
//! client; the server keeps records, postings, vectors and the log. `docs/pulsedb-postgres.md` describes the tables,
//! `docs/scale.md` sizes and limits.

mod activities;
mod beyond;
mod calls;
mod checked;
mod collectives;
mod config;
mod context;
mod entries;
mod failure;
mod filter;
mod insights;
mod keys;
mod listed;
mod listener;
mod migrate;
mod moving;
mod records;
mod relations;
mod restored;
mod rows;
mod search;
mod session;
mod store;
mod substrate;
mod text;
mod update;
mod watch;

pub use config::PostgresConfig;
pub use moving::{MoveError, MoveOptions, MoveProgress, Moved, pull, push};
pub use store::PostgresSubstrate;
