//! Records on their way into the database: gathered into commits, with the changes that follow each.

use std::collections::BTreeMap;
use std::ops::Range;

use pulsedb::{
    CollectiveId, DuplicatePolicy, EmbeddingProvider, Experience, ExperienceId, ExperienceUpdate,
    NewExperience, PulseDB, PulseDBError, Timestamp, ValidationError,
};

use crate::import::draft::{Draft, Kept};
use crate::import::links::{Destination, Links, LinksDone};
use crate::import::references::References;
use crate::links::LinkLine;
use crate::report::Failure;

/// Rows of one commit: enough that the flush of the disk costs little per row.
const ROWS_MAX: usize = 500;
/// Bytes of contents and vectors of one commit.
const BYTES_MAX: usize = 4 << 20;

/// What a batch has done so far.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) added: u64,
    /// Rows that were counted as another use of a record that was there.
    pub(crate) reinforced: u64,
    pub(crate) moved: u64,
    pub(crate) removed: u64,
    /// References to records that are neither in the input nor in the database.
    pub(crate) unknown_references: u64,
    pub(crate) relations: u64,
    pub(crate) insights: u64,
    /// Relations and insights that were there.
    pub(crate) unchanged: u64,
    pub(crate) failures: Vec<Failure>,
}

/// Gathers records and changes.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    db: &'a PulseDB,
    collective: CollectiveId,
    rows: Vec<Row>,
    bytes: usize,
    /// Changes of records that are there; each kind is made in commits of its own, in this order.
    updates: Vec<(ExperienceId, ExperienceUpdate)>,
    archived: Vec<ExperienceId>,
    deleted: Vec<ExperienceId>,
    references: References,
    links: Links,
    /// Relations and insights keep their ids.
    keep_ids: bool,
    done: Done,
}

/// A record that is to be added.
#[derive(Debug)]
struct Row {
    new: NewExperience,
    archived: bool,
    /// The id it had where it was exported.
    exported_id: Option<ExperienceId>,
    /// It keeps that id.
    kept: Option<Kept>,
    source: String,
    line: usize,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(db: &'a PulseDB, collective: CollectiveId, keep_ids: bool) -> Self {
        Self {
            db,
            rows: Vec::new(),
            bytes: 0,
            updates: Vec::new(),
            archived: Vec::new(),
            deleted: Vec::new(),
            references: References::default(),
            links: Links::default(),
            keep_ids,
            collective,
            done: Done::default(),
        }
    }

    /// Adds a record; commits when the batch is full.
    pub(crate) fn record(&mut self, draft: Draft, source: &str) -> pulsedb::Result<()> {
        let vector = draft.new.embedding.as_ref().map_or(self.db.embedding_dimension(), Vec::len);
        self.bytes += draft.new.content.len() + vector * size_of::<f32>();
        let Draft { new, archived, id, kept, line, .. } = draft;
        self.rows.push(Row { new, archived, exported_id: id, kept, source: source.to_owned(), line });
        if self.rows.len() >= ROWS_MAX || self.bytes >= BYTES_MAX {
            self.commit()?;
        }
        Ok(())
    }

    /// Notes that a draft is here already under this id, so that references to it lead there.
    pub(crate) fn found(&mut self, draft: &Draft, id: ExperienceId) {
        self.references.add(draft.id, id, &draft.new.experience_type);
    }

    /// Stores a relation or an insight when every record of the import is there.
    pub(crate) fn link(&mut self, joins: LinkLine, source: &str, line: usize) {
        self.links.add(joins, source, line);
    }

    /// Gives a record that moved within its document its new tags, after every record added so far is there.
    pub(crate) fn update(&mut self, id: ExperienceId, update: ExperienceUpdate) {
        self.done.moved += 1;
        self.updates.push((id, update));
    }

    /// Archives a record after every record added so far is there.
    pub(crate) fn archive(&mut self, id: ExperienceId) {
        self.archived.push(id);
    }

    /// Deletes a record after every record added so far is there.
    pub(crate) fn delete(&mut self, id: ExperienceId) {
        self.done.removed += 1;
        self.deleted.push(id);
    }

    /// Commits what is left, corrects references to records that came after those that refer to them, and says what
    /// was done.
    pub(crate) fn finish(mut self) -> pulsedb::Result<Done> {
        self.commit()?;
        let referring = self.references.take_referring();
        for ids in referring.chunks(ROWS_MAX) {
            for id in ids {
                let resolved = self.references.resolve(self.db, *id)?;
                self.done.unknown_references += resolved.unknown;
                self.updates.extend(resolved.update.map(|update| (*id, update)));
            }
            self.make_changes()?;
        }
        let Self { db, collective, references, links, keep_ids, mut done, .. } = self;
        let LinksDone { relations, insights, unchanged, failures } =
            links.store(&Destination { db, collective, references: &references, keep_ids })?;
        (done.relations, done.insights, done.unchanged) = (relations, insights, unchanged);
        done.failures.extend(failures);
        Ok(done)
    }

    /// Commits the records, then makes the changes.
    fn commit(&mut self) -> pulsedb::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let (kept, fresh): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.kept.is_some());
        let db = self.db;
        self.add(&fresh, |rows| db.record_experiences(rows.iter().map(|row| row.new.clone()).collect()))?;
        self.add(&kept, |rows| {
            let experiences = rows.iter().filter_map(|row| Some(restored(db, row, row.kept?)));
            let experiences = experiences.collect::<pulsedb::Result<Vec<Experience>>>()?;
            let ids = experiences.iter().map(|experience| experience.id).collect();
            db.restore_experiences(experiences)?;
            Ok(ids)
        })?;
        self.make_changes()
    }

    /// Adds rows through a call that adds all or none. A row that it refuses is named, and the others go in.
    fn add(
        &mut self,
        rows: &[Row],
        call: impl Fn(&[Row]) -> pulsedb::Result<Vec<ExperienceId>>,
    ) -> pulsedb::Result<()> {
        let add = |part: Range<usize>| {
            let ids = call(&rows[part.clone()])?;
            let added = added(self.db, &rows[part.clone()], &ids)?;
            self.done.added += added;
            self.done.reinforced += ids.len() as u64 - added;
            for (row, id) in rows[part].iter().zip(ids) {
                self.references.add(row.exported_id, id, &row.new.experience_type);
                // A record that is restored is archived already.
                self.archived.extend((row.archived && row.kept.is_none()).then_some(id));
            }
            Ok(())
        };
        let refused = in_parts(rows.len(), is_of_input, add)?;
        self.done.failures.extend(refused.into_iter().map(|(at, error)| {
            let Row { source, line, .. } = &rows[at];
            Failure { source: source.clone(), line: *line, reason: error.to_string() }
        }));
        Ok(())
    }

    /// Makes the changes gathered so far. A record that another process has deleted meanwhile is not an error.
    fn make_changes(&mut self) -> pulsedb::Result<()> {
        let updates = std::mem::take(&mut self.updates);
        for rows in updates.chunks(ROWS_MAX) {
            let update = |part: Range<usize>| self.db.update_experiences(rows[part].to_vec());
            in_parts(rows.len(), PulseDBError::is_not_found, update)?;
        }
        for rows in std::mem::take(&mut self.archived).chunks(ROWS_MAX) {
            let archive = |part: Range<usize>| self.db.archive_experiences(&rows[part]);
            in_parts(rows.len(), PulseDBError::is_not_found, archive)?;
        }
        for rows in std::mem::take(&mut self.deleted).chunks(ROWS_MAX) {
            let delete = |part: Range<usize>| self.db.delete_experiences(&rows[part]);
            in_parts(rows.len(), PulseDBError::is_not_found, delete)?;
        }
        Ok(())
    }
}

/// How many of these rows were added: the others were counted as another use of what was there.
fn added(db: &PulseDB, rows: &[Row], ids: &[ExperienceId]) -> pulsedb::Result<u64> {
    if rows.iter().all(|row| row.kept.is_some() || row.new.duplicate != DuplicatePolicy::Reinforce) {
        return Ok(ids.len() as u64);
    }
    let mut uses: BTreeMap<ExperienceId, u32> = BTreeMap::new();
    for id in ids {
        *uses.entry(*id).or_default() += 1;
    }
    let mut added = 0;
    for (id, times) in uses {
        let found = db.get_experience(id)?;
        // One that was added is used once less often than it was named.
        added += u64::from(found.is_none_or(|one| one.applications < times));
    }
    Ok(added)
}

/// Makes a call that does all or none on rows by number. Where one row is at fault, the call is made on both halves, so
/// that the rows at fault alone are left out; they are returned with their errors.
fn in_parts(
    rows: usize,
    is_of_row: impl Fn(&PulseDBError) -> bool,
    mut call: impl FnMut(Range<usize>) -> pulsedb::Result<()>,
) -> pulsedb::Result<Vec<(usize, PulseDBError)>> {
    let mut refused = Vec::new();
    let mut parts = Vec::new();
    parts.extend((rows > 0).then_some(0..rows));
    while let Some(part) = parts.pop() {
        match call(part.clone()) {
            Ok(()) => {}
            Err(error) if !is_of_row(&error) => return Err(error),
            Err(error) if part.len() == 1 => refused.push((part.start, error)),
            Err(_) => {
                let middle = part.start + part.len() / 2;
                // The first half is next, so that rows go in in their order.
                parts.push(middle..part.end);
                parts.push(part.start..middle);
            }
        }
    }
    Ok(refused)
}

/// Whether the record is at fault, not the database.
fn is_of_input(error: &PulseDBError) -> bool {
    error.is_validation() || matches!(error, PulseDBError::Embedding { .. })
}

/// The experience with the id and the past that it had where it was exported.
fn restored(db: &PulseDB, row: &Row, kept: Kept) -> pulsedb::Result<Experience> {
    let new = row.new.clone();
    let now = Timestamp::now();
    let embedding = match new.embedding {
        Some(embedding) => embedding,
        None if db.config().embedding_provider == EmbeddingProvider::External => {
            return Err(ValidationError::RequiredField { field: "embedding".to_owned() }.into());
        }
        None => db.embed(&new.content)?,
    };
    Ok(Experience {
        id: kept.id,
        collective_id: new.collective_id,
        content: new.content,
        embedding,
        experience_type: new.experience_type,
        importance: new.importance,
        confidence: new.confidence,
        applications: kept.applications,
        domain: new.domain,
        tags: new.tags,
        related_files: new.related_files,
        source_agent: new.source_agent,
        source_task: new.source_task,
        timestamp: new.timestamp.unwrap_or(now),
        updated_at: kept.updated_at.unwrap_or(now),
        last_reinforced: kept.last_reinforced.unwrap_or(now),
        archived: row.archived,
        // Its relations are what says so, and they are restored after it.
        superseded: false,
        key: new.key,
        expires_at: new.expires_at,
        // The database gives it the number of its restoration.
        sequence: 0,
    })
}

#[cfg(test)]
mod tests {
    use pulsedb::NotFoundError;

    use super::*;

    #[test]
    fn rows_at_fault_are_left_out_and_the_others_go_in_in_order() {
        let at_fault = |row: usize| [0, 7, 8, 99].contains(&row);
        let (mut done, mut calls) = (Vec::new(), 0);
        let refused = in_parts(100, PulseDBError::is_not_found, |part| {
            calls += 1;
            if part.clone().any(at_fault) {
                return Err(NotFoundError::Experience(ExperienceId::nil()).into());
            }
            done.extend(part);
            Ok(())
        })
        .unwrap();
        assert_eq!(refused.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [0, 7, 8, 99]);
        assert_eq!(done, (0..100).filter(|row| !at_fault(*row)).collect::<Vec<_>>());
        assert!(calls < 60, "{calls} calls");
        assert!(in_parts(0, PulseDBError::is_not_found, |_| Err(PulseDBError::Closed)).unwrap().is_empty());
        assert!(in_parts(3, PulseDBError::is_not_found, |_| Err(PulseDBError::Closed)).is_err());
    }
}
