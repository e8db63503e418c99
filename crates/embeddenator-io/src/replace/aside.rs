//! The life of a temporary file: created, written, then renamed or removed.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::system::{FileOperations, Found, Permissions};
use crate::error::{Error, Result};
use crate::limits::ASIDE_NAMES_MAX;

/// Numbers the temporary files of this process.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A temporary file and its target.
#[derive(Debug)]
pub(super) struct Aside<S: FileOperations> {
    system: S,
    /// `None` once it is closed, since Windows cannot rename or remove an open file.
    file: Option<File>,
    /// Where it is; `None` once it is renamed or removed.
    path: Option<PathBuf>,
    /// The file to replace, after following all links.
    target: PathBuf,
    /// The permissions of the file to replace.
    permissions: Option<Permissions>,
    /// Whether a write has failed.
    stopped: bool,
}

impl<S: FileOperations> Aside<S> {
    /// Creates the file.
    pub(super) fn create(mut system: S, path: &Path) -> Result<Self> {
        let (target, permissions) = find_target(&mut system, path)?;
        let (file, path) = create_beside(&mut system, &target, permissions.is_some())?;
        Ok(Self { system, file: Some(file), path: Some(path), target, permissions, stopped: false })
    }

    /// Writes some of `bytes` and returns how many.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if self.stopped {
            return Err(Error::Stopped { what: "the replacement of a file" });
        }
        let Some(file) = &mut self.file else {
            return Err(Error::Stopped { what: "the replacement of a file" });
        };
        let written = self.system.write(file, bytes);
        // The caller reports that nothing was written; the file does not hold what it should.
        self.stopped = matches!(written, Ok(0)) && !bytes.is_empty();
        written.map_err(|source| {
            // A signal interrupted the write before anything was written, so the caller may retry.
            self.stopped = source.kind() != io::ErrorKind::Interrupted;
            Error::Io { action: "write the new content of", path: self.target.clone(), source }
        })
    }

    /// Writes all of `bytes`.
    pub(super) fn write_all(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            match self.write(bytes) {
                Ok(0) => {
                    let source = io::ErrorKind::WriteZero.into();
                    let path = self.target.clone();
                    return Err(Error::Io { action: "write the new content of", path, source });
                }
                Ok(written) => bytes = bytes.split_at_checked(written).map_or(&[], |(_, rest)| rest),
                Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Puts the file in place of its target; if that fails, the file is removed on drop.
    pub(super) fn commit(mut self) -> Result<()> {
        let (Some(file), Some(path), false) = (self.file.take(), self.path.clone(), self.stopped) else {
            return Err(Error::Stopped { what: "the replacement of a file" });
        };
        if let Some(permissions) = &self.permissions {
            let set = self.system.set_permissions(&file, permissions);
            set.map_err(|source| self.failed("set the permissions of", source))?;
        }
        let synced = self.system.sync(&file);
        drop(file);
        synced.map_err(|source| self.failed("sync the new content of", source))?;
        let directory = self.system.open_directory(directory_of(&self.target));
        let directory = directory.map_err(|source| self.failed("open the directory of", source))?;
        let renamed = self.system.rename(&path, &self.target);
        renamed.map_err(|source| self.failed("replace", source))?;
        self.path = None;
        let synced = self.system.sync_directory(&directory);
        synced.map_err(|source| Error::NotDurable { path: self.target.clone(), source })
    }

    fn failed(&self, action: &'static str, source: io::Error) -> Error {
        Error::Io { action, path: self.target.clone(), source }
    }
}

impl<S: FileOperations> Drop for Aside<S> {
    fn drop(&mut self) {
        self.file = None;
        if let Some(path) = self.path.take() {
            // There is no one to report an error to; the format document says what a leftover
            // means.
            let _ = self.system.remove(&path);
        }
    }
}

/// The file that a path leads to, and its permissions if it exists.
fn find_target<S: FileOperations>(system: &mut S, path: &Path) -> Result<(PathBuf, Option<Permissions>)> {
    let failed = |action, source| Error::Io { action, path: path.to_owned(), source };
    // A path may end with a slash, which the system would refuse only at the rename, after
    // everything is written.
    let ends_with = |name: &OsStr| path.as_os_str().as_encoded_bytes().ends_with(name.as_encoded_bytes());
    if !path.file_name().is_some_and(ends_with) {
        return Err(Error::NotAFile { path: path.to_owned() });
    }
    let mut target = path.to_owned();
    let mut found = system.look(&target).map_err(|source| failed("look at", source))?;
    if matches!(found, Found::Link) {
        target = system.resolve(path).map_err(|source| failed("follow the link", source))?;
        found = system.look(&target).map_err(|source| failed("look at the target of", source))?;
    }
    match found {
        Found::Nothing => Ok((target, None)),
        Found::File(permissions) => Ok((target, Some(permissions))),
        Found::Link | Found::Other => Err(Error::NotAFile { path: target }),
    }
}

/// Creates a file with an unused name in the directory of `target`.
fn create_beside<S: FileOperations>(system: &mut S, target: &Path, private: bool) -> Result<(File, PathBuf)> {
    let directory = directory_of(target);
    let mut attempt = 1;
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!(".embeddenator-{:08x}-{number:016x}.tmp", std::process::id()));
        match system.create(&path, private) {
            Ok(file) => return Ok((file, path)),
            Err(source) if source.kind() == io::ErrorKind::AlreadyExists && attempt < ASIDE_NAMES_MAX => {}
            Err(source) => {
                return Err(Error::Io {
                    action: "create a temporary file next to",
                    path: target.to_owned(),
                    source,
                });
            }
        }
        attempt += 1;
    }
}

/// The directory of a file; a bare name is in the current directory.
fn directory_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
