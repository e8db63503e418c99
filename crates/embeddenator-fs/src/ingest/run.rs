//! The road of a tree into a commit, from the walk to the snapshot.

use std::collections::HashMap;
use std::path::Path;

use embeddenator_io::{Compression, Profile};

use crate::entry::{Node, Timestamp};
use crate::error::{Error, Result};
use crate::ingest::entries::{Gathered, Hashed};
use crate::ingest::pack::{Packing, pack};
use crate::ingest::scan::scan;
use crate::limits::LABEL_BYTES_MAX;
use crate::manifest::tree_hash::TreeHasher;
use crate::medium::Medium;
use crate::platform::found::FileId;
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::transaction::Transaction;
use crate::walk::{Exclude, Item, Source, WalkOptions, walk};
use crate::workers::threads;

/// How a tree is taken in.
#[derive(Clone, Copy, Default)]
pub struct IngestOptions<'a> {
    /// The choice between speed and size.
    pub profile: Profile,
    /// Threads; 0 for as many as the machine runs at once. The result does not depend on it.
    pub threads: usize,
    /// What the snapshot is called.
    pub label: &'a str,
    /// The time of the snapshot; without one, the newest modification in the tree, so that the same tree gives the same
    /// bytes.
    pub time: Option<Timestamp>,
    /// Leaves out what lies on other file systems, but for the directories that they are mounted on.
    pub one_file_system: bool,
    /// Makes user and group 0 the owner of everything.
    pub all_root: bool,
    /// Whether to leave out a path, and with a directory all that is in it.
    pub exclude: Option<Exclude<'a>>,
    /// Replaces an engram that is there already.
    pub overwrite: bool,
}

impl std::fmt::Debug for IngestOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IngestOptions")
            .field("profile", &self.profile)
            .field("threads", &self.threads)
            .field("label", &self.label)
            .field("time", &self.time)
            .field("one_file_system", &self.one_file_system)
            .field("all_root", &self.all_root)
            .field("exclude", &self.exclude.is_some())
            .field("overwrite", &self.overwrite)
            .finish()
    }
}

/// What was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IngestReport {
    /// The new snapshot.
    pub snapshot: Snapshot,
    /// Bytes of chunks that were not there before.
    pub fresh_bytes: u64,
    /// Chunks that were not there before.
    pub fresh_chunks: u64,
    /// Bytes of the engram now.
    pub engram_bytes: u64,
}

/// Bytes of a segment, and how it and the tables are compressed.
fn packing(profile: Profile, asked: usize) -> Packing {
    let segment_bytes = match profile {
        Profile::Fast => 256 << 10,
        Profile::Balanced => 1 << 20,
        Profile::Archive | Profile::Max => 4 << 20,
    };
    Packing { threads: threads(asked), compression: profile.compression(), segment_bytes }
}

/// How tables are compressed: they are small, so it costs little to do it well.
pub(crate) fn table_compression(profile: Profile) -> Compression {
    match profile {
        Profile::Fast => Profile::Balanced.compression(),
        Profile::Balanced => Profile::Archive.compression(),
        Profile::Archive | Profile::Max => Profile::Max.compression(),
    }
}

/// Takes sources in as the first snapshot, which it returns with what is fresh.
pub(crate) fn ingest<M: Medium>(
    sources: &[Source],
    options: &IngestOptions<'_>,
    skip: &[FileId],
    engram: &Path,
    transaction: &mut Transaction<M>,
    progress: &dyn Progress,
) -> Result<(Snapshot, Fresh)> {
    if options.label.len() > LABEL_BYTES_MAX {
        return Err(Error::LimitExceeded {
            what: "the label of a snapshot in bytes",
            value: options.label.len() as u64,
            limit: LABEL_BYTES_MAX as u64,
            remedy: "shorten it",
        });
    }
    let packing = packing(options.profile, options.threads);
    let walk_options = WalkOptions {
        one_file_system: options.one_file_system,
        all_root: options.all_root,
        skip,
        exclude: options.exclude,
    };
    let items = walk(sources, walk_options, progress)?;
    let links = links(&items);
    let gathered = gather(&items, &links, transaction.totals().chunks, packing.threads, progress)?;
    let laid_out = gathered.lay_out();
    pack(&laid_out.sequence, &items, packing, transaction, engram, progress)?;
    let signed = laid_out.sign(transaction.totals().signatures);
    transaction.append_signatures(signed.codes.view())?;
    let fresh = Fresh {
        bytes: laid_out.sequence.iter().map(|fresh| u64::from(fresh.chunk.length)).sum(),
        chunks: laid_out.sequence.len() as u64,
    };
    let entries = laid_out.entries(items, &links, &signed);
    drop(laid_out);
    Ok((keep(entries, options, transaction)?, fresh))
}

/// How much was not stored before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fresh {
    pub(crate) bytes: u64,
    pub(crate) chunks: u64,
}

/// For each name of a file with several names in the tree: the first one, and the number of the group.
fn links(items: &[Item]) -> HashMap<u32, (u32, Option<u32>)> {
    let mut names: HashMap<FileId, Vec<u32>> = HashMap::new();
    for (number, item) in (0..).zip(items) {
        if item.found.links > 1 && item.found.node != Node::Directory {
            names.entry(item.found.id).or_default().push(number);
        }
    }
    let mut groups: Vec<Vec<u32>> = names.into_values().filter(|names| names.len() > 1).collect();
    groups.sort_unstable();
    let mut links = HashMap::new();
    for (group, names) in (0..).zip(&groups) {
        for name in names {
            links.insert(*name, (names[0], Some(group)));
        }
    }
    links
}

fn gather(
    items: &[Item],
    links: &HashMap<u32, (u32, Option<u32>)>,
    base: u32,
    threads: usize,
    progress: &dyn Progress,
) -> Result<Gathered> {
    let files = (0..).zip(items).filter(|(number, item)| {
        let first = links.get(number).is_none_or(|(first, _)| first == number);
        first && matches!(item.found.node, Node::File(_))
    });
    let (numbers, files): (Vec<u32>, Vec<&Item>) = files.unzip();
    let mut gathered = Gathered::new(base);
    scan(&files, threads, progress, |at, scanned| {
        gathered.add(numbers[at], scanned);
        Ok(())
    })?;
    Ok(gathered)
}

/// Appends the manifest of the entries, and makes a snapshot of it.
fn keep<M: Medium>(
    entries: Vec<Hashed>,
    options: &IngestOptions<'_>,
    transaction: &mut Transaction<M>,
) -> Result<Snapshot> {
    let mut hasher = TreeHasher::default();
    for (entry, hash) in &entries {
        hasher.push(entry, *hash);
    }
    let entries: Vec<_> = entries.into_iter().map(|(entry, _)| entry).collect();
    let newest = entries.iter().map(|entry| entry.metadata.mtime).max().unwrap_or_default();
    let manifest = transaction.append_manifest(&entries, |_| None)?;
    Ok(Snapshot {
        number: 1,
        parent: None,
        time: options.time.unwrap_or(newest),
        label: options.label.to_owned(),
        entries: entries.len() as u64,
        bytes: entries.iter().map(crate::entry::Entry::size).sum(),
        tree_hash: hasher.finish(),
        manifest,
    })
}
