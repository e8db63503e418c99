//! What the database says about itself: statistics, checks, backups, processes.

use std::path::PathBuf;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::id::{CollectiveId, Seq};
use crate::model::ProviderIdentity;

/// A process that has the database open for writing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// When it opened the database.
    pub started: Timestamp,
    /// The machine it runs on.
    pub host: String,
}

/// A process that holds a snapshot open, and so keeps pages from being reused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaderInfo {
    /// Its process id.
    pub pid: u32,
    /// How many transactions its snapshot is behind the newest one.
    pub transactions_behind: u64,
    /// How long its snapshot has been out of date, at least; zero if it is the newest.
    pub age: Duration,
}

/// The size of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableStats {
    /// Its name, as in the format description.
    pub name: &'static str,
    /// Rows in it.
    pub rows: u64,
    /// Bytes of its pages.
    pub bytes: u64,
}

/// A collective and its exact counts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CollectiveSummary {
    /// Its identifier.
    pub id: CollectiveId,
    /// Its name.
    pub name: String,
    /// Experiences in it, archived ones included.
    pub experience_count: u64,
    /// Bytes of keys and values that its experiences, relations and insights take.
    pub storage_bytes: u64,
}

/// The state of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatabaseStats {
    /// Length of the data file in bytes, including space that is set aside.
    pub file_bytes: u64,
    /// Bytes of pages in use, by table.
    pub tables: Vec<TableStats>,
    /// Bytes of free pages inside the file, which later writes reuse.
    pub reclaimable_bytes: u64,
    /// The largest size that the file may reach, in bytes.
    pub map_bytes: u64,
    /// The number of the last change.
    pub sequence: Seq,
    /// The smallest number that the change log still holds; one more than `sequence` if it is empty.
    pub oldest_change: Seq,
    /// Processes that hold a snapshot now, oldest snapshot first.
    pub readers: Vec<ReaderInfo>,
    /// Live writing processes.
    pub writers: Vec<Holder>,
    /// Every collective.
    pub collectives: Vec<CollectiveSummary>,
    /// Deleted collectives whose pages are still being reclaimed.
    pub collectives_reclaiming: u64,
    /// What makes the vectors.
    pub embedder: ProviderIdentity,
    /// The move to another embedder that has not ended, if there is one.
    pub reembedding: Option<Reembedding>,
    /// Whether vectors of an earlier embedder are still being removed.
    pub old_vectors_reclaiming: bool,
}

/// How far a move to another embedder is; see [`reembed`](crate::PulseDB::reembed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Records that have a vector of the new embedder.
    pub done: u64,
    /// Records in all.
    pub total: u64,
}

/// A move to another embedder that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reembedding {
    /// The embedder that the database moves to.
    pub to: ProviderIdentity,
    /// How far it is.
    pub progress: Progress,
}

/// Something wrong that a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The table.
    pub table: &'static str,
    /// The key in hexadecimal, or the place in the file.
    pub key: String,
    /// What is wrong.
    pub problem: String,
}

/// What a check found, and what a repair did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CheckReport {
    /// Collectives read.
    pub collectives: u64,
    /// Experiences read.
    pub experiences: u64,
    /// Vectors read.
    pub vectors: u64,
    /// Insights read.
    pub insights: u64,
    /// Relations read.
    pub relations: u64,
    /// Activities read, those of agents that have fallen silent included.
    pub activities: u64,
    /// Rows of the change log read.
    pub changes: u64,
    /// Index rows compared with their records.
    pub index_rows: u64,
    /// How many faults were found.
    pub fault_count: u64,
    /// The first faults, at most 100.
    pub faults: Vec<Fault>,
    /// Records that a repair could not save; zero for a check.
    pub records_lost: u64,
    /// Records and insights whose vector a repair could neither save nor rebuild, so that vector search no longer finds them; zero
    /// for a check.
    pub vectors_lost: u64,
    /// Relations that a repair could not save, those of lost records included; zero for a check.
    pub relations_lost: u64,
    /// Insights that a repair could not save; zero for a check.
    pub insights_lost: u64,
    /// Where a repair has kept the file as it was before; `None` if nothing was repaired.
    pub damaged_copy: Option<PathBuf>,
}

impl CheckReport {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.fault_count == 0
    }
}

/// What a backup wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupReport {
    /// The directory, which can be opened as a database.
    pub path: PathBuf,
    /// Bytes written.
    pub bytes: u64,
    /// The sequence number of the last change in it.
    pub sequence: Seq,
}

/// What a compaction did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompactReport {
    /// Length of the data file before.
    pub bytes_before: u64,
    /// Length of the data file now.
    pub bytes_after: u64,
}
