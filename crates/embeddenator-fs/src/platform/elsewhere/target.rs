//! The directory that is extracted to: everything is made below it, and no link is followed on the way.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use crate::entry::{Metadata, Node, Timestamp};
use crate::path::EngramPath;
use crate::platform::found::{Refusal, note};

/// The directory that is extracted to.
#[derive(Debug)]
pub(crate) struct Target {
    root: PathBuf,
}

impl Target {
    /// Opens a directory that exists.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { root: fs::canonicalize(path)? })
    }

    /// A walker that stands at the root.
    pub(crate) fn walker(&self) -> Walker<'_> {
        Walker { target: self }
    }

    /// Whether owners can be given away.
    pub(crate) fn may_give_away() -> bool {
        false
    }
}

/// Makes files below the target.
#[derive(Debug)]
pub(crate) struct Walker<'a> {
    target: &'a Target,
}

impl Walker<'_> {
    /// Makes a directory, unless there is one.
    pub(crate) fn make_directory(&mut self, path: &EngramPath) -> io::Result<()> {
        let path = self.place(path)?;
        match fs::create_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_directory(&path)? => Ok(()),
            made => made,
        }
    }

    /// Makes a file that must not exist.
    pub(crate) fn create_file(&mut self, path: &EngramPath) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(self.place(path)?)
    }

    /// Opens a file that was made before.
    pub(crate) fn open_file(&mut self, path: &EngramPath) -> io::Result<File> {
        OpenOptions::new().write(true).open(self.place(path)?)
    }

    /// Makes what is neither a file nor a directory: nothing here.
    pub(crate) fn make_node(&mut self, _path: &EngramPath, _node: &Node) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Gives a file another name.
    pub(crate) fn link(&mut self, existing: &EngramPath, path: &EngramPath) -> io::Result<()> {
        fs::hard_link(self.place(existing)?, self.place(path)?)
    }

    /// Removes what is no directory; nothing to remove is no error.
    pub(crate) fn remove(&mut self, path: &EngramPath) -> io::Result<()> {
        match fs::remove_file(self.place(path)?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Gives a directory its metadata: what there is of it belongs to the system here.
    pub(crate) fn dress_directory(
        &mut self,
        _path: &EngramPath,
        _metadata: &Metadata,
        _owners: bool,
    ) -> io::Result<Vec<Refusal>> {
        Ok(Vec::new())
    }

    /// Gives a link or a special file its metadata.
    pub(crate) fn dress_node(
        &mut self,
        _path: &EngramPath,
        _node: &Node,
        _metadata: &Metadata,
        _owners: bool,
    ) -> io::Result<Vec<Refusal>> {
        Ok(Vec::new())
    }

    /// The place of a path, whose directories are no links.
    fn place(&self, path: &EngramPath) -> io::Result<PathBuf> {
        let mut place = self.target.root.clone();
        let mut names = path.names().peekable();
        while let Some(name) = names.next() {
            let name = std::str::from_utf8(name).map_err(|_| io::ErrorKind::InvalidFilename)?;
            if name.contains(['\\', ':']) {
                return Err(io::ErrorKind::InvalidFilename.into());
            }
            place.push(name);
            if names.peek().is_some() && !is_directory(&place)? {
                return Err(io::ErrorKind::NotADirectory.into());
            }
        }
        Ok(place)
    }
}

fn is_directory(path: &Path) -> io::Result<bool> {
    Ok(fs::symlink_metadata(path)?.is_dir())
}

/// Gives an open file its metadata.
pub(crate) fn dress_file(file: &File, metadata: &Metadata, _owners: bool) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let Timestamp { seconds, nanoseconds } = metadata.mtime;
    if let Ok(seconds) = u64::try_from(seconds) {
        let mtime = UNIX_EPOCH + Duration::new(seconds, nanoseconds);
        note(&mut refusals, "the time", file.set_modified(mtime));
    }
    if metadata.mode & 0o200 == 0 {
        let step = file.metadata().and_then(|found| {
            let mut permissions = found.permissions();
            permissions.set_readonly(true);
            file.set_permissions(permissions)
        });
        note(&mut refusals, "the mode", step);
    }
    refusals
}
