//! The list of snapshots.

use embeddenator_io::{ByteWriter, Cursor, Error, Result};

use crate::container::blob::{REFERENCE_BYTES, Reference};
use crate::entry::Timestamp;
use crate::limits::LABEL_BYTES_MAX;

const WHAT: &str = "the list of snapshots";
/// Bytes of a snapshot before its label.
const ROW_BYTES: usize = 72 + REFERENCE_BYTES;

/// A state of the tree that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its number, from 1; never used again.
    pub number: u32,
    /// The number of the snapshot that it was made from; that may have been forgotten.
    pub parent: Option<u32>,
    /// When it was made, or the newest change in it: see [`IngestOptions::time`](crate::IngestOptions::time).
    pub time: Timestamp,
    /// What its maker calls it.
    pub label: String,
    /// How many entries it has.
    pub entries: u64,
    /// The sum of the sizes of its files.
    pub bytes: u64,
    /// The BLAKE3 hash of all its entries; two snapshots of one tree have the same, in any engram.
    pub tree_hash: [u8; 32],
    pub(crate) manifest: Reference,
}

/// The snapshots, and the number that the next one gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SnapshotList {
    pub(crate) next: u32,
    pub(crate) snapshots: Vec<Snapshot>,
}

impl SnapshotList {
    /// A list without snapshots.
    pub(crate) fn new() -> Self {
        Self { next: 1, snapshots: Vec::new() }
    }

    /// Its bytes.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut writer = ByteWriter::new();
        writer.u32(self.next).u32(self.snapshots.len() as u32);
        for snapshot in &self.snapshots {
            writer.u32(snapshot.number).u32(snapshot.parent.unwrap_or(0));
            writer.i64(snapshot.time.seconds).u32(snapshot.time.nanoseconds);
            writer.u16(snapshot.label.len() as u16).zeros(2).u64(snapshot.entries).u64(snapshot.bytes);
            snapshot.manifest.write(&mut writer);
            writer.bytes(&snapshot.tree_hash).bytes(snapshot.label.as_bytes());
        }
        writer.into_bytes()
    }

    /// Reads a list.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(bytes);
        let (next, count) = (cursor.u32(WHAT)?, cursor.u32(WHAT)?);
        // Labels come on top, so this many rows are there at least before anything is allocated for them.
        cursor.clone().items(u64::from(count), ROW_BYTES, WHAT)?;
        let mut snapshots: Vec<Snapshot> = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let offset = cursor.offset();
            let snapshot = read_snapshot(&mut cursor)?;
            let before = snapshots.last().map_or(0, |before| before.number);
            if snapshot.number <= before || snapshot.number >= next {
                return Err(Error::Malformed { what: WHAT, offset, reason: "its numbers do not ascend" });
            }
            snapshots.push(snapshot);
        }
        cursor.finish(WHAT)?;
        Ok(Self { next, snapshots })
    }
}

fn read_snapshot(cursor: &mut Cursor<'_>) -> Result<Snapshot> {
    let offset = cursor.offset();
    let malformed = |reason| Error::Malformed { what: "a snapshot", offset, reason };
    let (number, parent) = (cursor.u32(WHAT)?, cursor.u32(WHAT)?);
    let time = Timestamp { seconds: cursor.i64(WHAT)?, nanoseconds: cursor.u32(WHAT)? };
    let label_bytes = usize::from(cursor.u16(WHAT)?);
    cursor.zeros(2, WHAT)?;
    let (entries, bytes) = (cursor.u64(WHAT)?, cursor.u64(WHAT)?);
    let manifest = Reference::read(cursor)?;
    let tree_hash = cursor.array(WHAT)?;
    let label = std::str::from_utf8(cursor.take(label_bytes, WHAT)?);
    let label = label.map_err(|_| malformed("its label is not UTF-8"))?;
    if label_bytes > LABEL_BYTES_MAX {
        return Err(malformed("its label is longer than 1024 bytes"));
    }
    if parent >= number {
        return Err(malformed("its parent is not an earlier one"));
    }
    if time.nanoseconds >= 1_000_000_000 {
        return Err(malformed("its time has more than 10^9 nanoseconds"));
    }
    let parent = Some(parent).filter(|parent| *parent > 0);
    Ok(Snapshot { number, parent, time, label: label.to_owned(), entries, bytes, tree_hash, manifest })
}
