//! The file operations of a replacement, behind a trait so that tests can make the n-th one fail.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::platform;

/// The permissions of a file that its replacement keeps.
pub(super) type Permissions = fs::Permissions;

/// What a path leads to.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A regular file.
    File(Permissions),
    /// A symbolic link.
    Link,
    /// Anything else.
    Other,
}

/// The operations that a replacement asks of the system.
pub(super) trait FileOperations {
    /// An open directory, for syncing.
    type Directory;

    /// Looks at what is at a path, without following links.
    fn look(&mut self, path: &Path) -> io::Result<Found>;
    /// Follows all links in a path.
    fn resolve(&mut self, path: &Path) -> io::Result<PathBuf>;
    /// Creates a file that must not exist yet; a private one if it will get the permissions of
    /// another later.
    fn create(&mut self, path: &Path, private: bool) -> io::Result<File>;
    /// Writes some of `bytes` and returns how many.
    fn write(&mut self, file: &mut File, bytes: &[u8]) -> io::Result<usize>;
    /// Gives a file another file's permissions.
    fn set_permissions(&mut self, file: &File, permissions: &Permissions) -> io::Result<()>;
    /// Makes a file's content durable.
    fn sync(&mut self, file: &File) -> io::Result<()>;
    /// Opens a directory.
    fn open_directory(&mut self, path: &Path) -> io::Result<Self::Directory>;
    /// Puts one file in place of another.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes a directory's entries durable.
    fn sync_directory(&mut self, directory: &Self::Directory) -> io::Result<()>;
    /// Removes a file.
    fn remove(&mut self, path: &Path) -> io::Result<()>;
}

/// The operating system.
#[derive(Debug)]
pub(super) struct System;

impl FileOperations for System {
    type Directory = platform::Directory;

    fn look(&mut self, path: &Path) -> io::Result<Found> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_file() => Ok(Found::File(found.permissions())),
            Ok(found) if found.is_symlink() => Ok(Found::Link),
            Ok(_) => Ok(Found::Other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Nothing),
            Err(error) => Err(error),
        }
    }

    fn resolve(&mut self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn create(&mut self, path: &Path, private: bool) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        if private {
            platform::make_private(&mut options);
        }
        options.open(path)
    }

    fn write(&mut self, file: &mut File, bytes: &[u8]) -> io::Result<usize> {
        file.write(bytes)
    }

    fn set_permissions(&mut self, file: &File, permissions: &Permissions) -> io::Result<()> {
        platform::set_permissions(file, permissions)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn open_directory(&mut self, path: &Path) -> io::Result<Self::Directory> {
        platform::open_directory(path)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_directory(&mut self, directory: &Self::Directory) -> io::Result<()> {
        platform::sync_directory(directory)
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}
