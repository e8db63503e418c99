//! The entries of one snapshot: all, one, those of a directory, and what files hold.

use std::collections::HashSet;
use std::fmt;
use std::io::Write;

use embeddenator_io::{ContentHash, Decoder, Error as Bytes};

use crate::entry::{Content, Data, Entry, Node};
use crate::error::{Error, Result};
use crate::manifest::index::ManifestIndex;
use crate::manifest::tree_hash;
use crate::path::EngramPath;
use crate::snapshot::Snapshot;
use crate::store::read::Store;

/// The tree of a snapshot.
pub struct Tree<'a> {
    store: &'a Store,
    snapshot: &'a Snapshot,
    index: ManifestIndex,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(store: &'a Store, snapshot: &'a Snapshot) -> Result<Self> {
        Ok(Self { store, snapshot, index: store.manifest(snapshot)? })
    }

    /// The snapshot.
    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// All entries in tree order, the root first. After an error there is none.
    pub fn entries(&self) -> Entries<'_> {
        Entries { tree: self, block: 0, ready: Vec::new().into_iter(), open: Vec::new(), started: false }
    }

    /// The entry of a path; `None` if there is none.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn find(&self, path: &EngramPath) -> Result<Option<Entry>> {
        let mut entries = self.block(self.index.block_of(path))?;
        let at = entries.binary_search_by(|entry| entry.path.cmp(path));
        Ok(at.ok().map(|at| entries.swap_remove(at)))
    }

    /// The entry of a path.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none; [`Error::Damaged`], [`Error::Io`].
    pub fn entry(&self, path: &EngramPath) -> Result<Entry> {
        self.find(path)?.ok_or_else(|| Error::NotFound {
            engram: self.store.path.clone(),
            what: "path",
            name: path.to_string(),
        })
    }

    /// The entries of a directory, without what is in those; empty for what is no directory.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn children(&self, directory: &EngramPath) -> Result<Vec<Entry>> {
        let mut children: Vec<Entry> = Vec::new();
        let mut at = self.index.block_of(directory);
        while let Some(row) = self.index.blocks.get(at) {
            if row.first > *directory && !row.first.is_within(directory) {
                break;
            }
            // A block that begins and ends deep in one child has no other.
            let next = self.index.blocks.get(at + 1).map(|next| &next.first);
            at += 1;
            if let (Some(child), Some(next)) = (children.last(), next)
                && row.first.is_within(&child.path)
                && next.is_within(&child.path)
            {
                continue;
            }
            let entries = self.block(at - 1)?.into_iter();
            children.extend(entries.filter(|entry| entry.path.parent().as_ref() == Some(directory)));
        }
        Ok(children)
    }

    /// Writes what a file holds, holes as zeros, each chunk after it was compared with its hash.
    ///
    /// # Errors
    /// [`Error::WrongKind`] for what is no file; [`Error::Damaged`]; [`Error::Io`] if reading or writing fails.
    pub fn read(&self, entry: &Entry, output: &mut dyn Write) -> Result<()> {
        let Node::File(content) = &entry.node else {
            let (path, found) = (entry.path.to_string(), entry.node.kind());
            return Err(Error::WrongKind { path, found, wanted: "a file" });
        };
        let failed = |error| Error::of_system("write the content of", entry.path.to_string(), error);
        let mut at = 0;
        let mut put = |offset: u64, bytes: &[u8]| {
            write_zeros(output, offset - at).and_then(|()| output.write_all(bytes)).map_err(failed)?;
            at = offset + bytes.len() as u64;
            Ok(())
        };
        self.data(&entry.path, content, &mut put)?;
        write_zeros(output, content.size.saturating_sub(at)).map_err(failed)
    }

    /// Hands the data of a file to `put`, with the offset of each part in the file.
    fn data(
        &self,
        path: &EngramPath,
        content: &Content,
        put: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut regions = Regions::new(content);
        let runs = match &content.data {
            Data::Inline(data) => return regions.place(data, put),
            Data::Chunks(runs) => runs,
        };
        let mut decoder = Decoder::default();
        let mut done = 0;
        for number in runs.iter().flat_map(|run| run.first..run.first + run.count) {
            let chunk = self.store.chunk(number, &mut decoder).map_err(|error| needed_by(error, path))?;
            done += chunk.as_slice().len() as u64;
            if done > content.data_bytes() {
                break;
            }
            regions.place(chunk.as_slice(), put)?;
        }
        if done != content.data_bytes() {
            return Err(wrong_length(self.store, path));
        }
        Ok(())
    }

    /// The entries of those blocks that `other` has not, in tree order.
    pub(crate) fn entries_beside(&self, other: &Self) -> impl Iterator<Item = Result<Entry>> {
        let shared: HashSet<ContentHash> = other.index.blocks.iter().map(|row| row.blob.hash).collect();
        let own = self.index.blocks.iter().filter(move |row| !shared.contains(&row.blob.hash));
        own.flat_map(|row| match self.store.manifest_block(row) {
            Ok(entries) => entries.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        })
    }

    fn block(&self, at: usize) -> Result<Vec<Entry>> {
        match self.index.blocks.get(at) {
            Some(row) => self.store.manifest_block(row),
            None => Ok(Vec::new()),
        }
    }
}

impl fmt::Debug for Tree<'_> {
    /// The snapshot; not its entries.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree").field("snapshot", &self.snapshot).finish_non_exhaustive()
    }
}

/// The hash of the data of a file, as tree hashes have it, from what the table of chunks says.
pub(crate) fn hash_of_data(store: &Store, path: &EngramPath, content: &Content) -> Result<[u8; 32]> {
    let runs = match &content.data {
        Data::Inline(data) => return Ok(*blake3::hash(data).as_bytes()),
        Data::Chunks(runs) => runs,
    };
    let (mut hashes, mut sum) = (Vec::new(), 0);
    for number in runs.iter().flat_map(|run| run.first..run.first + run.count) {
        let row = store.chunk_row(number).map_err(|error| needed_by(error, path))?;
        sum += u64::from(row.chunk.length);
        if sum > content.data_bytes() {
            break;
        }
        hashes.push(row.chunk.hash);
    }
    if sum != content.data_bytes() {
        return Err(wrong_length(store, path));
    }
    Ok(tree_hash::of_chunks(hashes.iter()))
}

/// The error of chunks that are not as long as the data of their file.
pub(crate) fn wrong_length(store: &Store, path: &EngramPath) -> Error {
    let reason = "the chunks of a file are not as long as its data";
    let (what, offset) = ("an entry of the manifest", 0);
    store.damaged(format!("the manifest, {path}"), Bytes::Malformed { what, offset, reason })
}

/// The error of a segment, with the path that needs it.
pub(crate) fn needed_by(mut error: Error, path: &EngramPath) -> Error {
    if let Error::Damaged { place, .. } = &mut error {
        *place = format!("{place}, needed by `{path}`");
    }
    error
}

fn write_zeros(output: &mut dyn Write, mut count: u64) -> std::io::Result<()> {
    static ZEROS: [u8; 64 << 10] = [0; 64 << 10];
    while count > 0 {
        let part = count.min(ZEROS.len() as u64);
        output.write_all(&ZEROS[..part as usize])?;
        count -= part;
    }
    Ok(())
}

/// Places joined data into the parts of a file that are no holes.
pub(crate) struct Regions {
    regions: std::iter::Peekable<std::vec::IntoIter<(u64, u64)>>,
}

impl Regions {
    pub(crate) fn new(content: &Content) -> Self {
        let regions: Vec<(u64, u64)> = content.regions().collect();
        Self { regions: regions.into_iter().peekable() }
    }

    /// Where the next byte of the data is in the file.
    pub(crate) fn start(&mut self) -> Option<u64> {
        self.regions.peek().map(|(offset, _)| *offset)
    }

    /// Leaves out the first bytes of the data.
    pub(crate) fn skip(&mut self, mut count: u64) {
        while let Some((offset, length)) = self.regions.peek_mut() {
            let step = count.min(*length);
            *offset += step;
            *length -= step;
            count -= step;
            if *length > 0 {
                break;
            }
            self.regions.next();
        }
    }

    /// Hands the next part of the data to `put`, cut where holes are.
    pub(crate) fn place(
        &mut self,
        mut data: &[u8],
        put: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        while !data.is_empty() {
            let Some((offset, length)) = self.regions.peek_mut() else { break };
            let fits = usize::try_from(*length).unwrap_or(usize::MAX).min(data.len());
            let (part, rest) = data.split_at(fits);
            put(*offset, part)?;
            data = rest;
            *offset += part.len() as u64;
            *length -= part.len() as u64;
            if *length == 0 {
                self.regions.next();
            }
        }
        Ok(())
    }
}

/// The entries of a snapshot, one after the other; what they promise of each other is checked on the way.
#[derive(Debug)]
pub struct Entries<'a> {
    tree: &'a Tree<'a>,
    /// The next block.
    block: usize,
    ready: std::vec::IntoIter<Entry>,
    /// The directories that the last entry is in.
    open: Vec<EngramPath>,
    started: bool,
}

impl Entries<'_> {
    fn check(&mut self, entry: &Entry) -> Result<()> {
        let parent = entry.path.parent();
        while self.open.last().is_some_and(|open| parent.as_ref() != Some(open)) {
            self.open.pop();
        }
        let orphan = if self.started { self.open.is_empty() } else { !entry.path.is_root() };
        if orphan || (entry.path.is_root() && entry.node != Node::Directory) {
            return Err(self.malformed("the directory of an entry is missing"));
        }
        self.started = true;
        if entry.node == Node::Directory {
            self.open.push(entry.path.clone());
        }
        Ok(())
    }

    fn malformed(&self, reason: &'static str) -> Error {
        let (what, offset) = ("a block of the manifest", self.tree.snapshot.manifest.offset);
        self.tree.store.damaged("the manifest", Bytes::Malformed { what, offset, reason })
    }

    fn next_entry(&mut self) -> Result<Option<Entry>> {
        loop {
            if let Some(entry) = self.ready.next() {
                self.check(&entry)?;
                return Ok(Some(entry));
            }
            let Some(row) = self.tree.index.blocks.get(self.block) else { return Ok(None) };
            let entries = self.tree.store.manifest_block(row)?;
            let next = self.tree.index.blocks.get(self.block + 1);
            if let (Some(last), Some(next)) = (entries.last(), next)
                && last.path >= next.first
            {
                return Err(self.malformed("a block reaches into the next one"));
            }
            self.block += 1;
            self.ready = entries.into_iter();
        }
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_entry();
        if next.is_err() {
            self.ready = Vec::new().into_iter();
            self.block = usize::MAX;
        }
        next.transpose()
    }
}
