//! The calls that change an engram: each appends one commit, or rewrites it; readers see the old one until then.

use std::path::Path;

use crate::engram::Engram;
use crate::error::Result;
use crate::ingest::run::{IngestOptions, IngestReport};
use crate::path::EngramPath;
use crate::progress::Progress;
use crate::update::compact::{CompactOptions, CompactReport, compact};
use crate::update::forget::{ForgetOptions, ForgetReport, forget};
use crate::update::run::{Change, update};
use crate::walk::Source;

impl Engram {
    /// Adds sources to the newest tree, as a new snapshot; what stands at their places already is replaced, and
    /// directories are merged.
    ///
    /// A file whose size and modification time are those of the newest snapshot is not read again, unless something
    /// about it was changed after the engram was written last.
    ///
    /// # Errors
    /// [`Error::Busy`](crate::Error::Busy) if another process writes to the engram;
    /// [`Error::RolledBack`](crate::Error::RolledBack) if its last commit is damaged; otherwise as for
    /// [`Engram::create`] and [`Engram::open`]. The engram is what it was.
    pub fn add(
        path: impl AsRef<Path>,
        sources: &[Source],
        options: &IngestOptions<'_>,
        progress: &dyn Progress,
    ) -> Result<IngestReport> {
        update(path.as_ref(), Change::Add(sources), options, progress)
    }

    /// Brings the engram to the state of the sources, as a new snapshot: what they have not is not in it.
    ///
    /// # Errors
    /// As for [`Engram::add`].
    pub fn modify(
        path: impl AsRef<Path>,
        sources: &[Source],
        options: &IngestOptions<'_>,
        progress: &dyn Progress,
    ) -> Result<IngestReport> {
        update(path.as_ref(), Change::Replace(sources), options, progress)
    }

    /// Leaves paths, with all below them, out of the newest tree, as a new snapshot. Older snapshots keep them.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) for a path that the tree has not,
    /// [`Error::InvalidPath`](crate::Error::InvalidPath) for the root; otherwise as for [`Engram::add`].
    pub fn remove(
        path: impl AsRef<Path>,
        paths: &[EngramPath],
        options: &IngestOptions<'_>,
    ) -> Result<IngestReport> {
        update(path.as_ref(), Change::Remove(paths), options, &())
    }

    /// Takes snapshots off the list. Their bytes stay until [`Engram::compact`].
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) for a number that is no snapshot's; otherwise as for [`Engram::add`].
    pub fn forget(path: impl AsRef<Path>, options: &ForgetOptions) -> Result<ForgetReport> {
        forget(path.as_ref(), options)
    }

    /// Rewrites the engram with what its snapshots need and nothing else, laid out by similarity over all of them.
    ///
    /// It is written beside the old one and takes its place when it is whole; snapshots keep their numbers and hashes.
    ///
    /// # Errors
    /// [`Error::Busy`](crate::Error::Busy) if another process writes to the engram;
    /// [`Error::Damaged`](crate::Error::Damaged), [`Error::Io`](crate::Error::Io),
    /// [`Error::Exhausted`](crate::Error::Exhausted). The engram is what it was, unless it is
    /// [`Error::NotDurable`](crate::Error::NotDurable).
    pub fn compact(
        path: impl AsRef<Path>,
        options: CompactOptions,
        progress: &dyn Progress,
    ) -> Result<CompactReport> {
        compact(path.as_ref(), options, progress)
    }
}
