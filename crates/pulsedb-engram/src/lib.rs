//! Databases of `PulseDB` as engrams, and collectives as files.
//!
//! | for | use |
//! |---|---|
//! | a snapshot of a database or of one collective | [`snapshot`] with [`SnapshotOptions`] |
//! | looking into one and restoring it | [`StoredSnapshot`] |
//! | reading a live collective with `cat`, `ls` and `grep` | [`Mount`] |
//!
//! A snapshot is a tree of files in one verified file, an [engram](embeddenator_fs): an experience is a Markdown file with
//! front matter, and so is a relation and an insight; vectors are in blocks beside them. A second snapshot into the
//! same engram stores what is new. Restored, all of it is what it was, vectors bit for bit; only sequence numbers
//! are new.
//!
//! ```
//! use pulsedb::{Config, NewExperience, PulseDB};
//! use pulsedb_engram::{SnapshotOptions, StoredSnapshot, snapshot};
//!
//! # let directory = tempfile::tempdir()?;
//! # let at = |name: &str| directory.path().join(name);
//! let db = PulseDB::open(at("memory"), Config::default())?;
//! let project = db.create_collective("project")?;
//! let content = "The release build needs the vendored OpenSSL".to_owned();
//! db.record_experience(NewExperience { collective_id: project, content, ..Default::default() })?;
//! snapshot(&db, at("memory.egm"), &SnapshotOptions::default())?;
//!
//! let restored = PulseDB::open(at("restored"), Config::default())?;
//! StoredSnapshot::open(at("memory.egm"), None)?.restore(&restored)?;
//! assert_eq!(restored.list_collectives()?, db.list_collectives()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The files are described in `docs/pulsedb-engram.md` of the repository.
#![forbid(unsafe_code)]
#![cfg(unix)]

mod error;
mod form;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod limits;
mod members;
mod mount;
mod names;
mod restore;
mod snapshot;
mod stored;
mod vectors;

pub use error::{Error, Result};
pub use mount::{Mount, MountOptions};
pub use restore::RestoreReport;
pub use snapshot::{SnapshotOptions, SnapshotReport, snapshot};
pub use stored::StoredSnapshot;

/// Compiles and runs the examples of the crate's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct ReadmeExamples;
