//! Reading what a footer leads to: blobs, tables, segments and chunks.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use embeddenator_io::{Decoder, Error as Bytes};
use embeddenator_vsa::Codes;

use crate::container::behind::Behind;
use crate::container::blob::{self, BlobKind, Reference};
use crate::container::footer::Footer;
use crate::container::segment::{Segment, SegmentRow};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::limits::CACHE_BYTES;
use crate::manifest::block;
use crate::manifest::index::{BlockRow, ManifestIndex};
use crate::snapshot::{Snapshot, SnapshotList};
use crate::store::cache::Recent;
use crate::store::open::{Finding, find_footer, read_part};
use crate::tables::chunks::{ChunkRow, ChunkTable};
use crate::tables::runs::{RunList, Span};
use crate::tables::signatures;

/// An open engram: what its footer leads to, read on demand.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    /// Bytes of the file when it was opened.
    pub(crate) length: u64,
    pub(crate) footer: Footer,
    pub(crate) findings: Vec<Finding>,
    pub(crate) rolled_back: bool,
    pub(crate) runs: RunList,
    pub(crate) snapshots: SnapshotList,
    tables: Vec<OnceLock<ChunkTable>>,
    cache: Mutex<Recent<Arc<Vec<u8>>>>,
}

/// A decoded segment, and where a chunk lies in it.
#[derive(Debug, Clone)]
pub(crate) struct ChunkBytes {
    segment: Arc<Vec<u8>>,
    range: Range<usize>,
}

impl ChunkBytes {
    /// A range of decoded bytes.
    pub(crate) fn new(segment: Arc<Vec<u8>>, range: Range<usize>) -> Self {
        Self { segment, range }
    }

    /// The bytes of the chunk.
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.segment.get(self.range.clone()).unwrap_or_default()
    }
}

impl Store {
    /// Opens the engram that a file holds.
    pub(crate) fn open(file: File, path: &Path) -> Result<Self> {
        let failed = |error| Error::of_system("read", path, error);
        let length = file.metadata().map_err(failed)?.len();
        let found = find_footer(&file, path)?;
        let mut store = Self {
            path: path.to_owned(),
            file,
            length,
            footer: found.footer,
            findings: found.findings,
            rolled_back: found.rolled_back,
            runs: RunList::default(),
            snapshots: SnapshotList::new(),
            tables: Vec::new(),
            cache: Mutex::default(),
        };
        let runs = store.blob(BlobKind::Runs, &found.footer.runs)?;
        let runs = RunList::read(&runs, found.footer.totals);
        store.runs = runs.map_err(|error| store.damaged(BlobKind::Runs.name(), error))?;
        let list = SnapshotList::read(&store.blob(BlobKind::Snapshots, &found.footer.snapshots)?);
        store.snapshots = list.map_err(|error| store.damaged(BlobKind::Snapshots.name(), error))?;
        store.tables = store.runs.chunks.iter().map(|_| OnceLock::new()).collect();
        Ok(store)
    }

    /// The error of damaged bytes of this engram.
    pub(crate) fn damaged(&self, place: impl Into<String>, error: Bytes) -> Error {
        Error::of_bytes(&self.path, place, error)
    }

    /// The content of a blob.
    pub(crate) fn blob(&self, kind: BlobKind, reference: &Reference) -> Result<Vec<u8>> {
        let committed = reference.end() <= self.footer.offset;
        if !committed {
            let (what, offset) = (kind.name(), reference.offset);
            let reason = "a reference leads behind what was committed";
            return Err(self.damaged(what, Bytes::Malformed { what, offset, reason }));
        }
        if reference.behind && kind == BlobKind::ManifestBlock {
            return self.block_behind(reference);
        }
        if reference.behind != (kind == BlobKind::BlockBehind) {
            let (what, offset) = (kind.name(), reference.offset);
            let reason = "a reference is of the form of another blob";
            return Err(self.damaged(what, Bytes::Malformed { what, offset, reason }));
        }
        let part = (reference.offset, u64::from(reference.length));
        let envelope = read_part(&self.file, &self.path, self.length, part, kind.name())?;
        blob::unseal(kind, &envelope, reference).map_err(|error| self.damaged(kind.name(), error))
    }

    /// A block of a manifest that is behind others.
    fn block_behind(&self, reference: &Reference) -> Result<Vec<u8>> {
        let stored = self.blob(BlobKind::BlockBehind, reference)?;
        let damaged = |error| self.damaged(BlobKind::BlockBehind.name(), error);
        let behind = Behind::read(&stored, reference.offset).map_err(damaged)?;
        let mut prefix = Vec::new();
        for base in &behind.bases {
            prefix.append(&mut self.blob(BlobKind::ManifestBlock, base)?);
        }
        behind.decode(&prefix, reference.hash).map_err(damaged)
    }

    /// The blobs that a block of a manifest is behind.
    pub(crate) fn bases_of(&self, reference: &Reference) -> Result<Vec<Reference>> {
        if !reference.behind {
            return Ok(Vec::new());
        }
        let stored = self.blob(BlobKind::BlockBehind, reference)?;
        let behind = Behind::read(&stored, reference.offset);
        Ok(behind.map_err(|error| self.damaged(BlobKind::BlockBehind.name(), error))?.bases)
    }

    /// A table of chunks, by its position in the list of runs.
    pub(crate) fn table(&self, at: usize) -> Result<&ChunkTable> {
        let (Some(row), Some(slot)) = (self.runs.chunks.get(at), self.tables.get(at)) else {
            return Err(self.no_such("the table of chunks", at as u64));
        };
        if let Some(table) = slot.get() {
            return Ok(table);
        }
        let bytes = self.blob(BlobKind::Chunks, &row.blob)?;
        let table = ChunkTable::read(&bytes, row.segments, row.chunks);
        let table = table.map_err(|error| self.damaged(BlobKind::Chunks.name(), error))?;
        // Another thread may have read it meanwhile, which is the same.
        Ok(slot.get_or_init(|| table))
    }

    /// Where a chunk lies.
    pub(crate) fn chunk_row(&self, number: u32) -> Result<ChunkRow> {
        let row = self.runs.blob_of_chunk(number).map(|at| (at, self.runs.chunks.get(at)));
        if let Some((at, Some(blob))) = row
            && let Some(row) = self.table(at)?.chunks.get((number - blob.chunks.first) as usize)
        {
            return Ok(*row);
        }
        Err(self.no_such("chunk", u64::from(number)))
    }

    /// The chunks of a segment by their numbers.
    pub(crate) fn chunks_of_segment(&self, segment: u32) -> Result<impl Iterator<Item = (u32, ChunkRow)>> {
        let at = self.runs.blob_of_segment(segment).unwrap_or(usize::MAX);
        let rows = &self.table(at)?.chunks;
        let first = self.runs.chunks.get(at).map_or(0, |blob| blob.chunks.first);
        let from = rows.partition_point(|row| row.segment < segment);
        let rows = (first..).zip(rows).skip(from).take_while(move |(_, row)| row.segment == segment);
        Ok(rows.map(|(number, row)| (number, *row)))
    }

    /// Whether all chunks together have `most` bytes at most.
    pub(crate) fn fits(&self, most: u64) -> Result<bool> {
        let mut sum = 0;
        for at in 0..self.runs.chunks.len() {
            sum += self.table(at)?.segments.iter().map(|row| u64::from(row.raw_length)).sum::<u64>();
            if sum > most {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Where a segment lies.
    pub(crate) fn segment_row(&self, number: u32) -> Result<SegmentRow> {
        let row = self.runs.blob_of_segment(number).map(|at| (at, self.runs.chunks.get(at)));
        if let Some((at, Some(blob))) = row
            && let Some(row) = self.table(at)?.segments.get((number - blob.segments.first) as usize)
        {
            return Ok(*row);
        }
        Err(self.no_such("segment", u64::from(number)))
    }

    /// The signatures of a span.
    pub(crate) fn signatures(&self, blob: &Reference, span: Span) -> Result<Codes> {
        let bytes = self.blob(BlobKind::Signatures, blob)?;
        signatures::read(&bytes, span).map_err(|error| self.damaged(BlobKind::Signatures.name(), error))
    }

    /// Decodes a segment; those that its prefix comes from are taken from the cache.
    pub(crate) fn decode_segment(&self, number: u32, decoder: &mut Decoder, raw: &mut Vec<u8>) -> Result<()> {
        let row = self.segment_row(number)?;
        let place = || format!("segment {number}");
        let part = (row.offset, row.length());
        if row.offset.saturating_add(row.length()) > self.footer.offset {
            let reason = "it lies behind what was committed";
            let (what, offset) = ("a segment", row.offset);
            return Err(self.damaged(place(), Bytes::Malformed { what, offset, reason }));
        }
        let bytes = read_part(&self.file, &self.path, self.length, part, "a segment")?;
        let segment = Segment::read(&bytes, number, &row).map_err(|error| self.damaged(place(), error))?;
        let mut prefix = Vec::new();
        for piece in &segment.pieces {
            let malformed = |reason| {
                self.damaged(
                    place(),
                    Bytes::Malformed { what: "the prefix of a segment", offset: row.offset, reason },
                )
            };
            // Depths fall with each step, so this ends, and it never goes deeper than the greatest one.
            if self.segment_row(piece.segment)?.depth >= row.depth {
                return Err(malformed("a piece is in a segment of no smaller depth"));
            }
            let base = self.segment(piece.segment, decoder)?;
            let range = piece.offset as usize..piece.offset.saturating_add(piece.length) as usize;
            let bytes = base.get(range).ok_or_else(|| malformed("a piece ends outside of its segment"))?;
            prefix.extend_from_slice(bytes);
        }
        segment.decode(&prefix, decoder, raw).map_err(|error| self.damaged(place(), error))
    }

    /// A decoded segment, from the cache if it is there.
    pub(crate) fn segment(&self, number: u32, decoder: &mut Decoder) -> Result<Arc<Vec<u8>>> {
        if let Some(raw) = self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(number) {
            return Ok(raw);
        }
        let mut raw = Vec::new();
        self.decode_segment(number, decoder, &mut raw)?;
        let raw = Arc::new(raw);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.insert(number, Arc::clone(&raw), raw.len(), CACHE_BYTES);
        Ok(raw)
    }

    /// The bytes of a chunk, compared with its hash.
    pub(crate) fn chunk(&self, number: u32, decoder: &mut Decoder) -> Result<ChunkBytes> {
        let row = self.chunk_row(number)?;
        let segment = self.segment(row.segment, decoder)?;
        let start = row.offset as usize;
        let bytes = ChunkBytes { segment, range: start..start + row.chunk.length as usize };
        self.check_chunk(&row, bytes.as_slice())?;
        Ok(bytes)
    }

    /// Holds if a chunk is what it was.
    pub(crate) fn check_chunk(&self, row: &ChunkRow, bytes: &[u8]) -> Result<()> {
        if *blake3::hash(bytes).as_bytes() == row.chunk.hash {
            return Ok(());
        }
        let offset = self.segment_row(row.segment)?.offset;
        let place = format!("segment {}", row.segment);
        Err(self.damaged(place, Bytes::ChecksumMismatch { what: "a chunk of the segment", offset }))
    }

    /// The index of a snapshot's manifest.
    pub(crate) fn manifest(&self, snapshot: &Snapshot) -> Result<ManifestIndex> {
        let bytes = self.blob(BlobKind::ManifestIndex, &snapshot.manifest)?;
        let index = ManifestIndex::read(&bytes);
        let index = index.map_err(|error| self.damaged(BlobKind::ManifestIndex.name(), error))?;
        let entries = index.blocks.iter().map(|row| u64::from(row.entries)).sum::<u64>();
        if entries != snapshot.entries {
            let (what, offset) = (BlobKind::ManifestIndex.name(), snapshot.manifest.offset);
            let reason = "it has not as many entries as its snapshot says";
            return Err(self.damaged(what, Bytes::Malformed { what, offset, reason }));
        }
        Ok(index)
    }

    /// The entries of a block of a manifest.
    pub(crate) fn manifest_block(&self, row: &BlockRow) -> Result<Vec<Entry>> {
        self.entries_of(row, &self.blob(BlobKind::ManifestBlock, &row.blob)?)
    }

    /// The entries that the content of a block has.
    pub(crate) fn entries_of(&self, row: &BlockRow, content: &[u8]) -> Result<Vec<Entry>> {
        let what = BlobKind::ManifestBlock.name();
        let entries = block::read(content);
        let entries = entries.map_err(|error| self.damaged(what, error))?;
        let first = entries.first().map(|entry| &entry.path);
        if first != Some(&row.first) || entries.len() != row.entries as usize {
            let reason = "it is not the block that the index says";
            return Err(self.damaged(what, Bytes::Malformed { what, offset: row.blob.offset, reason }));
        }
        Ok(entries)
    }

    fn no_such(&self, what: &'static str, number: u64) -> Error {
        let reason = "its number is beyond those that there are";
        self.damaged(
            format!("{what} {number}"),
            Bytes::Malformed { what, offset: self.footer.offset, reason },
        )
    }
}
