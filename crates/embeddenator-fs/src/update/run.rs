//! New snapshots: what was added, what was removed, or the state of a directory.

use std::path::Path;

use crate::error::Result;
use crate::ingest::run::{IngestOptions, IngestReport};
use crate::path::EngramPath;
use crate::progress::Progress;
use crate::walk::Source;

pub(crate) fn add(
    _path: &Path,
    _sources: &[Source],
    _options: &IngestOptions<'_>,
    _progress: &dyn Progress,
) -> Result<IngestReport> {
    unimplemented!()
}

pub(crate) fn modify(
    _path: &Path,
    _sources: &[Source],
    _options: &IngestOptions<'_>,
    _progress: &dyn Progress,
) -> Result<IngestReport> {
    unimplemented!()
}

pub(crate) fn remove(
    _path: &Path,
    _paths: &[EngramPath],
    _options: &IngestOptions<'_>,
) -> Result<IngestReport> {
    unimplemented!()
}
