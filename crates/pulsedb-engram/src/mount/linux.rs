//! Mounting by FUSE.

use std::fmt;
use std::path::{Path, PathBuf};

use fuser::{MountOption, Session};
use pulsedb::{CollectiveId, PulseDB};

use crate::error::{Error, Result};
use crate::mount::MountOptions;
use crate::mount::answers::Answers;
use crate::mount::live::Live;

/// A mounted collective, which answers while [`Mount::run`] runs; dropping it unmounts.
pub struct Mount {
    session: Session<Answers>,
    directory: PathBuf,
}

impl Mount {
    /// Mounts a collective at a directory.
    ///
    /// It shows what a search would look at: archived, superseded and expired experiences are left out. What any process
    /// records appears in it by itself. Needs `/dev/fuse`, and `fusermount3` for who is not root.
    ///
    /// # Errors
    /// [`Error::Database`] if there is no such collective; [`Error::Io`] if the operating system refuses the mount.
    pub fn new(
        db: &PulseDB,
        collective: CollectiveId,
        directory: impl AsRef<Path>,
        options: MountOptions,
    ) -> Result<Self> {
        let directory = directory.as_ref().to_owned();
        let refused = |error| Error::of_system("mount a collective at", &directory, error);
        let live = Live::new(db.clone(), collective)?;
        let answers = Answers::new(live, &directory).map_err(refused)?;
        let mut config = embeddenator_fs::fuse_config(options, "pulsedb", "pulsedb");
        config.mount_options.push(MountOption::NoExec);
        let session = Session::new(answers, &directory, &config).map_err(refused)?;
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

    /// Takes a mounted collective from its directory: it goes out of sight at once, and [`run`](Self::run) ends when
    /// nobody uses it any more.
    ///
    /// # Errors
    /// [`Error::Engram`] if nothing is mounted there.
    pub fn take_down(directory: impl AsRef<Path>) -> Result<()> {
        Ok(embeddenator_fs::unmount(directory, true)?)
    }
}

impl fmt::Debug for Mount {
    /// Where it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mount").field("directory", &self.directory).finish_non_exhaustive()
    }
}
