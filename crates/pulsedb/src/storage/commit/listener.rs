//! Who is told of commits: the store knows nothing of it but this.

use std::any::Any;

use crate::id::Seq;
use crate::model::change::Change;

/// What a commit of this process has added to the log.
#[derive(Debug)]
pub(crate) struct Logged {
    /// The number of its first change.
    pub(crate) first: Seq,
    /// The number of its last change.
    pub(crate) last: Seq,
    /// All of its changes, in order; `None` if they were not kept, so that they have to be read from the log.
    pub(crate) changes: Option<Vec<Change>>,
}

/// Told of every commit of this process that has changed the log, in their order, before its callers get their answer.
///
/// It runs between two commits, so it must be quick and must not wait; what other processes commit it has to find
/// out by itself.
pub(crate) trait CommitListener: Any + Send + Sync {
    /// Whether the changes of the next commit are of use.
    fn wants_changes(&self) -> bool;

    /// What was committed.
    fn committed(&self, logged: Logged);
}
