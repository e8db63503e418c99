//! Records on their way into the database: gathered into commits, with the changes that follow each.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use pulsedb::{ExperienceId, ExperienceUpdate, NewExperience, PulseDB, PulseDBError};

use crate::import::draft::Draft;
use crate::report::Failure;

/// Records of one commit: enough that the flush of the disk costs little per record.
const ROWS_MAX: usize = 500;
/// Bytes of contents and vectors of one commit.
const BYTES_MAX: usize = 4 << 20;
/// Threads that change single records. The database commits what several callers ask for together, so this many
/// changes share one flush.
const CHANGING_THREADS: usize = 16;

/// A change of a record that is there.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Update(ExperienceId, Box<ExperienceUpdate>),
    Archive(ExperienceId),
    Delete(ExperienceId),
}

/// What a batch has done so far.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) added: u64,
    pub(crate) moved: u64,
    pub(crate) removed: u64,
    pub(crate) failures: Vec<Failure>,
}

/// Gathers records and changes.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    db: &'a PulseDB,
    rows: Vec<Row>,
    bytes: usize,
    changes: Vec<Change>,
    pub(crate) done: Done,
}

#[derive(Debug)]
struct Row {
    new: NewExperience,
    archived: bool,
    source: String,
    line: usize,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(db: &'a PulseDB) -> Self {
        Self { db, rows: Vec::new(), bytes: 0, changes: Vec::new(), done: Done::default() }
    }

    /// Adds a record; commits when the batch is full.
    pub(crate) fn record(&mut self, draft: Draft, source: &str) -> pulsedb::Result<()> {
        let vector = draft.new.embedding.as_ref().map_or(self.db.embedding_dimension(), Vec::len);
        self.bytes += draft.new.content.len() + vector * size_of::<f32>();
        let source = source.to_owned();
        self.rows.push(Row { new: draft.new, archived: draft.archived, source, line: draft.line });
        if self.rows.len() >= ROWS_MAX || self.bytes >= BYTES_MAX {
            self.commit()?;
        }
        Ok(())
    }

    /// Makes a change after every record added so far is there.
    pub(crate) fn change(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Commits the records, then makes the changes.
    pub(crate) fn commit(&mut self) -> pulsedb::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let records = rows.iter().map(|row| row.new.clone()).collect();
        match self.db.record_experiences(records) {
            Ok(ids) => {
                self.done.added += ids.len() as u64;
                let archived = ids.into_iter().zip(&rows).filter(|(_, row)| row.archived);
                self.changes.extend(archived.map(|(id, _)| Change::Archive(id)));
            }
            // One of them is refused: each by itself shows which, and the others go in.
            Err(error) if is_of_input(&error) => self.record_singly(rows)?,
            Err(error) => return Err(error),
        }
        let changes = std::mem::take(&mut self.changes);
        for change in &changes {
            match change {
                Change::Update(..) => self.done.moved += 1,
                Change::Delete(_) => self.done.removed += 1,
                Change::Archive(_) => {}
            }
        }
        apply(self.db, &changes)
    }

    fn record_singly(&mut self, rows: Vec<Row>) -> pulsedb::Result<()> {
        for row in rows {
            match self.db.record_experience(row.new) {
                Ok(id) => {
                    self.done.added += 1;
                    self.changes.extend(row.archived.then_some(Change::Archive(id)));
                }
                Err(error) if is_of_input(&error) => {
                    let failure = Failure { source: row.source, line: row.line, reason: error.to_string() };
                    self.done.failures.push(failure);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Whether the record is at fault, not the database.
fn is_of_input(error: &PulseDBError) -> bool {
    error.is_validation() || matches!(error, PulseDBError::Embedding { .. })
}

/// Makes the changes, several at once. A record that another process has deleted in the meantime is not an error.
pub(crate) fn apply(db: &PulseDB, changes: &[Change]) -> pulsedb::Result<()> {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(None);
    let work = || {
        while let Some(change) = changes.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = apply_one(db, change) {
                *failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(error);
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..changes.len().min(CHANGING_THREADS) {
            scope.spawn(work);
        }
        work();
    });
    match failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

fn apply_one(db: &PulseDB, change: &Change) -> pulsedb::Result<()> {
    let result = match change {
        Change::Update(id, update) => db.update_experience(*id, (**update).clone()),
        Change::Archive(id) => db.archive_experience(*id),
        Change::Delete(id) => db.delete_experience(*id),
    };
    match result {
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}
