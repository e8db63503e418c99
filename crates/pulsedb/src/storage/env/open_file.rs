//! A file that is open, and whether its name still leads to it.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::system::{FileIdentity, FileName, file_identity};

/// The name of a file that is open, and what tells it from another one.
#[derive(Debug)]
pub(super) struct OpenFile {
    name: FileName,
    identity: FileIdentity,
    /// Bytes that it had when it was opened.
    bytes: u64,
}

impl OpenFile {
    pub(super) fn of(file: &File, name: &Path) -> io::Result<Self> {
        let (identity, bytes) = file_identity(file)?;
        Ok(Self { name: FileName::new(name)?, identity, bytes })
    }

    /// Whether the name leads to it.
    pub(super) fn is_in_place(&self) -> bool {
        self.is_there(|_| true)
    }

    /// Whether the name leads to it, and it is at least as long as when it was opened: a map of what is missing must not
    /// be read.
    pub(super) fn is_in_place_and_uncut(&self) -> bool {
        self.is_there(|bytes| bytes >= self.bytes)
    }

    /// A name that cannot be looked up for another reason than that it is gone proves nothing.
    fn is_there(&self, is_right: impl FnOnce(u64) -> bool) -> bool {
        match self.name.identity() {
            Ok((identity, bytes)) => identity == self.identity && is_right(bytes),
            Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        }
    }
}
