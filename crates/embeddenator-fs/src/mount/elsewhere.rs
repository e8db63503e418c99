//! Where no engram can be mounted.

use std::io;
use std::path::{Path, PathBuf};

use crate::engram::Engram;
use crate::error::{Error, Result};
use crate::mount::MountOptions;
use crate::snapshot::Snapshot;

/// A mounted engram; there is none on this system, or without the feature `fuse`.
#[derive(Debug)]
pub struct Mount {
    directory: PathBuf,
}

impl Mount {
    /// Mounts a snapshot of an engram at a directory.
    ///
    /// # Errors
    /// [`Error::Io`], since this system cannot.
    pub fn new(
        engram: &Engram,
        snapshot: &Snapshot,
        directory: impl AsRef<Path>,
        options: MountOptions,
    ) -> Result<Self> {
        drop((engram.view(snapshot)?, options));
        Err(Error::of_system("mount", directory.as_ref(), io::ErrorKind::Unsupported.into()))
    }

    /// Answers until it is unmounted.
    ///
    /// # Errors
    /// [`Error::Io`], since this system cannot.
    pub fn run(self) -> Result<()> {
        Err(Error::of_system("serve", self.directory, io::ErrorKind::Unsupported.into()))
    }
}
