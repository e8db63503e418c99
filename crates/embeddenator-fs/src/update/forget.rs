//! Taking snapshots off the list, by number or by what is to be kept.

use std::path::Path;

use crate::error::Result;
use crate::snapshot::Snapshot;

/// Which snapshots are kept; a snapshot is kept if any of these wants it.
///
/// Hours, days, weeks (from Monday), months and years are those of UTC, by the time of the snapshots; of each the newest
/// snapshot is kept, for so many of them as have one, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keep {
    /// So many of the newest.
    pub last: u32,
    /// One of each of so many hours.
    pub hourly: u32,
    /// One of each of so many days.
    pub daily: u32,
    /// One of each of so many weeks.
    pub weekly: u32,
    /// One of each of so many months.
    pub monthly: u32,
    /// One of each of so many years.
    pub yearly: u32,
    /// All with one of these labels.
    pub labels: Vec<String>,
}

/// What is forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForgetOptions {
    /// Numbers of snapshots to be forgotten, whatever is kept otherwise.
    pub snapshots: Vec<u32>,
    /// If there is one, everything that it does not keep is forgotten too.
    pub keep: Option<Keep>,
    /// Changes nothing, and reports what would be.
    pub dry_run: bool,
}

/// What was forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ForgetReport {
    /// The snapshots that stay, the oldest first.
    pub kept: Vec<Snapshot>,
    /// Those that are forgotten.
    pub forgotten: Vec<Snapshot>,
}

pub(crate) fn forget(_path: &Path, _options: &ForgetOptions) -> Result<ForgetReport> {
    unimplemented!()
}
