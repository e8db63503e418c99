//! placeholder
#![allow(dead_code, unused_imports)]

mod clock;
mod config;
mod embed;
mod error;
mod id;
pub mod limits;
mod model;
mod storage;

pub use clock::Timestamp;
pub use config::{Config, DecayConfig, EmbeddingDimension, EmbeddingProvider, LogConfig, SyncMode};
pub use embed::{EmbeddingService, ProviderIdentity};
pub use error::{IoSource, NotFoundError, PulseDBError, Result, StorageError, ValidationError};
pub use id::{AgentId, CollectiveId, Embedding, ExperienceId, Seq, TaskId};
pub use model::*;
