//! What the handles of an environment ask for and must agree on.

use std::path::PathBuf;

use crate::config::SyncMode;
use crate::error::{PulseDBError, Result};

pub(super) const GIB: u64 = 1 << 30;

/// What an environment is opened with.
#[derive(Debug, Clone)]
pub(crate) struct EnvOptions {
    /// The directory of the database.
    pub(crate) path: PathBuf,
    /// The size of the map in GiB; see [`Environment::open`](super::Environment::open).
    pub(crate) map_size_gb: usize,
    /// What a commit waits for.
    pub(crate) sync_mode: SyncMode,
    /// Create nothing and write nothing.
    pub(crate) read_only: bool,
}

/// The settings that all handles of an environment share.
#[derive(Debug)]
pub(super) struct Settings {
    /// What the first writable handle asked for; `None` while all handles are read-only.
    pub(super) requested: Option<Requested>,
    pub(super) writable_handles: usize,
}

impl Settings {
    /// Before the first handle has joined, for which the environment is made.
    pub(super) fn of(options: &EnvOptions) -> Self {
        Self { requested: Requested::of(options), writable_handles: 0 }
    }
}

/// What a writable handle asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Requested {
    map_size_gb: usize,
    pub(super) sync_mode: SyncMode,
}

impl Requested {
    pub(super) fn of(options: &EnvOptions) -> Option<Self> {
        let EnvOptions { map_size_gb, sync_mode, read_only, .. } = *options;
        (!read_only).then_some(Self { map_size_gb, sync_mode })
    }

    /// Refuses settings that contradict these.
    pub(super) fn admit(self, asked: Self, map_bytes: u64) -> Result<()> {
        let reason = if asked.sync_mode != self.sync_mode {
            format!(
                "sync_mode {:?} was requested, but this process has it open with {:?}",
                asked.sync_mode, self.sync_mode
            )
        } else if asked.map_size_gb != self.map_size_gb && asked.map_size_gb as u64 * GIB != map_bytes {
            format!(
                "map_size_gb {} was requested, but this process has it open with {}",
                asked.map_size_gb, self.map_size_gb
            )
        } else {
            return Ok(());
        };
        Err(PulseDBError::Config { reason: format!("{reason}; use the same settings, or close it first") })
    }
}
