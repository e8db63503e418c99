//! Engrams that say whatever a test wants, with checksums that fit, made by the crate's own writers.

use std::fs::{self, File};
use std::path::Path;

use embeddenator_io::{Compression, Encoder, Profile};

use crate::container::segment::Piece;
use crate::entry::{ChunkRun, Content, Data, Entry, Metadata, Node, Timestamp};
use crate::path::EngramPath;
use crate::snapshot::{Snapshot, SnapshotList};
use crate::tables::chunks::Chunk;
use crate::transaction::{NewSegment, Transaction};

/// A commit that is being forged.
pub(super) struct Forge<'a> {
    pub(super) transaction: Transaction<&'a File>,
}

/// An entry of a kind.
pub(super) fn entry(path: &str, node: Node) -> Entry {
    let metadata = Metadata { mode: 0o755, ..Metadata::default() };
    Entry { path: EngramPath::new(path).expect("is a path"), metadata, link_group: None, node }
}

/// A file in chunks.
pub(super) fn chunked(path: &str, size: u64, runs: &[(u32, u32)]) -> Entry {
    let runs = runs.iter().map(|(first, count)| ChunkRun { first: *first, count: *count }).collect();
    entry(path, Node::File(Content { size, holes: Vec::new(), data: Data::Chunks(runs), signature: None }))
}

impl<'a> Forge<'a> {
    pub(super) fn new(file: &'a File, path: &Path) -> Self {
        Self { transaction: Transaction::begin(file, path, None, Compression::None) }
    }

    /// A segment of one chunk behind pieces, whatever they are.
    pub(super) fn segment(&mut self, raw: &[u8], prefix: &[u8], pieces: &[Piece], depth: u8) {
        let mut encoder = Encoder::new(Profile::Fast.compression()).expect("is built in");
        let (codec, stored) = encoder.encode_with_prefix(raw, prefix).expect("encodes");
        let chunks = [Chunk { hash: *blake3::hash(raw).as_bytes(), length: raw.len() as u32 }];
        let raw_length = raw.len() as u32;
        let new = NewSegment {
            codec,
            stored,
            raw_length,
            chunks: &chunks,
            pieces,
            depth,
            fingerprints: Vec::new(),
        };
        self.transaction.append_segment(new).expect("appends");
    }

    /// The commit with one snapshot of these entries.
    pub(super) fn finish(mut self, entries: &[Entry]) {
        let manifest = self.transaction.append_manifest(entries).expect("appends");
        let snapshot = Snapshot {
            number: 1,
            parent: None,
            time: Timestamp::default(),
            label: "forged".to_owned(),
            entries: entries.len() as u64,
            bytes: entries.iter().fold(0, |sum: u64, entry| sum.saturating_add(entry.size())),
            tree_hash: [0; 32],
            manifest,
        };
        let list = SnapshotList { next: 2, snapshots: vec![snapshot] };
        self.transaction.commit(&list, [7; 16]).expect("commits");
    }
}

/// Forges an engram.
pub(super) fn forge(path: &Path, make: impl FnOnce(Forge<'_>)) {
    drop(fs::remove_file(path));
    let options = File::options().read(true).write(true).create_new(true).open(path);
    let file = options.expect("creates");
    make(Forge::new(&file, path));
}
