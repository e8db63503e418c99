//! Writing an engram anew, with what its snapshots need and nothing else.

use std::path::Path;

use embeddenator_io::Profile;

use crate::error::Result;
use crate::progress::Progress;

/// How an engram is compacted.
#[derive(Debug, Clone, Copy, Default)]
pub struct CompactOptions {
    /// The choice between speed and size.
    pub profile: Profile,
    /// Threads; 0 for as many as the machine runs at once. The result does not depend on it.
    pub threads: usize,
}

/// What compacting did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompactReport {
    /// Bytes of the engram before.
    pub bytes_before: u64,
    /// Bytes of it now.
    pub bytes_after: u64,
    /// Distinct chunks before.
    pub chunks_before: u32,
    /// Distinct chunks now.
    pub chunks_after: u32,
}

pub(crate) fn compact(
    _path: &Path,
    _options: CompactOptions,
    _progress: &dyn Progress,
) -> Result<CompactReport> {
    unimplemented!()
}
