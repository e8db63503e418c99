//! An embedded database for the collective memory of AI agents.
//!
//! Agents record *experiences* into *collectives*; other agents find them at once by meaning, time, type, tags and
//! agent, and follow what changes. It is a library: no server, nothing to download, no language model on the write
//! path. Any number of processes may have the same database open, all of them reading and writing, and what a call
//! has acknowledged survives a crash of any of them.
//!
//! ```
//! use pulsedb::{Config, NewExperience, PulseDB, SearchOptions};
//!
//! # fn main() -> pulsedb::Result<()> {
//! # let directory = tempfile::tempdir().unwrap();
//! # let path = directory.path().join("memory");
//! let db = PulseDB::open(path, Config::default())?;
//! let project = db.get_or_create_collective("project")?;
//! db.record_experience(NewExperience {
//!     collective_id: project,
//!     content: "The release build fails without the vendored OpenSSL".into(),
//!     importance: 0.9,
//!     domain: vec!["build".into()],
//!     ..Default::default()
//! })?;
//! let hits = db.search(project, "why does the build break?".into(), SearchOptions::default())?;
//! println!("{:.2} {}", hits[0].similarity, hits[0].experience.content);
//! # Ok(())
//! # }
//! ```
//!
//! # Where to begin
//!
//! - [`PulseDB::open`] and [`Config`]: by default, texts are embedded with the bundled static table; see
//!   [`Config::with_external_embeddings`] and [`PulseDB::open_with_embedder`] for vectors of your own.
//! - [`PulseDB::record_experience`] with a [`NewExperience`]; [`PulseDB::record_experiences`] and other calls with a
//!   plural name change many in one commit, and [`PulseDB::apply`] makes changes of different kinds together.
//! - [`PulseDB::search`] with a [`Query`] and a [`SearchFilter`]; [`passage`] and [`matched`] show where a hit answers it;
//!   [`PulseDB::get_recent_experiences`].
//! - [`PulseDB::get_by_key`] and [`PulseDB::list_keys`]: experiences under names of your own.
//! - [`PulseDB::store_relation`], [`PulseDB::supersede_experience`] and [`PulseDB::store_insight`]: what experiences have to
//!   do with each other; [`PulseDB::get_context_candidates`]: what an agent needs to know before it begins.
//! - [`PulseDB::watch_experiences`]: a stream of what happens, in any process; [`PulseDB::watch_from`] begins earlier, and
//!   [`PulseDB::poll_changes`] asks once.
//! - [`PulseDB::register_activity`] and [`PulseDB::get_active_agents`]: who is at work, and on what.
//! - `EmbeddingProvider::Builtin` with a `model_path`, with the feature `neural`: models of your own.
//! - `SubstrateProvider` and `PulseDBSubstrate`, with the feature `substrate`: the same for asynchronous callers.
//! - [`PulseDB::check`], [`PulseDB::repair`], [`PulseDB::backup`], [`PulseDB::stats`].
//!
//! # Promises
//!
//! - **Durable.** With [`SyncMode::Normal`], what a call has changed is on disk, in full, when the call returns.
//! - **Complete.** A search by vector returns `min(k, matches)` hits, of the records that have a vector, and a search by
//!   text those that a signal scores above zero, in a total order, whatever the filter. Vectors are narrowed
//!   down by short codes and compared exactly for as long as an error bound can change the answer;
//!   [`SearchOptions::exact`] compares every match.
//! - **Checked.** Every value has a checksum, which is verified before the value is used (of a part of the
//!   index, when the process first touches it). Damage is reported as [`StorageError::Corrupted`] with table and key, or
//!   the records answer in place of the index; it never leads to a wrong answer.
//! - **Typed errors.** Bad input is refused with a [`ValidationError`] and changes nothing; no call panics.
//!
//! The database must be on a local file system of a 64-bit machine.

#[cfg(feature = "backend")]
pub mod backend;
mod clock;
mod config;
mod db;
mod embed;
mod error;
mod id;
mod index;
mod lexical;
pub mod limits;
mod model;
mod search;
mod storage;
#[cfg(feature = "substrate")]
pub mod substrate;
mod validate;
mod vector;
mod watch;

pub use clock::Timestamp;
pub use config::{
    ActivityConfig, Config, DecayConfig, EmbeddingDimension, EmbeddingProvider, LogConfig, SearchConfig,
    SyncMode, VectorConfig, WatchConfig,
};
pub use db::PulseDB;
pub use embed::EmbeddingService;
pub use error::{IoSource, NotFoundError, PulseDBError, Result, ServerError, StorageError, ValidationError};
pub use id::{AgentId, CollectiveId, Embedding, ExperienceId, InsightId, RelationId, Seq, TaskId};
pub use model::{
    Activity, BackupReport, Change, CheckReport, Collective, CollectiveStats, CollectiveSummary,
    CompactReport, ContextCandidates, ContextRequest, ContextWeights, DatabaseStats, DerivedInsight,
    DuplicatePolicy, Experience, ExperienceKind, ExperienceRelation, ExperienceType, ExperienceUpdate,
    Explain, Fault, Holder, InsightFilter, InsightType, NewActivity, NewDerivedInsight, NewExperience,
    NewExperienceRelation, Outcome, OwnedQuery, Progress, ProviderIdentity, Query, ReaderInfo, RecallWeights,
    Reembedding, RelationDirection, RelationType, SearchFilter, SearchOptions, SearchResult, Severity,
    Signal, SignalWeights, StreamEnd, TableStats, TermsUpdate, TryRecvError, WatchEvent, WatchEventType,
    WatchFilter, energy,
};
pub use search::{matched, passage};
#[cfg(feature = "substrate")]
pub use substrate::{PulseDBSubstrate, SubstrateProvider};
pub use watch::WatchStream;

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing {
    //! Every reader of stored bytes.
    pub use crate::index::fuzzing::read_index;
    pub use crate::storage::fuzzing::{RowPlace, TABLES, change_rows, read, sealed};
}
