//! Checking: every value, every record against its index rows, every index row against its record, the log.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::error::{PulseDBError, Result, StorageError};
use crate::id::{CollectiveId, Seq};
use crate::limits;
use crate::model::change::CollectiveNumber;
use crate::model::{CheckReport, Fault};
use crate::storage::env::Environment;
use crate::storage::format::collective::{CollectiveRow, CounterRow};
use crate::storage::format::keys;
use crate::storage::format::meta::{self, EmbeddingRow};
use crate::storage::format::seal;
use crate::storage::format::series::{ProgressRow, SeriesId};
use crate::storage::format::tables::{OwnerKind, Table};
use crate::storage::read::view::View;
use crate::storage::upkeep::check_index::IndexChecker;
use crate::storage::upkeep::check_relations::{RelationOwner, check_relations};
use crate::storage::upkeep::needed_keys::needed_keys;
use crate::storage::write::block_builder::BlockBuilder;

/// Checks the newest state of the database. All that is wrong is in the report.
pub(crate) fn check(env: &Environment, builder: &dyn BlockBuilder) -> Result<CheckReport> {
    // The engine may kill the process on a damaged page, so it reads nothing until every page is checked.
    if let Err(error) = env.check_pages() {
        let PulseDBError::Storage(StorageError::Corrupted { table, key }) = error else { return Err(error) };
        let problem = "pages of the file are damaged; run `repair`, which saves the rows on the other pages, or restore a backup".into();
        let faults = vec![Fault { table, key, problem }];
        return Ok(CheckReport { fault_count: 1, faults, ..CheckReport::default() });
    }
    let txn = env.read()?;
    let mut checker = Checker::new(View::of(&txn), builder);
    checker.section(Table::Meta, Checker::meta);
    checker.section(Table::Collective, Checker::collectives);
    checker.section(Table::Experience, Checker::experiences);
    checker.section(Table::Insight, Checker::insights);
    for table in [OwnerKind::Version, OwnerKind::Expiry].into_iter().flat_map(Table::owned_by) {
        checker.section(table, |checker| checker.derived(table));
    }
    checker.index();
    checker.relations();
    checker.section(Table::Activity, Checker::activities);
    checker.section(Table::Counter, Checker::counters);
    checker.section(Table::Log, Checker::log);
    Ok(checker.report)
}

pub(super) struct Checker<'t> {
    pub(super) view: View<'t>,
    pub(super) builder: &'t dyn BlockBuilder,
    pub(super) report: CheckReport,
    /// Numbers of collectives that exist, and of deleted ones that still have rows.
    pub(super) owners: BTreeMap<CollectiveNumber, Owner>,
    /// How many rows the records need in each derived table.
    pub(super) expected: BTreeMap<usize, u64>,
    pub(super) last_sequence: Seq,
    /// What makes the vectors in force, and those that are being built.
    pub(super) embedding: EmbeddingRow,
    pub(super) next: Option<EmbeddingRow>,
}

/// What was counted under a number: the records of a collective, or its insights.
#[derive(Clone)]
pub(super) struct Owner {
    pub(super) id: CollectiveId,
    /// Whether it is deleted and its rows wait to be removed.
    deleted: bool,
    pub(super) experiences: u64,
    pub(super) bytes: u64,
    pub(super) vector_bytes: u64,
    pub(super) words: u64,
    pub(super) slots_end: u32,
    pub(super) activities: u32,
    /// How far a move to another embedder is, as it says and as was found.
    pub(super) progress: ProgressRow,
    pub(super) found: ProgressRow,
}

impl Owner {
    fn new(id: CollectiveId, deleted: bool, progress: ProgressRow) -> Self {
        let found = ProgressRow { next_slot: progress.next_slot, ..ProgressRow::default() };
        Self {
            id,
            deleted,
            experiences: 0,
            bytes: 0,
            vector_bytes: 0,
            words: 0,
            slots_end: 0,
            activities: 0,
            progress,
            found,
        }
    }
}

impl<'t> Checker<'t> {
    fn new(view: View<'t>, builder: &'t dyn BlockBuilder) -> Self {
        Self {
            view,
            builder,
            report: CheckReport::default(),
            owners: BTreeMap::new(),
            expected: BTreeMap::new(),
            last_sequence: 0,
            embedding: EmbeddingRow::default(),
            next: None,
        }
    }

    /// Runs one part; an error ends that part and is reported as a fault, and the other parts still run.
    fn section(&mut self, table: Table, part: impl FnOnce(&mut Self) -> Result<()>) {
        if let Err(error) = part(self) {
            self.fail(table, error);
        }
    }

    pub(super) fn fail(&mut self, table: Table, error: PulseDBError) {
        match error {
            PulseDBError::Storage(StorageError::Corrupted { table, key }) => {
                self.push(table, key, "the value does not match its checksum or its format".into());
            }
            other => self.push(table.name(), "?".into(), other.to_string()),
        }
    }

    fn push(&mut self, table: &'static str, key: String, problem: String) {
        self.report.fault_count += 1;
        if self.report.faults.len() < limits::FAULTS_LISTED {
            self.report.faults.push(Fault { table, key, problem });
        }
    }

    pub(super) fn fault(&mut self, table: Table, key: &[u8], problem: impl Into<String>) {
        self.push(table.name(), seal::hexadecimal(key), problem.into());
    }

    /// A row that must be there; what is wrong with it is a fault.
    pub(super) fn expect_row(&mut self, table: Table, key: &[u8], missing: &str) -> Option<&'t [u8]> {
        match self.view.get(table, key) {
            Ok(Some(bytes)) => return Some(bytes),
            Ok(None) => self.fault(table, key, missing),
            Err(error) => self.fail(table, error),
        }
        None
    }

    fn meta(&mut self) -> Result<()> {
        let format = self.expect_row(Table::Meta, meta::FORMAT, "the row is missing");
        if format.is_some_and(|bytes| meta::FormatRow::read(bytes).is_none()) {
            self.fault(Table::Meta, meta::FORMAT, "the value does not match its format");
        }
        let created = self.expect_row(Table::Meta, meta::CREATED, "the row is missing");
        if created.is_some_and(|bytes| meta::read_number(bytes).is_none()) {
            self.fault(Table::Meta, meta::CREATED, "the value does not match its format");
        }
        self.embedding = self.view.embedding()?;
        self.next = self.view.next_embedding()?;
        self.view.has_old_vectors()?;
        self.last_sequence = self.view.last_sequence()?;
        let floor = self.view.oldest_change()?;
        if !(1..=self.last_sequence.saturating_add(1)).contains(&floor) {
            self.fault(Table::Meta, meta::FLOOR, format!("{floor} is not in 1..={} + 1", self.last_sequence));
        }
        Ok(())
    }

    fn collectives(&mut self) -> Result<()> {
        let mut names = 0;
        for row in self.view.sealed_range(Table::Collective, Bound::Unbounded, Bound::Unbounded)? {
            let (key, value) = row?;
            let id = key.try_into().map(CollectiveId::from_bytes);
            let row = seal::open(Table::Collective, key, value).ok().and_then(CollectiveRow::read);
            let (Ok(id), Some(row)) = (id, row) else {
                self.fault(Table::Collective, key, "the value does not match its checksum or its format");
                continue;
            };
            self.report.collectives += 1;
            names += 1;
            let stored = self.expect_row(
                Table::CollectiveName,
                row.name.as_bytes(),
                "the row of a collective's name is missing",
            );
            if stored.is_some_and(|stored| stored != id.as_bytes()) {
                self.fault(Table::CollectiveName, row.name.as_bytes(), "it names another collective");
            }
            let insights = self.view.progress(SeriesId::of(row.number.of_insights()))?;
            self.owners.insert(row.number.of_insights(), Owner::new(id, false, insights));
            let owner = Owner::new(id, false, self.view.progress(SeriesId::of(row.number))?);
            if self.owners.insert(row.number, owner).is_some() {
                self.fault(Table::Collective, key, "its number belongs to two collectives");
            }
        }
        self.count(Table::CollectiveName, names)?;
        let next_number = self.view.meta_number(meta::NEXT_NUMBER)?;
        if self.owners.keys().any(|number| u64::from(number.of_collective().0) >= next_number) {
            self.fault(Table::Meta, meta::NEXT_NUMBER, "the next number is in use already");
        }
        for (number, row) in self.view.reclaims()? {
            let owner = Owner::new(row.collective_id, true, ProgressRow::default());
            self.owners.insert(number.of_insights(), owner.clone());
            self.owners.insert(number, owner);
            let owed = row.end_sequence.saturating_sub(row.next_sequence);
            let slots = self.view.slots(number)?.count() as u64;
            if slots != owed {
                let problem = format!("{owed} deletions are still to be logged, but there are {slots} slots");
                self.fault(Table::Reclaim, &keys::number(number), problem);
            }
        }
        Ok(())
    }

    /// Reports a table that has too many rows; missing ones are found one by one.
    fn count(&mut self, table: Table, expected: u64) -> Result<()> {
        let found = self.view.sealed_range(table, Bound::Unbounded, Bound::Unbounded)?.count() as u64;
        if found > expected {
            self.push(table.name(), "?".into(), format!("it has {found} rows instead of {expected}"));
        }
        Ok(())
    }

    pub(super) fn is_deleted(&self, number: CollectiveNumber) -> bool {
        self.owners.get(&number).is_some_and(|owner| owner.deleted)
    }

    /// Looks for rows that no record needs. Those that records need have been compared already.
    fn derived(&mut self, table: Table) -> Result<()> {
        let expected = self.expected.get(&table.index()).copied().unwrap_or(0);
        let mut found = 0;
        for row in self.view.sealed_range(table, Bound::Unbounded, Bound::Unbounded)? {
            found += u64::from(!self.is_being_removed(table, row?.0)?);
        }
        if found <= expected {
            return Ok(());
        }
        let asked_for = needed_keys(self.view, table)?;
        for row in self.view.sealed_range(table, Bound::Unbounded, Bound::Unbounded)? {
            let (key, _) = row?;
            if !asked_for.contains(key) && !self.is_being_removed(table, key)? {
                self.fault(table, key, "no record needs this row");
            }
        }
        Ok(())
    }

    fn index(&mut self) {
        let mut checker = IndexChecker::new(self.view, self.builder);
        for (number, owner) in &self.owners {
            if owner.deleted {
                checker.deleted(*number);
            } else {
                checker.collective(*number, &self.embedding, self.next.as_ref());
            }
        }
        for (table, key, problem) in checker.finish() {
            self.push(table, key, problem);
        }
    }

    fn relations(&mut self) {
        let owners = self.owners.iter();
        let owners =
            owners.map(|(number, one)| (*number, RelationOwner { id: one.id, deleted: one.deleted }));
        let found = check_relations(self.view, &owners.collect());
        self.report.relations = found.relations;
        self.report.index_rows += found.index_rows;
        for (number, bytes) in found.bytes {
            if let Some(owner) = self.owners.get_mut(&number) {
                owner.bytes += bytes;
            }
        }
        for (table, key, problem) in found.faults {
            self.push(table, key, problem);
        }
    }

    fn counters(&mut self) -> Result<()> {
        let owners = std::mem::take(&mut self.owners);
        let living = owners.iter().filter(|(_, owner)| !owner.deleted);
        self.count(Table::Counter, living.clone().count() as u64)?;
        for (number, owner) in living {
            let key = keys::number(*number);
            let Some(bytes) = self.expect_row(Table::Counter, &key, "a collective's counts are missing")
            else {
                continue;
            };
            let Some(counter) = CounterRow::read(bytes) else {
                self.fault(Table::Counter, &key, "the value does not match its format");
                continue;
            };
            if (counter.experiences, counter.bytes, counter.vector_bytes, counter.words)
                != (owner.experiences, owner.bytes, owner.vector_bytes, owner.words)
            {
                let problem = format!(
                    "it counts {} records of {} and {} bytes and {} words, but there are {} of {} and {} and {}",
                    counter.experiences,
                    counter.bytes,
                    counter.vector_bytes,
                    counter.words,
                    owner.experiences,
                    owner.bytes,
                    owner.vector_bytes,
                    owner.words
                );
                self.fault(Table::Counter, &key, problem);
            }
            if self.next.is_some() && owner.progress != owner.found {
                let key = SeriesId::of(*number).progress_key();
                self.fault(Table::Series, &key, "it does not count the vectors of the next generation");
            }
            if counter.activities != owner.activities {
                let (stored, found) = (counter.activities, owner.activities);
                let problem = format!("it counts {stored} activities instead of {found}");
                self.fault(Table::Counter, &key, problem);
            }
            if counter.next_slot < owner.slots_end {
                self.fault(Table::Counter, &key, "the next slot is in use already");
            }
        }
        Ok(())
    }

    fn log(&mut self) -> Result<()> {
        let floor = self.view.oldest_change()?;
        let mut ends = self.view.sealed_range(Table::Log, Bound::Unbounded, Bound::Unbounded)?;
        let first = ends.next().transpose()?.map(|(key, _)| key);
        let last = ends.last().transpose()?.map(|(key, _)| key).or(first);
        for key in first.into_iter().chain(last) {
            if !keys::read_sequence(key).is_some_and(|at| (floor..=self.last_sequence).contains(&at)) {
                self.fault(Table::Log, key, format!("its number is not in {floor}..={}", self.last_sequence));
            }
        }
        let mut next = floor.saturating_sub(1);
        loop {
            let changes = self.view.changes(next, limits::EVENTS_MAX)?;
            let Some(last) = changes.last() else { return Ok(()) };
            next = last.sequence;
            self.report.changes += changes.len() as u64;
        }
    }
}
