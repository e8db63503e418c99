//! A commit: what is appended, and the order in which it becomes durable and visible.
//!
//! ```text
//! segments and blobs; sync
//! footer;             sync
//! superblock;         sync
//! ```
//!
//! Until the superblock is written the engram is what it was. A transaction that is dropped has changed nothing: what it
//! wrote lies behind the end of the last commit, where the next one overwrites it.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use embeddenator_io::{Codec, Compression, ContentHash};
use embeddenator_vsa::CodesRef;

use crate::container::behind;
use crate::container::blob::{self, BlobKind, Reference};
use crate::container::footer::{FOOTER_ALIGNMENT, FOOTER_BYTES, Footer, Totals};
use crate::container::segment::{Piece, SegmentRow, write_head};
use crate::container::superblock::{FIRST_COMMIT, SUPERBLOCK_BYTES};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::limits::{TABLE_CHUNKS, TABLE_FINGERPRINTS, TABLE_SIGNATURES};
use crate::manifest::bases::Bases;
use crate::manifest::index::{BlockRow, ManifestIndex};
use crate::manifest::{block, build};
use crate::medium::Medium;
use crate::snapshot::SnapshotList;
use crate::tables::chunks::{Chunk, ChunkRow, ChunkTable};
use crate::tables::runs::{ChunksBlob, FingerprintsBlob, RunList, SignaturesBlob, Span};
use crate::tables::{fingerprints, signatures};

/// What a commit follows.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub(crate) footer: Footer,
    pub(crate) runs: RunList,
}

/// A commit that is being written.
#[derive(Debug)]
pub(crate) struct Transaction<M: Medium> {
    medium: M,
    /// For errors.
    path: PathBuf,
    base: Option<Footer>,
    /// Where the commit begins, and where the next byte goes.
    start: u64,
    position: u64,
    totals: Totals,
    runs: RunList,
    /// Segments and chunks that are in no blob yet.
    pending: ChunkTable,
    /// The fingerprints of the pending chunks, if they are wanted.
    fingerprints: Vec<Vec<u32>>,
    /// The blocks of manifests that are stored.
    blocks: HashMap<ContentHash, Reference>,
    /// Those of them that others may be compressed behind.
    bases: Bases,
    /// How blobs are compressed.
    compression: Compression,
}

/// A segment to be appended.
#[derive(Debug)]
pub(crate) struct NewSegment<'a> {
    pub(crate) codec: Codec,
    pub(crate) stored: &'a [u8],
    pub(crate) raw_length: u32,
    pub(crate) chunks: &'a [Chunk],
    pub(crate) pieces: &'a [Piece],
    pub(crate) depth: u8,
    /// Those of each chunk; nothing if they are not wanted, in this commit as a whole.
    pub(crate) fingerprints: Vec<Vec<u32>>,
}

impl<M: Medium> Transaction<M> {
    /// The first commit of a file, or the next one after `base`.
    pub(crate) fn begin(medium: M, path: &Path, base: Option<Base>, compression: Compression) -> Self {
        let footer = base.as_ref().map(|base| base.footer);
        let start = footer.map_or(FIRST_COMMIT, |footer| footer.end());
        Self {
            medium,
            path: path.to_owned(),
            base: footer,
            start,
            position: start,
            totals: footer.map(|footer| footer.totals).unwrap_or_default(),
            runs: base.map(|base| base.runs).unwrap_or_default(),
            pending: ChunkTable::default(),
            fingerprints: Vec::new(),
            blocks: HashMap::new(),
            bases: Bases::default(),
            compression,
        }
    }

    /// How many rows the tables have, with those of this commit.
    pub(crate) fn totals(&self) -> Totals {
        self.totals
    }

    /// Appends a segment; its chunks get the next numbers.
    pub(crate) fn append_segment(&mut self, new: NewSegment<'_>) -> Result<()> {
        let number = self.totals.segments;
        let row = SegmentRow {
            offset: self.position,
            raw_length: new.raw_length,
            stored_length: new.stored.len() as u32,
            chunks: new.chunks.len() as u32,
            codec: new.codec,
            depth: new.depth,
            pieces: new.pieces.len() as u8,
        };
        let head = write_head(number, &row, new.pieces, new.stored);
        self.append(&head)?;
        self.append(new.stored)?;
        let mut offset = 0;
        for chunk in new.chunks {
            self.pending.chunks.push(ChunkRow { chunk: *chunk, segment: number, offset });
            offset += chunk.length;
        }
        assert_eq!(offset, new.raw_length, "the chunks of a segment fill it");
        self.fingerprints.extend(new.fingerprints);
        self.pending.segments.push(row);
        self.totals.segments = Self::more("segments", number, 1)?;
        self.totals.chunks = Self::more("chunks", self.totals.chunks, new.chunks.len())?;
        let fingerprints: usize = self.fingerprints.iter().map(Vec::len).sum();
        if self.pending.chunks.len() >= TABLE_CHUNKS || fingerprints >= TABLE_FINGERPRINTS {
            self.append_table()?;
        }
        Ok(())
    }

    /// Appends signatures; they get the next numbers.
    pub(crate) fn append_signatures(&mut self, codes: CodesRef<'_>) -> Result<()> {
        let shape = codes.shape();
        for rows in codes.as_rows().chunks(TABLE_SIGNATURES * shape.blocks()) {
            let codes = CodesRef::from_rows(shape, rows).expect("rows of codes are codes");
            let blob = self.append_blob(BlobKind::Signatures, &signatures::write(codes))?;
            let span = Span { first: self.totals.signatures, count: codes.len() as u32 };
            self.runs.signatures.push(SignaturesBlob { blob, signatures: span });
            self.totals.signatures = Self::more("signatures", span.first, codes.len())?;
        }
        Ok(())
    }

    /// Says which blocks of manifests are stored already.
    pub(crate) fn know(&mut self, blocks: HashMap<ContentHash, Reference>, bases: Bases) {
        (self.blocks, self.bases) = (blocks, bases);
    }

    /// Appends the manifest of entries in tree order; blocks that are stored already are not written again.
    pub(crate) fn append_manifest(&mut self, entries: &[Entry]) -> Result<Reference> {
        let mut index = ManifestIndex { blocks: Vec::new() };
        for entries in build::blocks(entries) {
            let content = block::write(entries);
            let hash = ContentHash::of(&content);
            let blob = if let Some(blob) = self.blocks.get(&hash) {
                *blob
            } else {
                let blob = self.append_block(entries, content, hash)?;
                self.blocks.insert(hash, blob);
                blob
            };
            let first = entries.first().map(|entry| entry.path.clone()).unwrap_or_default();
            index.blocks.push(BlockRow { blob, entries: entries.len() as u32, first });
        }
        self.append_blob(BlobKind::ManifestIndex, &index.write())
    }

    /// Appends a block of a manifest: behind blocks that are like it if that makes it half as large, else by itself.
    fn append_block(&mut self, entries: &[Entry], content: Vec<u8>, hash: ContentHash) -> Result<Reference> {
        let failed = |path: &Path, error| Error::of_bytes(path, BlobKind::ManifestBlock.name(), error);
        let (plain, _) = self.seal(BlobKind::ManifestBlock, &content)?;
        let bases = self.bases.find(entries);
        if !bases.is_empty()
            && let Some(behind) = behind::write(&content, &bases, self.compression)
                .map_err(|error| failed(&self.path, error))?
        {
            let sealed = blob::seal(BlobKind::BlockBehind, &behind, Compression::None);
            let (envelope, _) = sealed.map_err(|error| failed(&self.path, error))?;
            if envelope.len() * 2 < plain.len() {
                let offset = self.position;
                self.append(&envelope)?;
                return Ok(Reference { offset, length: envelope.len() as u32, behind: true, hash });
            }
        }
        let reference = Reference { offset: self.position, length: plain.len() as u32, behind: false, hash };
        self.append(&plain)?;
        self.bases.add(reference, content, entries);
        Ok(reference)
    }

    /// Makes the commit durable, then visible; `uuid` is that of a new engram.
    pub(crate) fn commit(mut self, snapshots: &SnapshotList, uuid: [u8; 16]) -> Result<Footer> {
        if !self.pending.segments.is_empty() {
            self.append_table()?;
        }
        let runs = self.append_blob(BlobKind::Runs, &self.runs.write())?;
        let snapshots = self.append_blob(BlobKind::Snapshots, &snapshots.write())?;
        let padding = self.position.next_multiple_of(FOOTER_ALIGNMENT as u64) - self.position;
        self.append(&[0; FOOTER_ALIGNMENT][..padding as usize])?;
        let footer = Footer {
            uuid: self.base.map_or(uuid, |base| base.uuid),
            sequence: self.base.map_or(1, |base| base.sequence + 1),
            offset: self.position,
            start: self.start,
            previous: self.base.map_or(0, |base| base.offset),
            previous_hash: self.base.map_or(ContentHash([0; 16]), |base| base.hash()),
            runs,
            snapshots,
            totals: self.totals,
        };
        let bytes = footer.write();
        assert_eq!(bytes.len(), FOOTER_BYTES, "a footer is as long as the document says");
        self.sync()?;
        self.append(&bytes)?;
        self.sync()?;
        let superblock = footer.superblock();
        let bytes = superblock.write();
        let slots = if self.base.is_none() { vec![0, 1] } else { vec![superblock.slot()] };
        for slot in slots {
            let written = self.medium.write_at(slot * SUPERBLOCK_BYTES as u64, &bytes);
            written.map_err(|error| self.failed(error))?;
        }
        self.sync()?;
        Ok(footer)
    }

    fn append_table(&mut self) -> Result<()> {
        let table = std::mem::take(&mut self.pending);
        let blob = self.append_blob(BlobKind::Chunks, &table.write())?;
        let span = |total: u32, count: usize| Span { first: total - count as u32, count: count as u32 };
        self.runs.chunks.push(ChunksBlob {
            blob,
            segments: span(self.totals.segments, table.segments.len()),
            chunks: span(self.totals.chunks, table.chunks.len()),
        });
        let values = std::mem::take(&mut self.fingerprints);
        if !values.is_empty() {
            assert_eq!(
                values.len(),
                table.chunks.len(),
                "either all chunks of a commit have fingerprints or none"
            );
            let blob = self.append_blob(BlobKind::Fingerprints, &fingerprints::write(&values))?;
            let chunks = span(self.totals.chunks, values.len());
            self.runs.fingerprints.push(FingerprintsBlob { blob, chunks });
        }
        Ok(())
    }

    /// Appends a blob.
    fn append_blob(&mut self, kind: BlobKind, content: &[u8]) -> Result<Reference> {
        let (envelope, hash) = self.seal(kind, content)?;
        let (offset, length) = (self.position, envelope.len() as u32);
        self.append(&envelope)?;
        Ok(Reference { offset, length, behind: false, hash })
    }

    fn seal(&self, kind: BlobKind, content: &[u8]) -> Result<(Vec<u8>, ContentHash)> {
        blob::seal(kind, content, self.compression).map_err(|error| match error {
            embeddenator_io::Error::LimitExceeded { what, value, limit } => {
                Error::LimitExceeded { what, value, limit, remedy: "take in fewer files, or compact" }
            }
            error => Error::of_bytes(&self.path, kind.name(), error),
        })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.medium.write_at(self.position, bytes).map_err(|error| self.failed(error))?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.medium.sync().map_err(|error| Error::of_system("sync", &self.path, error))
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::of_system("write to", &self.path, error)
    }

    fn more(what: &'static str, total: u32, added: usize) -> Result<u32> {
        u32::try_from(added).ok().and_then(|added| total.checked_add(added)).ok_or(Error::LimitExceeded {
            what,
            value: u64::from(total) + added as u64,
            limit: u64::from(u32::MAX),
            remedy: "begin another engram",
        })
    }
}
