//! The memory of [PulseDB](pulsedb) for any agent: a server of the Model Context Protocol, over stdio and HTTP.
//!
//! An agent gets seven tools: it remembers, recalls, asks for the context of a task, revises, forgets, follows changes and
//! says who is at work. Nothing of a session is kept in the server, and nothing runs besides it: twenty servers on one
//! database are twenty processes that share a file. The protocol's eras with `initialize` and with `server/discover` are
//! both spoken.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use pulsedb::{Config, PulseDB};
//! use pulsedb_mcp::{Server, Settings, Store, collective_of, serve_stdio};
//!
//! # fn main() -> Result<(), pulsedb_mcp::McpError> {
//! let server = Server::new(Settings {
//!     open: Arc::new(|| Ok(Arc::new(PulseDB::open("memory", Config::default())?) as Arc<dyn Store>)),
//!     collective: collective_of(std::path::Path::new(".")),
//!     channel: false,
//! });
//! serve_stdio(server)
//! # }
//! ```

mod arguments;
mod error;
mod form;
mod http;
pub mod limits;
mod memory;
mod news;
mod place;
mod resources;
mod server;
mod stdio;
mod store;
mod subscriptions;
mod tools;

pub use error::McpError;
pub use form::fenced;
pub use http::{HttpSettings, Listening};
pub use memory::Opener;
pub use place::collective_of;
pub use server::{Server, Settings};
pub use stdio::serve_stdio;
pub use store::{Changes, Store};
