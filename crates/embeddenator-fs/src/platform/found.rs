//! What was found at a path of the file system, and what was refused when something was made there.

use std::io;

use crate::entry::{Metadata, Node, Timestamp};

/// The number of a file on this machine: two names with the same are one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

/// What stands at a path; a file has its size, and no data yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) metadata: Metadata,
    pub(crate) node: Node,
    pub(crate) id: FileId,
    /// How many names it has.
    pub(crate) links: u64,
    /// When anything about it was changed last, its names and times included, which no program can set.
    pub(crate) changed: Option<Timestamp>,
}

/// A part of the metadata that the system did not take.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) what: String,
    pub(crate) source: io::Error,
}

/// Keeps the error of a step that is not worth stopping for.
pub(crate) fn note(refusals: &mut Vec<Refusal>, what: impl Into<String>, step: io::Result<()>) {
    if let Err(source) = step {
        refusals.push(Refusal { what: what.into(), source });
    }
}
