//! What differs between two snapshots.

use std::iter::Peekable;

use crate::entry::{Content, Entry, Node};
use crate::error::Result;
use crate::path::EngramPath;
use crate::tree::Tree;

/// How a path changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// It is of another kind now.
    Replaced,
    /// A file holds something else, or a link or device leads elsewhere.
    Content,
    /// Only mode, owner, time, extended attributes or hard links are others.
    Metadata,
}

impl ChangeKind {
    /// Its name: `added`, `removed`, `replaced`, `content` or `metadata`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Replaced => "replaced",
            Self::Content => "content",
            Self::Metadata => "metadata",
        }
    }
}

/// A path that differs between two snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The path.
    pub path: EngramPath,
    /// How it changed.
    pub kind: ChangeKind,
    /// What it was; nothing for what was added.
    pub before: Option<Entry>,
    /// What it is; nothing for what was removed.
    pub after: Option<Entry>,
}

/// All paths that differ, in tree order; blocks that both trees have are not looked into.
pub(crate) fn diff(before: &Tree<'_>, after: &Tree<'_>) -> Result<Vec<Change>> {
    let mut left = before.entries_beside(after).peekable();
    let mut right = after.entries_beside(before).peekable();
    let mut changes = Vec::new();
    loop {
        let (old, new) = match (path_of(&mut left)?, path_of(&mut right)?) {
            (None, None) => return Ok(changes),
            (Some(old), Some(new)) if old == new => (left.next(), right.next()),
            (Some(old), Some(new)) if old > new => (None, right.next()),
            (None, Some(_)) => (None, right.next()),
            (Some(_), _) => (left.next(), None),
        };
        let (old, new) = (old.transpose()?, new.transpose()?);
        let Some(kind) = kind_of(old.as_ref(), new.as_ref()) else { continue };
        let path = new.as_ref().or(old.as_ref()).map(|entry| entry.path.clone()).unwrap_or_default();
        changes.push(Change { path, kind, before: old, after: new });
    }
}

/// The path of the next entry, or the error in its place.
fn path_of(entries: &mut Peekable<impl Iterator<Item = Result<Entry>>>) -> Result<Option<EngramPath>> {
    match entries.peek() {
        Some(Ok(entry)) => Ok(Some(entry.path.clone())),
        Some(Err(_)) => entries.next().transpose().map(|_| None),
        None => Ok(None),
    }
}

/// How an entry changed; nothing if it did not.
pub(crate) fn kind_of(before: Option<&Entry>, after: Option<&Entry>) -> Option<ChangeKind> {
    let (before, after) = match (before, after) {
        (None, None) => return None,
        (None, Some(_)) => return Some(ChangeKind::Added),
        (Some(_), None) => return Some(ChangeKind::Removed),
        (Some(before), Some(after)) => (before, after),
    };
    if before.node.kind() != after.node.kind() {
        return Some(ChangeKind::Replaced);
    }
    if !same_content(&before.node, &after.node) {
        return Some(ChangeKind::Content);
    }
    let linked = before.link_group.is_some() == after.link_group.is_some();
    (before.metadata != after.metadata || !linked).then_some(ChangeKind::Metadata)
}

/// Whether two nodes of one kind hold the same; each distinct chunk has one number, so equal data is in equal chunks.
fn same_content(before: &Node, after: &Node) -> bool {
    match (before, after) {
        (Node::File(before), Node::File(after)) => {
            let Content { size, holes, data, signature: _ } = before;
            (size, holes, data) == (&after.size, &after.holes, &after.data)
        }
        (before, after) => before == after,
    }
}
