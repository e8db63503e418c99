//! Replacing a file so that at any moment it is the old one or the new one, never half of each.
//!
//! ```text
//! look at the target: follow a symbolic link, refuse anything but a regular file
//! create a temporary file in the same directory, exclusively
//! write to it; give it the permissions of the old file; sync it
//! open the directory; rename; sync the directory
//! ```
//!
//! A failure before the rename leaves the old file in place, and the temporary file is removed. The
//! directory is opened before the rename, so that only its sync can fail afterwards.

mod aside;
#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(not(unix))]
#[path = "elsewhere.rs"]
mod platform;
mod system;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::path::Path;

use crate::error::Result;
use aside::Aside;
use system::System;

/// Replaces or creates the file at `path`, so that a crash at any moment leaves the old content or
/// the new one.
///
/// When this returns `Ok`, the new content survives a power cut, provided the disk honours syncs.
/// See [`Replacement`] for links, permissions and leftovers.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) or [`Error::NotAFile`](crate::Error::NotAFile): the old file is
/// unchanged. [`Error::NotDurable`](crate::Error::NotDurable): the file has its new content, but a
/// power cut may undo it.
pub fn replace_file(path: impl AsRef<Path>, content: &[u8]) -> Result<()> {
    let mut aside = Aside::create(System, path.as_ref())?;
    aside.write_all(content)?;
    aside.commit()
}

/// A temporary file that will replace another file in one step.
///
/// - **Where**: in the directory of the file that it replaces, under a name that starts with
///   `.embeddenator-`. It is removed if it is dropped without [`Replacement::commit`] or if the
///   commit fails; a killed process leaves it behind. The process needs permission to read and
///   write that directory. A relative path is resolved against the current directory until the
///   commit.
/// - **Several** may be open for the same file, in any threads and processes: the last commit wins.
/// - **Symbolic links** are followed: the file that the link points to is replaced, and the link
///   stays. A dangling link is refused, and so is anything else that is not a regular file.
/// - **Permissions** to read, write and execute are kept on Unix; the owner and extended attributes
///   are not. A new file gets the default permissions of the process. Hard links to the old file
///   keep the old content.
/// - **After a failed write** it refuses to go on, since the content of the file is unknown.
///
/// Writes are not buffered; wrap it in a [`std::io::BufWriter`] for many small ones.
///
/// ```
/// use std::io::Write;
/// use embeddenator_io::Replacement;
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("index");
/// let mut replacement = Replacement::create(&path)?;
/// writeln!(replacement, "all or nothing")?;
/// assert!(!path.exists());
/// replacement.commit()?;
/// assert_eq!(std::fs::read_to_string(&path)?, "all or nothing\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Replacement {
    aside: Aside<System>,
}

impl Replacement {
    /// Creates the temporary file; the one at `path` stays as it is.
    ///
    /// # Errors
    /// [`Error::NotAFile`](crate::Error::NotAFile) for a directory, a device or a path that ends
    /// with a slash; [`Error::Io`](crate::Error::Io) if the system refuses, or if thousands of
    /// leftovers have used up the names.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self { aside: Aside::create(System, path.as_ref())? })
    }

    /// Makes the new content durable and puts it at the path.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) or [`Error::Stopped`](crate::Error::Stopped): the old file
    /// is unchanged. [`Error::NotDurable`](crate::Error::NotDurable): the file has its new content,
    /// but a power cut may undo it.
    pub fn commit(self) -> Result<()> {
        self.aside.commit()
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.aside.write(bytes)?)
    }

    /// Does nothing: nothing is buffered, and [`Replacement::commit`] makes the content durable.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
