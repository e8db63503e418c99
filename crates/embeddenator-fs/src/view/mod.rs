//! One snapshot to be read at any place by any number of threads: names, directories, bytes at an offset.
//!
//! Nothing is decoded before it is read. Decoded blocks of the manifest and parts of segments are kept up to a number of
//! bytes; what is damaged, or was cut since, is an error of the call that needs it.

mod parts;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::entry::{Content, Data, Entry, Node};
use crate::error::{Error, Result};
use crate::limits::{VIEW_BLOCKS, VIEW_BYTES};
use crate::manifest::index::ManifestIndex;
use crate::path::EngramPath;
use crate::snapshot::Snapshot;
use crate::store::cache::Recent;
use crate::store::read::Store;
use crate::tree::{needed_by, wrong_length};
use crate::view::parts::Parts;

/// A snapshot that is read in place.
///
/// It may be used by any number of threads at once, and shows what it was opened with, whatever is appended meanwhile.
///
/// ```
/// use embeddenator_fs::{Engram, EngramPath, IngestOptions, Source, View};
///
/// # let directory = tempfile::tempdir()?;
/// # let (tree, path) = (directory.path().join("tree"), directory.path().join("tree.egm"));
/// # std::fs::create_dir(&tree)?;
/// std::fs::write(tree.join("note"), "vectors index, bytes store")?;
/// Engram::create(&path, &[Source::contents_of(&tree)], &IngestOptions::default(), &())?;
///
/// let engram = Engram::open(&path)?;
/// let view = engram.view(&engram.snapshots()[0])?;
/// let (place, _) = view.lookup(&EngramPath::new("note")?)?.expect("is there");
/// let mut word = [0; 5];
/// assert_eq!(view.open(place)?.read_at(&view, 15, &mut word)?, 5);
/// assert_eq!(&word, b"bytes");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct View {
    store: Arc<Store>,
    snapshot: Snapshot,
    index: ManifestIndex,
    /// The place of the first entry of each block.
    starts: Vec<u64>,
    blocks: Mutex<Recent<Arc<Vec<Entry>>>>,
    parts: Parts,
    links: OnceLock<HashMap<u32, (u64, u32)>>,
}

/// A file that is open for reading at offsets.
#[derive(Debug, Clone)]
pub struct ViewFile {
    path: EngramPath,
    place: u64,
    content: Content,
    /// Where each chunk ends in the data, and its number.
    chunks: Vec<(u64, u32)>,
}

impl View {
    pub(crate) fn new(store: Arc<Store>, snapshot: &Snapshot) -> Result<Self> {
        let index = store.manifest(snapshot)?;
        let mut next = 0;
        let start = |row: &crate::manifest::index::BlockRow| {
            let start = next;
            next += u64::from(row.entries);
            start
        };
        let starts = index.blocks.iter().map(start).collect();
        let parts = Parts::new(Arc::clone(&store), VIEW_BYTES);
        Ok(Self {
            store,
            snapshot: snapshot.clone(),
            index,
            starts,
            blocks: Mutex::default(),
            parts,
            links: OnceLock::new(),
        })
    }

    /// The snapshot.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The entry of a path and its place, which is its position in tree order, from 0 for the root; `None` if there is
    /// none.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn lookup(&self, path: &EngramPath) -> Result<Option<(u64, Entry)>> {
        let block = self.index.block_of(path);
        let entries = self.block(block)?;
        let at = entries.binary_search_by(|entry| entry.path.cmp(path)).ok();
        let found = at.and_then(|at| Some((self.starts.get(block)? + at as u64, entries.get(at)?.clone())));
        Ok(found)
    }

    /// The entry at a place.
    ///
    /// # Errors
    /// [`Error::NotFound`] behind the last one; [`Error::Damaged`], [`Error::Io`].
    pub fn entry(&self, place: u64) -> Result<Entry> {
        let block = self.starts.partition_point(|start| *start <= place).saturating_sub(1);
        let start = self.starts.get(block).copied().unwrap_or_default();
        let entries = self.block(block)?;
        let entry = usize::try_from(place - start).ok().and_then(|at| entries.get(at).cloned());
        entry.ok_or_else(|| Error::NotFound {
            engram: self.store.path.clone(),
            what: "entry",
            name: place.to_string(),
        })
    }

    /// The entries of a directory with their places, without what is in those; empty for what is no directory.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn children(&self, directory: &EngramPath) -> Result<Vec<(u64, Entry)>> {
        let mut children: Vec<(u64, Entry)> = Vec::new();
        let mut at = self.index.block_of(directory);
        while let (Some(row), Some(start)) = (self.index.blocks.get(at), self.starts.get(at)) {
            if row.first > *directory && !row.first.is_within(directory) {
                break;
            }
            let next = self.index.blocks.get(at + 1).map(|next| &next.first);
            // A block that begins and ends deep in one child has no other.
            let inside = matches!((children.last(), next), (Some((_, child)), Some(next))
                if row.first.is_within(&child.path) && next.is_within(&child.path));
            if !inside {
                let entries = self.block(at)?;
                let of_directory = (*start..).zip(entries.iter());
                let of_directory =
                    of_directory.filter(|(_, entry)| entry.path.parent().as_ref() == Some(directory));
                children.extend(of_directory.map(|(place, entry)| (place, entry.clone())));
            }
            at += 1;
        }
        Ok(children)
    }

    /// The place of the first name of a file with several, and how many there are; for other entries its own and 1.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn links(&self, place: u64, entry: &Entry) -> Result<(u64, u32)> {
        let Some(group) = entry.link_group else { return Ok((place, 1)) };
        let links = if let Some(links) = self.links.get() {
            links
        } else {
            let mut links: HashMap<u32, (u64, u32)> = HashMap::new();
            for (block, start) in self.starts.iter().enumerate() {
                for (place, entry) in (*start..).zip(self.block(block)?.iter()) {
                    if let Some(group) = entry.link_group {
                        links.entry(group).or_insert((place, 0)).1 += 1;
                    }
                }
            }
            self.links.get_or_init(|| links)
        };
        Ok(links.get(&group).copied().unwrap_or((place, 1)))
    }

    /// Opens the file at a place.
    ///
    /// # Errors
    /// [`Error::WrongKind`] for what is no file; [`Error::NotFound`], [`Error::Damaged`], [`Error::Io`].
    pub fn open(&self, place: u64) -> Result<ViewFile> {
        let entry = self.entry(place)?;
        let Node::File(content) = entry.node else {
            let (path, found) = (entry.path.to_string(), entry.node.kind());
            return Err(Error::WrongKind { path, found, wanted: "a file" });
        };
        let mut file = ViewFile { path: entry.path, place, content, chunks: Vec::new() };
        if let Data::Chunks(runs) = &file.content.data {
            let mut end = 0;
            for number in runs.iter().flat_map(|run| run.first..run.first + run.count) {
                let row = self.store.chunk_row(number).map_err(|error| needed_by(error, &file.path))?;
                end += u64::from(row.chunk.length);
                if end > file.content.data_bytes() {
                    break;
                }
                file.chunks.push((end, number));
            }
            if end != file.content.data_bytes() {
                return Err(wrong_length(&self.store, &file.path));
            }
        }
        Ok(file)
    }

    fn block(&self, at: usize) -> Result<Arc<Vec<Entry>>> {
        let blocks = || self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let number = at as u32;
        if let Some(entries) = blocks().get(number) {
            return Ok(entries);
        }
        let Some(row) = self.index.blocks.get(at) else { return Ok(Arc::default()) };
        let entries = Arc::new(self.store.manifest_block(row)?);
        blocks().insert(number, Arc::clone(&entries), 1, VIEW_BLOCKS);
        Ok(entries)
    }

    /// For each chunk that the snapshot needs the place of the first file that needs it.
    fn users(&self) -> Result<Vec<u32>> {
        let mut users = vec![u32::MAX; self.store.footer.totals.chunks as usize];
        for (row, start) in self.index.blocks.iter().zip(&self.starts) {
            for (place, entry) in (*start..).zip(self.store.manifest_block(row)?) {
                let Node::File(Content { data: Data::Chunks(runs), .. }) = entry.node else { continue };
                for run in runs {
                    let (first, end) = (run.first as usize, run.first.saturating_add(run.count) as usize);
                    for user in users.get_mut(first..end).unwrap_or_default() {
                        *user = (*user).min(place as u32);
                    }
                }
            }
        }
        Ok(users)
    }
}

impl fmt::Debug for View {
    /// The snapshot; not what is kept of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("snapshot", &self.snapshot).finish_non_exhaustive()
    }
}

impl ViewFile {
    /// Its size.
    pub fn size(&self) -> u64 {
        self.content.size
    }

    /// Fills `buffer` from byte `offset` on, holes with zeros; says how many bytes there are, fewer only at the end.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn read_at(&self, view: &View, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let left = self.content.size.saturating_sub(offset);
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = buffer.get_mut(..count).unwrap_or_default();
        buffer.fill(0);
        let end = offset + count as u64;
        // Where the region begins in the data.
        let mut before = 0;
        for (start, length) in self.content.regions() {
            let (from, to) = (start.max(offset), (start + length).min(end));
            if start >= end {
                break;
            }
            if from < to {
                let part = (from - offset) as usize..(to - offset) as usize;
                self.read_data(view, before + (from - start), buffer.get_mut(part).unwrap_or_default())?;
            }
            before += length;
        }
        Ok(count)
    }

    /// Fills `buffer` with the data from byte `at` of it on.
    fn read_data(&self, view: &View, mut at: u64, mut buffer: &mut [u8]) -> Result<()> {
        if let Data::Inline(data) = &self.content.data {
            let part = data.get(at as usize..at as usize + buffer.len());
            buffer.copy_from_slice(part.ok_or_else(|| wrong_length(&view.store, &self.path))?);
            return Ok(());
        }
        while !buffer.is_empty() {
            let index = self.chunks.partition_point(|(end, _)| *end <= at);
            let (_, number) = *self.chunks.get(index).ok_or_else(|| wrong_length(&view.store, &self.path))?;
            let start =
                index.checked_sub(1).and_then(|index| self.chunks.get(index)).map_or(0, |(end, _)| *end);
            let chunk = view.parts.chunk(number, self.place, || view.users());
            let chunk = chunk.map_err(|error| needed_by(error, &self.path))?;
            let bytes = chunk.as_slice().get((at - start) as usize..).unwrap_or_default();
            let count = bytes.len().min(buffer.len());
            if count == 0 {
                return Err(wrong_length(&view.store, &self.path));
            }
            let (head, rest) = buffer.split_at_mut(count);
            head.copy_from_slice(bytes.get(..count).unwrap_or_default());
            (at, buffer) = (at + count as u64, rest);
        }
        Ok(())
    }
}
