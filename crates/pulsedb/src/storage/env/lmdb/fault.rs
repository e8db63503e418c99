//! What can be wrong with a data file, before its name is known.

use std::io;

/// What is wrong with a file.
#[derive(Debug)]
pub(crate) enum FileFault {
    /// It ends before a page that is in use.
    Truncated,
    /// A page contradicts what refers to it.
    Damaged(String),
    /// It cannot be read.
    Unreadable(io::Error),
}

impl From<io::Error> for FileFault {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// The outcome of a check.
pub(crate) type Checked<T> = Result<T, FileFault>;

pub(crate) fn damaged(what: impl Into<String>) -> FileFault {
    FileFault::Damaged(what.into())
}

pub(crate) fn bad_page(number: u64) -> FileFault {
    damaged(format!("page {number} is not what its reference says"))
}
