//! placeholder

mod clock;
mod config;
mod db;
mod embed;
mod error;
mod follow;
mod id;
mod index;
pub mod limits;
mod model;
mod search;
mod storage;
mod validate;
mod vector;

pub use clock::Timestamp;
pub use config::{Config, DecayConfig, EmbeddingDimension, EmbeddingProvider, LogConfig, SyncMode};
pub use db::PulseDB;
pub use embed::EmbeddingService;
pub use error::{IoSource, NotFoundError, PulseDBError, Result, StorageError, ValidationError};
pub use id::{AgentId, CollectiveId, Embedding, ExperienceId, Seq, TaskId};
pub use model::*;
