//! `push` and `pull`: collectives between the database and a PostgreSQL server; and the memory there for `mcp`.

#[cfg(not(feature = "postgres"))]
#[path = "absent.rs"]
mod system;
#[cfg(feature = "postgres")]
#[path = "postgres.rs"]
mod system;

pub(super) use system::{opener, pull, push};
