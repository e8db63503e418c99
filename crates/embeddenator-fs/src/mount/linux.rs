//! Mounting by FUSE.

use std::fmt;
use std::path::{Path, PathBuf};

use fuser::{Config, MountOption, Session, SessionACL};

use crate::engram::Engram;
use crate::error::{Error, Result};
use crate::mount::MountOptions;
use crate::mount::answers::Answers;
use crate::mount::served::Served;
use crate::snapshot::Snapshot;
use crate::workers::threads;

/// How a read-only file system is mounted: without devices and without programs that get other rights, and the kernel
/// compares modes and owners. `source` and `kind` are what `mount` and `df` call it.
///
/// For file systems of other crates beside engrams; the type is that of `fuser`.
pub fn fuse_config(options: MountOptions, source: &str, kind: &str) -> Config {
    let mut config = Config::default();
    config.mount_options = vec![
        MountOption::RO,
        MountOption::NoDev,
        MountOption::NoSuid,
        MountOption::DefaultPermissions,
        MountOption::FSName(source.to_owned()),
        MountOption::Subtype(kind.to_owned()),
    ];
    config.acl = if options.allow_other { SessionACL::All } else { SessionACL::Owner };
    config.n_threads = Some(threads(options.threads));
    config
}

/// A mounted engram, which answers while [`Mount::run`] runs; dropping it unmounts.
pub struct Mount {
    session: Session<Answers>,
    directory: PathBuf,
}

impl Mount {
    /// Mounts a snapshot of an engram at a directory.
    ///
    /// It shows what the engram was opened with: what is appended later is seen after the next mount. Needs `/dev/fuse`,
    /// and `fusermount3` for who is not root.
    ///
    /// # Errors
    /// [`Error::Io`] if the system refuses; [`Error::Damaged`].
    pub fn new(
        engram: &Engram,
        snapshot: &Snapshot,
        directory: impl AsRef<Path>,
        options: MountOptions,
    ) -> Result<Self> {
        let directory = directory.as_ref().to_owned();
        let answers = Answers::new(Served::new(engram, snapshot)?);
        let config = fuse_config(options, "engram", "embeddenator");
        let session = Session::new(answers, &directory, &config);
        let session = session.map_err(|error| Error::of_system("mount an engram at", &directory, error))?;
        Ok(Self { session, directory })
    }

    /// Answers until it is unmounted.
    ///
    /// # Errors
    /// [`Error::Io`] if the kernel breaks off.
    pub fn run(self) -> Result<()> {
        let Self { session, directory } = self;
        session.run().map_err(|error| Error::of_system("serve", directory, error))
    }
}

impl fmt::Debug for Mount {
    /// Where it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mount").field("directory", &self.directory).finish_non_exhaustive()
    }
}
