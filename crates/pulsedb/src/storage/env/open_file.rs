//! A file that is open, and whether its name still leads to it.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::system::{FileIdentity, file_identity};

/// The name of a file that is open, and what tells it from another one.
#[derive(Debug)]
pub(super) struct OpenFile {
    name: PathBuf,
    identity: FileIdentity,
    /// Bytes that it had when it was opened.
    bytes: u64,
}

impl OpenFile {
    pub(super) fn of(file: &File, name: &Path) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self { name: name.to_owned(), identity: file_identity(&metadata), bytes: metadata.len() })
    }

    /// Whether the name leads to it.
    pub(super) fn is_in_place(&self) -> bool {
        self.is_there(|_| true)
    }

    /// Whether the name leads to it, and it is at least as long as when it was opened: a map of what is missing must not
    /// be read.
    pub(super) fn is_in_place_and_uncut(&self) -> bool {
        self.is_there(|found| found.len() >= self.bytes)
    }

    /// A name that cannot be looked up for another reason than that it is gone proves nothing.
    fn is_there(&self, is_right: impl FnOnce(&Metadata) -> bool) -> bool {
        match fs::metadata(&self.name) {
            Ok(found) => file_identity(&found) == self.identity && is_right(&found),
            Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        }
    }
}
