//! Engrams: a file tree in one verified file, deduplicated, laid out by similarity and compressed.
//!
//! | for | use |
//! |---|---|
//! | making an engram of a tree | [`Engram::create`] with [`IngestOptions`] |
//! | looking into it | [`Engram::open`], [`Engram::snapshots`], [`Tree`] |
//! | bringing files out | [`Engram::extract`] with [`ExtractOptions`], [`Engram::archive`], [`Tree::read`] |
//! | reading in place | [`Engram::view`] with [`View`], [`Mount`] |
//! | knowing that all is well | [`Engram::verify`] |
//! | a newer state of the tree | [`Engram::modify`], [`Engram::add`], [`Engram::remove`] |
//! | fewer snapshots, fewer bytes | [`Engram::forget`] with [`Keep`], [`Engram::compact`] |
//! | comparing snapshots | [`Engram::diff`], [`Engram::history`] |
//! | finding a fragment, or words | [`Engram::query`], [`Engram::query_text`] |
//! | finding copies | [`Engram::similar`], [`Engram::similar_to`], [`Engram::near_duplicates`], [`Engram::bundle_hier`] |
//!
//! Files are cut into chunks where their content says so (`FastCDC`), each distinct chunk is stored once under its BLAKE3
//! hash, and chunks of like files are put beside each other before they are compressed, found by min-hash signatures.
//! That order is what makes many versions of one thing small.
//!
//! Bytes are stored, never decoded from vectors. Whatever an engram says of itself is checked before it is believed:
//! damage, a cut or a lie is a typed [`Error`], never a panic, and nothing is written outside of the target.
//!
//! The format is written down byte by byte in `docs/engram-format.md` of the repository.
#![forbid(unsafe_code)]

mod archive;
mod bands;
mod bundles;
mod chunk;
mod container;
mod create;
mod diff;
mod engram;
mod entry;
mod error;
mod extract;
mod fingerprint;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod history;
mod ingest;
mod limits;
mod manifest;
mod medium;
mod members;
mod mount;
mod path;
mod platform;
mod progress;
mod query;
mod signatures;
mod similar;
mod snapshot;
mod store;
mod tables;
#[cfg(all(test, unix))]
mod tests;
mod transaction;
mod tree;
mod update;
mod verify;
mod view;
mod walk;
mod workers;

pub use archive::ArchiveReport;
pub use bundles::Bundles;
pub use diff::{Change, ChangeKind};
pub use embeddenator_io::Profile;
pub use embeddenator_retrieval::HierarchyStats;
pub use engram::{Engram, EngramInfo};
pub use entry::{ChunkRun, Content, Data, Device, Entry, Hole, Metadata, Node, Timestamp, Xattr};
pub use error::{Category, Error, Result};
pub use extract::run::{ExtractOptions, ExtractReport, Owners};
pub use history::Version;
pub use ingest::run::{Index, IngestOptions, IngestReport};
#[cfg(all(target_os = "linux", feature = "fuse"))]
pub use mount::fuse_config;
pub use mount::{Mount, MountOptions, unmount};
pub use path::EngramPath;
pub use progress::{Phase, Progress, Warning};
pub use query::{QueryHit, QueryOptions, QueryReport};
pub use similar::{SimilarFile, SimilarOptions, SimilarPair};
pub use snapshot::Snapshot;
pub use store::open::Finding;
pub use tree::{Entries, Tree};
pub use update::compact::{CompactOptions, CompactReport};
pub use update::forget::{ForgetOptions, ForgetReport, Keep};
pub use verify::{Subset, VerifyOptions, VerifyReport};
pub use view::{View, ViewFile};
pub use walk::{Exclude, Source};

/// Compiles and runs the examples of the crate's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct ReadmeExamples;
