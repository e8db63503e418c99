//! The versions of one path over the snapshots.

use crate::bands::similarity;
use crate::diff::{ChangeKind, kind_of};
use crate::entry::{Entry, Node};
use crate::error::Result;
use crate::path::EngramPath;
use crate::signatures::Signatures;
use crate::snapshot::Snapshot;
use crate::store::read::Store;
use crate::tree::Tree;

/// A snapshot in which a path is not what it was in the one before.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Version {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// How the path changed.
    pub kind: ChangeKind,
    /// What it is; nothing if it was removed.
    pub entry: Option<Entry>,
    /// The estimated share of what the file has in common with the version before, from 0 to 1, if both have a
    /// signature.
    pub similarity: Option<f32>,
}

/// The versions of a path, the oldest first.
pub(crate) fn history(store: &Store, path: &EngramPath) -> Result<Vec<Version>> {
    let mut versions: Vec<Version> = Vec::new();
    let mut before: Option<Entry> = None;
    let mut signatures = Signatures::new(store);
    for snapshot in &store.snapshots.snapshots {
        let entry = Tree::new(store, snapshot)?.find(path)?;
        if let Some(kind) = kind_of(before.as_ref(), entry.as_ref()) {
            let similarity = match (number_of(before.as_ref()), number_of(entry.as_ref())) {
                (Some(before), Some(after)) => {
                    Some(similarity(&signatures.get(before)?, &signatures.get(after)?))
                }
                _ => None,
            };
            versions.push(Version { snapshot: snapshot.clone(), kind, entry: entry.clone(), similarity });
        }
        before = entry;
    }
    Ok(versions)
}

fn number_of(entry: Option<&Entry>) -> Option<u32> {
    match &entry?.node {
        Node::File(content) => content.signature,
        _ => None,
    }
}
