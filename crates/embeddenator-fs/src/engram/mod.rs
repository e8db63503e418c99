//! The engram as callers see it.

mod changes;
mod queries;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::archive::{ArchiveReport, archive};
use crate::create::NewFile;
use crate::error::{Error, Result};
use crate::extract::run::{ExtractOptions, ExtractReport, extract};
use crate::ingest::run::{IngestOptions, IngestReport, Place, keep, table_compression, take_in};
use crate::path::EngramPath;
use crate::progress::Progress;
use crate::snapshot::{Snapshot, SnapshotList};
use crate::store::open::Finding;
use crate::store::read::Store;
use crate::transaction::Transaction;
use crate::tree::Tree;
use crate::verify::{VerifyOptions, VerifyReport, verify};
use crate::view::View;
use crate::walk::Source;

/// An open engram.
///
/// It shows the last commit at the moment of opening, whatever is appended meanwhile, and may be used by any number of
/// threads at once. A clone is the same open engram.
///
/// ```
/// use embeddenator_fs::{Engram, ExtractOptions, IngestOptions, Source};
///
/// # let directory = tempfile::tempdir()?;
/// # let (tree, copy) = (directory.path().join("tree"), directory.path().join("copy"));
/// # std::fs::create_dir(&tree)?;
/// std::fs::write(tree.join("note"), "vectors index, bytes store")?;
/// let path = directory.path().join("tree.egm");
/// Engram::create(&path, &[Source::contents_of(&tree)], &IngestOptions::default(), &())?;
///
/// let engram = Engram::open(&path)?;
/// let tree = engram.latest()?;
/// engram.extract(&tree, &copy, &ExtractOptions::default(), &())?;
/// assert_eq!(std::fs::read_to_string(copy.join("note"))?, "vectors index, bytes store");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Engram {
    store: Arc<Store>,
}

/// What an engram is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngramInfo {
    /// What it is called among machines.
    pub uuid: [u8; 16],
    /// The number of its last commit.
    pub commit: u64,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Bytes of it up to the last commit.
    pub committed_bytes: u64,
    /// Segments.
    pub segments: u32,
    /// Distinct chunks.
    pub chunks: u32,
    /// Signatures.
    pub signatures: u32,
    /// Bytes of the tables of fingerprints, as they are stored; 0 if there are none.
    pub fingerprint_bytes: u64,
    /// Bytes of all chunks.
    pub chunk_bytes: u64,
    /// Bytes of all segments, as they are stored.
    pub segment_bytes: u64,
}

impl Engram {
    /// Makes an engram of a tree; the file appears when it is whole.
    ///
    /// The same tree, options and version of this crate give the same bytes, with any number of threads.
    ///
    /// # Errors
    /// [`Error::Exists`] unless it may be overwritten; [`Error::Busy`] if another process is making or writing it;
    /// [`Error::Changed`] if a file is written meanwhile; [`Error::Duplicate`] and [`Error::InvalidPath`] for sources
    /// that do not go together; [`Error::Io`], [`Error::LimitExceeded`], [`Error::Exhausted`]. Nothing is left behind.
    /// After [`Error::NotDurable`] the engram is there.
    pub fn create(
        path: impl AsRef<Path>,
        sources: &[Source],
        options: &IngestOptions<'_>,
        progress: &dyn Progress,
    ) -> Result<IngestReport> {
        let path = path.as_ref();
        let created = NewFile::create(path, options.overwrite)?;
        let compression = table_compression(options.profile);
        let mut transaction = Transaction::begin(created.file(), path, None, compression);
        let place = Place { engram: path, skip: &created.ids()?, before: None, parent: None };
        let taken = take_in(sources, options, &place, &mut transaction, progress)?;
        let fresh = taken.fresh;
        let snapshot = keep(taken.entries, options, (1, None), &mut transaction)?;
        let list = SnapshotList { next: 2, snapshots: vec![snapshot.clone()] };
        let footer = transaction.commit(&list, uuid_of(&snapshot.tree_hash))?;
        created.place()?;
        Ok(IngestReport {
            snapshot,
            fresh_bytes: fresh.bytes,
            fresh_chunks: fresh.chunks,
            unchanged_files: 0,
            added_bytes: footer.end(),
            engram_bytes: footer.end(),
        })
    }

    /// Opens an engram for reading.
    ///
    /// A damaged superblock does not stop it: see [`Engram::findings`].
    ///
    /// # Errors
    /// [`Error::Unsupported`] for another file or a newer version; [`Error::Damaged`]; [`Error::Io`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|error| Error::of_system("open", path, error))?;
        Ok(Self { store: Arc::new(Store::open(file, path)?) })
    }

    /// Damage that was found when it was opened, and did not stop that.
    pub fn findings(&self) -> &[Finding] {
        &self.store.findings
    }

    /// Whether the last commit is damaged, and the one before it is shown.
    pub fn is_rolled_back(&self) -> bool {
        self.store.rolled_back
    }

    /// The snapshots, the oldest first.
    pub fn snapshots(&self) -> &[Snapshot] {
        &self.store.snapshots.snapshots
    }

    /// The snapshot of a number or a label; of those with one label the newest.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn snapshot(&self, name: &str) -> Result<&Snapshot> {
        let number = name.parse().ok();
        let by_number = self.snapshots().iter().find(|snapshot| Some(snapshot.number) == number);
        let found =
            by_number.or_else(|| self.snapshots().iter().rev().find(|snapshot| snapshot.label == name));
        found.ok_or_else(|| self.no_snapshot(name))
    }

    /// The tree of a snapshot.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn tree<'a>(&'a self, snapshot: &'a Snapshot) -> Result<Tree<'a>> {
        Tree::new(&self.store, snapshot)
    }

    /// The tree of the newest snapshot.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none; [`Error::Damaged`], [`Error::Io`].
    pub fn latest(&self) -> Result<Tree<'_>> {
        let newest = self.snapshots().last().ok_or_else(|| self.no_snapshot("latest"))?;
        self.tree(newest)
    }

    /// A snapshot of this engram, to be read in place.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn view(&self, snapshot: &Snapshot) -> Result<View> {
        View::new(Arc::clone(&self.store), snapshot)
    }

    /// What it is made of.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn info(&self) -> Result<EngramInfo> {
        let footer = &self.store.footer;
        let (mut chunk_bytes, mut segment_bytes) = (0, 0);
        for at in 0..self.store.runs.chunks.len() {
            for row in &self.store.table(at)?.segments {
                chunk_bytes += u64::from(row.raw_length);
                segment_bytes += row.length();
            }
        }
        Ok(EngramInfo {
            uuid: footer.uuid,
            commit: footer.sequence,
            file_bytes: self.store.length,
            committed_bytes: footer.end(),
            segments: footer.totals.segments,
            chunks: footer.totals.chunks,
            signatures: footer.totals.signatures,
            fingerprint_bytes: self
                .store
                .runs
                .fingerprints
                .iter()
                .map(|row| row.blob.end() - row.blob.offset)
                .sum(),
            chunk_bytes,
            segment_bytes,
        })
    }

    /// Brings a tree of this engram out to a directory, which is made if it is missing; nothing is written outside of
    /// it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a path that the tree has not; [`Error::Exists`] if something is in the way and may not be
    /// overwritten; [`Error::Damaged`], [`Error::Io`]. What was made before stays.
    pub fn extract(
        &self,
        tree: &Tree<'_>,
        target: impl AsRef<Path>,
        options: &ExtractOptions,
        progress: &dyn Progress,
    ) -> Result<ExtractReport> {
        extract(&self.store, tree, target.as_ref(), options, progress)
    }

    /// Writes a tree of this engram as a tar archive, in path order, with pax records where they are needed.
    ///
    /// Holes are written as zeros, and sockets, which no archive holds, are left out with a warning.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a path that the tree has not; [`Error::Damaged`]; [`Error::Io`] also if `output` fails. What
    /// was written before is not a whole archive.
    pub fn archive(
        &self,
        tree: &Tree<'_>,
        paths: &[EngramPath],
        output: &mut dyn Write,
        progress: &dyn Progress,
    ) -> Result<ArchiveReport> {
        archive(tree, paths, output, progress)
    }

    /// Compares everything with its hashes. Damage is in the report.
    ///
    /// # Errors
    /// [`Error::Io`] if reading fails.
    pub fn verify(&self, options: VerifyOptions, progress: &dyn Progress) -> Result<VerifyReport> {
        verify(&self.store, options, progress)
    }

    fn no_snapshot(&self, name: &str) -> Error {
        Error::NotFound { engram: self.store.path.clone(), what: "snapshot", name: name.to_owned() }
    }
}

/// The name of an engram, from the hash of its first tree: a `UUIDv8`.
fn uuid_of(tree_hash: &[u8; 32]) -> [u8; 16] {
    let mut uuid = [0; 16];
    for (to, from) in uuid.iter_mut().zip(tree_hash) {
        *to = *from;
    }
    uuid[6] = uuid[6] & 0x0f | 0x80;
    uuid[8] = uuid[8] & 0x3f | 0x80;
    uuid
}
