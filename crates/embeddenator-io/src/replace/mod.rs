//! Replacing a file so that it is old or new at any moment, never half.
//!
//! ```text
//! look at the target: follow a symbolic link, refuse what is no file
//! create a file aside in the same directory, exclusively
//! write; give it the permissions of the old file; sync it
//! open the directory; rename; sync the directory
//! ```
//!
//! Whatever fails before the rename leaves the old file, and the file aside is removed. The directory is opened before
//! the rename, so that behind it only its sync can fail.

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

/// Replaces the file at `path`, or makes it, so that a crash at any moment leaves the old content or the new one.
///
/// When this returns `Ok`, the new content survives a power cut, as far as the disk keeps its word. See
/// [`Replacement`] for what happens to links, permissions and leftovers.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) and [`Error::NotAFile`](crate::Error::NotAFile): the old file is as it was.
/// [`Error::NotDurable`](crate::Error::NotDurable): the file has its new content.
pub fn replace_file(path: impl AsRef<Path>, content: &[u8]) -> Result<()> {
    let mut aside = Aside::create(System, path.as_ref())?;
    aside.write_all(content)?;
    aside.commit()
}

/// A file that is being written aside, to replace another one at once.
///
/// - **Where**: in the directory of the file that it replaces, under a name that begins with `.embeddenator-`. It is
///   removed when it is dropped without [`Replacement::commit`], or when that fails; a killed process leaves it behind.
///   The process must be allowed to read that directory and write to it; a relative path means the current directory
///   until the commit.
/// - **Several** may be under way for one file, in any threads and processes: the last commit wins.
/// - **Symbolic links** are followed: the file that the link leads to is replaced, and the link stays. A link that
///   leads nowhere, and anything else that is no regular file, is refused.
/// - **Permissions** of the replaced file are kept on Unix: read, write and execute, not the owner nor the extended
///   attributes. A new file gets what the process gives to new files. Hard links to the old file keep the old content.
/// - **After a failed write** it refuses to go on: what the file holds is unknown then.
///
/// Writes go to the system one by one; put a [`std::io::BufWriter`] in front of many small ones.
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
    /// Creates the file aside; the one at `path` stays as it is, or missing.
    ///
    /// # Errors
    /// [`Error::NotAFile`](crate::Error::NotAFile) for a directory, a device or a name that ends with a slash;
    /// [`Error::Io`](crate::Error::Io) if the system refuses, or if thousands of leftovers have taken the names.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self { aside: Aside::create(System, path.as_ref())? })
    }

    /// Makes what was written durable, and puts it at the path.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) and [`Error::Stopped`](crate::Error::Stopped): the old file is as it was.
    /// [`Error::NotDurable`](crate::Error::NotDurable): the file has its new content.
    pub fn commit(self) -> Result<()> {
        self.aside.commit()
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.aside.write(bytes)?)
    }

    /// Does nothing: nothing is held back, and [`Replacement::commit`] makes it durable.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
