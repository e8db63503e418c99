//! The directory that is extracted to: everything is made below it, and no link is followed on the way.
//!
//! Each directory of a path is opened from the one above it, refusing links, so a link that stands in the way, or is put
//! there meanwhile, leads nowhere.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{self, AtFlags, Gid, Mode, OFlags, Timespec, Timestamps, Uid};
use rustix::io::Errno;

use super::special;
use crate::entry::{Metadata, Node, Timestamp};
use crate::path::EngramPath;
use crate::platform::found::{Refusal, note};

/// The directory that is extracted to.
#[derive(Debug)]
pub(crate) struct Target {
    root: OwnedFd,
}

impl Target {
    /// Opens a directory that exists.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { root: fs::open(path, flags, Mode::empty())? })
    }

    /// A walker that stands at the root.
    pub(crate) fn walker(&self) -> Walker<'_> {
        Walker { target: self, stack: Vec::new() }
    }

    /// Whether owners can be given away.
    pub(crate) fn may_give_away() -> bool {
        rustix::process::geteuid().is_root()
    }
}

/// Makes files below the target; it keeps the directories of the last path open, since the next is often near.
#[derive(Debug)]
pub(crate) struct Walker<'a> {
    target: &'a Target,
    stack: Vec<(Vec<u8>, OwnedFd)>,
}

impl Walker<'_> {
    /// Makes a directory, unless there is one.
    pub(crate) fn make_directory(&mut self, path: &EngramPath) -> io::Result<()> {
        let directory = self.enter_parent(path)?;
        match fs::mkdirat(directory, path.name(), Mode::from_raw_mode(0o700)) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                match fs::openat(directory, path.name(), flags, Mode::empty()) {
                    Ok(_) => Ok(()),
                    Err(Errno::NOTDIR | Errno::LOOP) => Err(io::ErrorKind::AlreadyExists.into()),
                    Err(error) => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a file that must not exist.
    pub(crate) fn create_file(&mut self, path: &EngramPath) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = fs::openat(self.enter_parent(path)?, path.name(), flags, Mode::from_raw_mode(0o600))?;
        Ok(file.into())
    }

    /// Opens a file that was made before.
    pub(crate) fn open_file(&mut self, path: &EngramPath) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(fs::openat(self.enter_parent(path)?, path.name(), flags, Mode::empty())?.into())
    }

    /// Makes what is neither a file nor a directory.
    pub(crate) fn make_node(&mut self, path: &EngramPath, node: &Node) -> io::Result<()> {
        let directory = self.enter_parent(path)?;
        match node {
            Node::Symlink(target) => Ok(fs::symlinkat(target.as_slice(), directory, path.name())?),
            node => special::make(directory, path.name(), node),
        }
    }

    /// Gives a file another name.
    pub(crate) fn link(&mut self, existing: &EngramPath, path: &EngramPath) -> io::Result<()> {
        let from = self.enter_parent(existing)?.try_clone_to_owned()?;
        let to = self.enter_parent(path)?;
        Ok(fs::linkat(&from, existing.name(), to, path.name(), AtFlags::empty())?)
    }

    /// Removes what is no directory; nothing to remove is no error.
    pub(crate) fn remove(&mut self, path: &EngramPath) -> io::Result<()> {
        match fs::unlinkat(self.enter_parent(path)?, path.name(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives a directory, the root included, its metadata.
    pub(crate) fn dress_directory(
        &mut self,
        path: &EngramPath,
        metadata: &Metadata,
        owners: bool,
    ) -> io::Result<Vec<Refusal>> {
        // Nothing is opened below a directory again once it has its own mode.
        self.enter(path)?;
        let directory = match self.stack.last() {
            Some((_, directory)) => directory.as_fd(),
            None => self.target.root.as_fd(),
        };
        Ok(dress(directory, metadata, owners))
    }

    /// Gives a link or a special file its metadata.
    pub(crate) fn dress_node(
        &mut self,
        path: &EngramPath,
        node: &Node,
        metadata: &Metadata,
        owners: bool,
    ) -> io::Result<Vec<Refusal>> {
        let (directory, name) = (self.enter_parent(path)?, path.name());
        let mut refusals = Vec::new();
        if owners {
            let (uid, gid) = (Uid::from_raw(metadata.uid), Gid::from_raw(metadata.gid));
            let step = fs::chownat(directory, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW);
            note(&mut refusals, "the owner", step.map_err(Into::into));
        }
        if !metadata.xattrs.is_empty() {
            use std::os::fd::AsRawFd;
            let mut path = format!("/proc/self/fd/{}/", directory.as_raw_fd()).into_bytes();
            path.extend_from_slice(name);
            for xattr in &metadata.xattrs {
                let flags = fs::XattrFlags::empty();
                let step = fs::lsetxattr(path.as_slice(), xattr.name.as_slice(), &xattr.value, flags);
                note(&mut refusals, attribute(&xattr.name), step.map_err(Into::into));
            }
        }
        if !matches!(node, Node::Symlink(_)) {
            let step = fs::chmodat(directory, name, mode(metadata, owners), AtFlags::empty());
            note(&mut refusals, "the mode", step.map_err(Into::into));
        }
        let step = fs::utimensat(directory, name, &times(metadata.mtime), AtFlags::SYMLINK_NOFOLLOW);
        note(&mut refusals, "the time", step.map_err(Into::into));
        Ok(refusals)
    }

    fn enter_parent(&mut self, path: &EngramPath) -> io::Result<BorrowedFd<'_>> {
        let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        self.enter(&parent)
    }

    /// Opens a directory, name by name from the last one that it shares with the one before.
    fn enter(&mut self, directory: &EngramPath) -> io::Result<BorrowedFd<'_>> {
        let shared =
            directory.names().zip(&self.stack).take_while(|(name, (open, _))| *name == open.as_slice());
        let shared = shared.count();
        self.stack.truncate(shared);
        for name in directory.names().skip(shared) {
            let above = match self.stack.last() {
                Some((_, above)) => above.as_fd(),
                None => self.target.root.as_fd(),
            };
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let opened = fs::openat(above, name, flags, Mode::empty())?;
            self.stack.push((name.to_vec(), opened));
        }
        Ok(match self.stack.last() {
            Some((_, directory)) => directory.as_fd(),
            None => self.target.root.as_fd(),
        })
    }
}

/// Gives an open file its metadata.
pub(crate) fn dress_file(file: &File, metadata: &Metadata, owners: bool) -> Vec<Refusal> {
    dress(file.as_fd(), metadata, owners)
}

/// The owner first, since giving a file away takes capabilities and set-user-id from it; the time last.
fn dress(file: BorrowedFd<'_>, metadata: &Metadata, owners: bool) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if owners {
        let (uid, gid) = (Uid::from_raw(metadata.uid), Gid::from_raw(metadata.gid));
        note(&mut refusals, "the owner", fs::fchown(file, Some(uid), Some(gid)).map_err(Into::into));
    }
    for xattr in &metadata.xattrs {
        let step = fs::fsetxattr(file, xattr.name.as_slice(), &xattr.value, fs::XattrFlags::empty());
        note(&mut refusals, attribute(&xattr.name), step.map_err(Into::into));
    }
    let mode = mode(metadata, owners && refusals.is_empty());
    note(&mut refusals, "the mode", fs::fchmod(file, mode).map_err(Into::into));
    note(&mut refusals, "the time", fs::futimens(file, &times(metadata.mtime)).map_err(Into::into));
    refusals
}

/// The mode to set: what lends the owner's rights is left out unless the owner is the one it was meant for.
fn mode(metadata: &Metadata, owners: bool) -> Mode {
    let own = metadata.uid == rustix::process::geteuid().as_raw();
    let own = own && metadata.gid == rustix::process::getegid().as_raw();
    let kept = if owners || own { 0o7777 } else { 0o1777 };
    Mode::from_raw_mode(u32::from(metadata.mode) & kept)
}

fn times(mtime: Timestamp) -> Timestamps {
    let mtime = Timespec { tv_sec: mtime.seconds, tv_nsec: mtime.nanoseconds.into() };
    Timestamps { last_access: mtime, last_modification: mtime }
}

fn attribute(name: &[u8]) -> String {
    format!("the extended attribute `{}`", name.escape_ascii())
}
