//! Where no collective can be mounted.

use std::io;
use std::path::{Path, PathBuf};

use pulsedb::{CollectiveId, PulseDB};

use crate::error::{Error, Result};
use crate::mount::MountOptions;

/// A mounted collective; there is none on this system, or without the feature `fuse`.
#[derive(Debug)]
pub struct Mount {
    directory: PathBuf,
}

impl Mount {
    /// Mounts a collective at a directory.
    ///
    /// # Errors
    /// [`Error::Io`], since this system cannot.
    pub fn new(
        _db: &PulseDB,
        _collective: CollectiveId,
        directory: impl AsRef<Path>,
        _options: MountOptions,
    ) -> Result<Self> {
        Err(Error::of_system("mount", directory.as_ref(), io::ErrorKind::Unsupported.into()))
    }

    /// Answers until it is unmounted.
    ///
    /// # Errors
    /// [`Error::Io`], since this system cannot.
    pub fn run(self) -> Result<()> {
        Err(Error::of_system("serve", self.directory, io::ErrorKind::Unsupported.into()))
    }

    /// Takes a mounted collective from its directory.
    ///
    /// # Errors
    /// [`Error::Engram`] if nothing is mounted there.
    pub fn take_down(directory: impl AsRef<Path>) -> Result<()> {
        Ok(embeddenator_fs::unmount(directory, true)?)
    }
}
