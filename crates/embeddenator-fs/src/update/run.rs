//! New snapshots: what was added, what was removed, or the state of a directory.

use std::path::Path;

use crate::entry::{Entry, Node};
use crate::error::{Error, Result};
use crate::ingest::before::Before;
use crate::ingest::entries::Hashed;
use crate::ingest::run::{
    Fresh, IngestOptions, IngestReport, Parent, Place, check_label, keep, table_compression, take_in,
};
use crate::medium::Medium;
use crate::path::EngramPath;
use crate::progress::Progress;
use crate::snapshot::SnapshotList;
use crate::transaction::Transaction;
use crate::tree::hash_of_data;
use crate::update::merge::{over, without};
use crate::update::opened::Opened;
use crate::walk::Source;

/// What becomes of the newest tree.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change<'a> {
    /// Sources are put over it.
    Add(&'a [Source]),
    /// Sources take its place.
    Replace(&'a [Source]),
    /// Paths are left out of it.
    Remove(&'a [EngramPath]),
}

/// Makes a snapshot of the newest tree and a change.
pub(crate) fn update(
    path: &Path,
    change: Change<'_>,
    options: &IngestOptions<'_>,
    progress: &dyn Progress,
) -> Result<IngestReport> {
    let opened = Opened::open(path)?;
    update_on(&opened, opened.medium(), change, options, progress)
}

/// The same, where what is written goes to `medium`.
pub(crate) fn update_on<M: Medium>(
    opened: &Opened,
    medium: M,
    change: Change<'_>,
    options: &IngestOptions<'_>,
    progress: &dyn Progress,
) -> Result<IngestReport> {
    check_label(options.label)?;
    let store = &opened.store;
    let newest = opened.newest()?;
    let mut before = Before::read(store)?;
    let mut transaction = opened.begin(medium, table_compression(options.profile))?;
    transaction.know(std::mem::take(&mut before.blocks), std::mem::take(&mut before.bases));
    let skip = [opened.id()?];
    let parent = Parent { entries: &newest, written: opened.written() };
    let place = Place { engram: &store.path, skip: &skip, before: Some(&before), parent: Some(parent) };
    let (mut fresh, mut unchanged) = (Fresh { bytes: 0, chunks: 0 }, 0);
    let mut take = |sources, transaction: &mut Transaction<M>| {
        let taken = take_in(sources, options, &place, transaction, progress)?;
        (fresh, unchanged) = (taken.fresh, taken.unchanged);
        Ok::<_, Error>(taken)
    };
    let entries = match change {
        Change::Replace(sources) => take(sources, &mut transaction)?.entries,
        Change::Add(sources) => {
            let taken = take(sources, &mut transaction)?;
            over(taken.entries, &taken.made_up, hashed(opened, &newest)?)?
        }
        Change::Remove(paths) => remove(opened, hashed(opened, &newest)?, paths)?,
    };
    let mut list: SnapshotList = store.snapshots.clone();
    let parent = list.snapshots.last().map(|snapshot| snapshot.number);
    let snapshot = keep(entries, options, (list.next, parent), &mut transaction)?;
    list.snapshots.push(snapshot.clone());
    list.next = list.next.checked_add(1).ok_or(Error::LimitExceeded {
        what: "the number of a snapshot",
        value: u64::from(list.next),
        limit: u64::from(u32::MAX - 1),
        remedy: "begin another engram",
    })?;
    let footer = transaction.commit(&list, store.footer.uuid)?;
    Ok(IngestReport {
        snapshot,
        fresh_bytes: fresh.bytes,
        fresh_chunks: fresh.chunks,
        unchanged_files: unchanged,
        added_bytes: footer.end() - store.footer.end(),
        engram_bytes: footer.end(),
    })
}

fn remove(opened: &Opened, entries: Vec<Hashed>, paths: &[EngramPath]) -> Result<Vec<Hashed>> {
    if let Some(root) = paths.iter().find(|path| path.is_root()) {
        let reason = "it is the root, which every tree has";
        return Err(Error::InvalidPath { path: root.to_string(), reason });
    }
    without(entries, paths).map_err(|path| Error::NotFound {
        engram: opened.store.path.clone(),
        what: "path",
        name: path.to_string(),
    })
}

/// Entries with the hashes of their data.
fn hashed(opened: &Opened, entries: &[Entry]) -> Result<Vec<Hashed>> {
    let hashed = |entry: &Entry| {
        let hash = match &entry.node {
            Node::File(content) => Some(hash_of_data(&opened.store, &entry.path, content)?),
            _ => None,
        };
        Ok((entry.clone(), hash))
    };
    entries.iter().map(hashed).collect()
}
