//! Restoring a snapshot into a database that has nothing yet.

use std::mem::take;

use pulsedb::{Collective, DerivedInsight, Experience, ExperienceRelation, PulseDB};

use crate::error::{Error, Result};
use crate::limits::{COMMIT_BYTES, COMMIT_ROWS};
use crate::stored::{Record, StoredSnapshot};

/// What was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RestoreReport {
    /// Collectives.
    pub collectives: u64,
    /// Experiences.
    pub experiences: u64,
    /// Relations.
    pub relations: u64,
    /// Insights.
    pub insights: u64,
}

impl StoredSnapshot {
    /// Restores all that the snapshot holds, with ids, times and vectors as they were, into a database without
    /// collectives. Sequence numbers are new.
    ///
    /// Every file is read and checked before the first record is written. If the database refuses one after all, then
    /// the collectives that were restored are deleted again.
    ///
    /// # Errors
    /// [`Error::NotEmpty`], [`Error::OtherEmbedder`], [`Error::Malformed`] for files that say what no snapshot says,
    /// [`Error::Engram`] for damaged ones, [`Error::Database`] for what the database refuses. Nothing is restored then.
    pub fn restore(&self, db: &PulseDB) -> Result<RestoreReport> {
        let collectives = db.list_collectives()?.len();
        if collectives > 0 {
            return Err(Error::NotEmpty { path: db.path().to_owned(), collectives });
        }
        let found = db.stats()?.embedder;
        if found != *self.embedder() {
            let stored = Box::new(self.embedder().clone());
            return Err(Error::OtherEmbedder { stored, found: Box::new(found) });
        }
        self.for_each(|_| Ok(()))?;
        let mut restoring = Restoring::new(db);
        let done = self.for_each(|record| restoring.take(record)).and_then(|()| restoring.flush());
        match done {
            Ok(()) => Ok(restoring.report),
            Err(error) => {
                for collective in &restoring.restored {
                    // The first error is reported; a database that cannot delete fails again at its next call.
                    let _ = db.delete_collective(*collective);
                }
                Err(error)
            }
        }
    }
}

/// Records on their way into commits.
struct Restoring<'a> {
    db: &'a PulseDB,
    report: RestoreReport,
    restored: Vec<pulsedb::CollectiveId>,
    experiences: Vec<Experience>,
    relations: Vec<ExperienceRelation>,
    insights: Vec<DerivedInsight>,
    bytes: usize,
}

impl<'a> Restoring<'a> {
    fn new(db: &'a PulseDB) -> Self {
        Self {
            db,
            report: RestoreReport::default(),
            restored: Vec::new(),
            experiences: Vec::new(),
            relations: Vec::new(),
            insights: Vec::new(),
            bytes: 0,
        }
    }

    fn take(&mut self, record: Record) -> Result<()> {
        match record {
            Record::Collective(one) => self.collective(one)?,
            Record::Experience(one) => {
                self.bytes += one.content.len() + one.embedding.len() * 4;
                self.experiences.push(one);
                self.report.experiences += 1;
            }
            // Relations come after all experiences of their collective, and are refused before their ends.
            Record::Relation(one) => {
                self.flush_experiences()?;
                self.bytes += one.metadata.as_ref().map_or(0, String::len);
                self.relations.push(one);
                self.report.relations += 1;
            }
            Record::Insight(one) => {
                self.flush_experiences()?;
                self.bytes += one.content.len() + one.embedding.len() * 4;
                self.insights.push(one);
                self.report.insights += 1;
            }
        }
        let rows = self.experiences.len() + self.relations.len() + self.insights.len();
        if rows >= COMMIT_ROWS || self.bytes >= COMMIT_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn collective(&mut self, collective: Collective) -> Result<()> {
        self.flush()?;
        let id = collective.id;
        self.db.restore_collectives(vec![collective])?;
        self.restored.push(id);
        self.report.collectives += 1;
        Ok(())
    }

    fn flush_experiences(&mut self) -> Result<()> {
        if !self.experiences.is_empty() {
            self.db.restore_experiences(take(&mut self.experiences))?;
            self.bytes = 0;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.flush_experiences()?;
        self.db.restore_relations(take(&mut self.relations))?;
        self.db.restore_insights(take(&mut self.insights))?;
        self.bytes = 0;
        Ok(())
    }
}
