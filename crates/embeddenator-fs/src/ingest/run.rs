//! The road of a tree into a commit, from the walk to the snapshot.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use embeddenator_io::{Compression, Profile};

use crate::entry::{Entry, Node, Timestamp};
use crate::error::{Error, Result};
use crate::ingest::before::Before;
use crate::ingest::entries::{Gathered, Hashed, Signed, Unchanged};
use crate::ingest::pack::{Fill, Packing, pack, read_files};
use crate::ingest::scan::scan;
use crate::limits::LABEL_BYTES_MAX;
use crate::manifest::tree_hash::TreeHasher;
use crate::medium::Medium;
use crate::path::EngramPath;
use crate::platform::found::FileId;
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::store::read::Store;
use crate::transaction::Transaction;
use crate::tree::hash_of_data;
use crate::walk::{Exclude, Item, Origin, Source, WalkOptions, walk};
use crate::workers::threads;

/// By what files can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Index {
    /// No signatures are made, so [`Engram::similar`](crate::Engram::similar) finds nothing, and what comes later
    /// finds no base among what is taken in now.
    None,
    /// By signatures: near-duplicates of whole files.
    File,
    /// By fingerprints too: fragments, at about 3% of the distinct bytes.
    Fragment,
}

impl Index {
    /// What was asked for; otherwise [`Index::Fragment`] if what is there has fingerprints, and [`Index::File`] if not.
    pub(crate) fn chosen(asked: Option<Self>, store: Option<&Store>) -> Self {
        let has_fingerprints = store.is_some_and(|store| !store.runs.fingerprints.is_empty());
        asked.unwrap_or(if has_fingerprints { Self::Fragment } else { Self::File })
    }
}

/// How a tree is taken in.
#[derive(Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools, reason = "they are options of a command, each of its own")]
pub struct IngestOptions<'a> {
    /// The choice between speed and size.
    pub profile: Profile,
    /// By what the files can be found; `None` for fragments too if the engram has an index of them, and for whole files
    /// otherwise.
    pub index: Option<Index>,
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
    /// Replaces an engram that is there already; only for [`Engram::create`](crate::Engram::create).
    pub overwrite: bool,
    /// Reads files even if their size and times say that they are unchanged.
    pub reread: bool,
}

impl std::fmt::Debug for IngestOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IngestOptions")
            .field("profile", &self.profile)
            .field("index", &self.index)
            .field("threads", &self.threads)
            .field("label", &self.label)
            .field("time", &self.time)
            .field("one_file_system", &self.one_file_system)
            .field("all_root", &self.all_root)
            .field("exclude", &self.exclude.is_some())
            .field("overwrite", &self.overwrite)
            .field("reread", &self.reread)
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
    /// Files that were not read, since they are as they were in the snapshot before.
    pub unchanged_files: u64,
    /// Bytes that the engram has grown by.
    pub added_bytes: u64,
    /// Bytes of the engram now.
    pub engram_bytes: u64,
}

/// Bytes of a segment, and how it is compressed.
pub(crate) fn packing<'a>(
    (profile, index): (Profile, Index),
    asked: usize,
    engram: &'a Path,
    store: Option<&'a Store>,
) -> Packing<'a> {
    let segment_bytes = match profile {
        Profile::Fast => 256 << 10,
        Profile::Balanced => 1 << 20,
        Profile::Archive => 4 << 20,
        // Twice that is 2% smaller on versions of a tree; for `max`, size comes before the time of a read.
        Profile::Max => 8 << 20,
    };
    Packing {
        threads: threads(asked),
        compression: profile.compression(),
        segment_bytes,
        fingerprints: index == Index::Fragment,
        engram,
        store,
    }
}

/// How tables are compressed: they are small, so it costs little to do it well.
pub(crate) fn table_compression(profile: Profile) -> Compression {
    match profile {
        Profile::Fast => Profile::Balanced.compression(),
        Profile::Balanced => Profile::Archive.compression(),
        Profile::Archive | Profile::Max => Profile::Max.compression(),
    }
}

/// What sources become beside what is stored.
pub(crate) struct Place<'a> {
    /// The engram.
    pub(crate) engram: &'a Path,
    /// Files that are not taken in.
    pub(crate) skip: &'a [FileId],
    /// What is stored.
    pub(crate) before: Option<&'a Before<'a>>,
    /// What the files were; those that did not change since are not read.
    pub(crate) parent: Option<Parent<'a>>,
}

/// The newest tree, and when the engram was written last.
#[derive(Clone, Copy)]
pub(crate) struct Parent<'a> {
    pub(crate) entries: &'a [Entry],
    pub(crate) written: Option<Timestamp>,
}

/// Sources that were taken in.
pub(crate) struct Taken {
    /// Their entries in tree order.
    pub(crate) entries: Vec<Hashed>,
    /// Directories that no source stands for.
    pub(crate) made_up: HashSet<EngramPath>,
    pub(crate) fresh: Fresh,
    /// Files that were not read.
    pub(crate) unchanged: u64,
}

/// Stores what of the sources is not stored yet.
pub(crate) fn take_in<M: Medium>(
    sources: &[Source],
    options: &IngestOptions<'_>,
    place: &Place<'_>,
    transaction: &mut Transaction<M>,
    progress: &dyn Progress,
) -> Result<Taken> {
    check_label(options.label)?;
    let store = place.before.map(|before| before.store);
    let index = Index::chosen(options.index, store);
    let packing = packing((options.profile, index), options.threads, place.engram, store);
    let walk_options = WalkOptions {
        one_file_system: options.one_file_system,
        all_root: options.all_root,
        skip: place.skip,
        exclude: options.exclude,
    };
    let items = walk(sources, walk_options, progress)?;
    let links = links(&items);
    let unchanged = match (place.parent, store) {
        (Some(parent), Some(store)) if !options.reread => unchanged(&items, &links, parent, store)?,
        _ => Unchanged::new(),
    };
    let laid_out = gather(&items, &links, &unchanged, place.before, packing.threads, progress)?.lay_out()?;
    let fill: Fill<'_> = &|chunks, _, raw| read_files(&items, chunks, raw);
    pack(&laid_out.sequence, fill, packing, transaction, progress)?;
    let none = HashMap::new();
    let known = place.before.map_or(&none, |before| &before.signatures);
    let signed = match index {
        Index::None => Signed::default(),
        Index::File | Index::Fragment => laid_out.sign(transaction.totals().signatures, known),
    };
    transaction.append_signatures(signed.codes.view())?;
    let fresh = Fresh {
        bytes: laid_out.sequence.iter().map(|fresh| u64::from(fresh.chunk.length)).sum(),
        chunks: laid_out.sequence.len() as u64,
    };
    let made_up = items.iter().filter(|item| matches!(item.origin, Origin::Nothing));
    let made_up = made_up.map(|item| item.path.clone()).collect();
    let count = unchanged.len() as u64;
    let entries = laid_out.entries(items, &links, &signed, &unchanged);
    Ok(Taken { entries, made_up, fresh, unchanged: count })
}

/// Holds if a snapshot may have this label.
pub(crate) fn check_label(label: &str) -> Result<()> {
    if label.len() <= LABEL_BYTES_MAX {
        return Ok(());
    }
    Err(Error::LimitExceeded {
        what: "the label of a snapshot in bytes",
        value: label.len() as u64,
        limit: LABEL_BYTES_MAX as u64,
        remedy: "shorten it",
    })
}

/// The data of files that are as they were: of the same size and modification time, and with nothing about them changed
/// since the engram was written.
fn unchanged(
    items: &[Item],
    links: &HashMap<u32, (u32, Option<u32>)>,
    parent: Parent<'_>,
    store: &Store,
) -> Result<Unchanged> {
    let mut unchanged = Unchanged::new();
    for (number, item) in (0..).zip(items) {
        // Nothing but size and time is known of a member of an archive, and both may be set.
        let is_member = matches!(item.origin, Origin::Member(..));
        if is_member || links.get(&number).is_some_and(|(first, _)| *first != number) {
            continue;
        }
        let Ok(at) = parent.entries.binary_search_by(|entry| entry.path.cmp(&item.path)) else { continue };
        let Some(entry) = parent.entries.get(at) else { continue };
        let since =
            item.found.changed.zip(parent.written).is_some_and(|(changed, written)| changed >= written);
        if let (Node::File(found), Node::File(content)) = (&item.found.node, &entry.node)
            && !since
            && (found.size, item.found.metadata.mtime) == (content.size, entry.metadata.mtime)
        {
            let hash = hash_of_data(store, &entry.path, content)?;
            unchanged.insert(number, (content.clone(), hash));
        }
    }
    Ok(unchanged)
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

fn gather<'a>(
    items: &[Item],
    links: &HashMap<u32, (u32, Option<u32>)>,
    unchanged: &Unchanged,
    before: Option<&'a Before<'a>>,
    threads: usize,
    progress: &dyn Progress,
) -> Result<Gathered<'a>> {
    let files = (0..).zip(items).filter(|(number, item)| {
        let first = links.get(number).is_none_or(|(first, _)| first == number);
        first && !unchanged.contains_key(number) && matches!(item.found.node, Node::File(_))
    });
    let (numbers, files): (Vec<u32>, Vec<&Item>) = files.unzip();
    let mut gathered = Gathered::new(before)?;
    scan(&files, threads, progress, |at, scanned| {
        gathered.add(numbers[at], scanned);
        Ok(())
    })?;
    Ok(gathered)
}

/// Appends the manifest of the entries, and makes a snapshot of it.
pub(crate) fn keep<M: Medium>(
    entries: Vec<Hashed>,
    options: &IngestOptions<'_>,
    (number, parent): (u32, Option<u32>),
    transaction: &mut Transaction<M>,
) -> Result<Snapshot> {
    let mut hasher = TreeHasher::default();
    for (entry, hash) in &entries {
        hasher.push(entry, *hash);
    }
    let entries: Vec<_> = entries.into_iter().map(|(entry, _)| entry).collect();
    let newest = entries.iter().map(|entry| entry.metadata.mtime).max().unwrap_or_default();
    let manifest = transaction.append_manifest(&entries)?;
    Ok(Snapshot {
        number,
        parent,
        time: options.time.unwrap_or(newest),
        label: options.label.to_owned(),
        entries: entries.len() as u64,
        bytes: entries.iter().map(Entry::size).sum(),
        tree_hash: hasher.finish(),
        manifest,
    })
}
