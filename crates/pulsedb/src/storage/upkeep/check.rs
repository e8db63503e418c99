//! Checking: every value, every record against its index rows, every index row against its record, the log.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::error::{PulseDBError, Result, StorageError};
use crate::id::{CollectiveId, Seq};
use crate::limits;
use crate::model::change::CollectiveNumber;
use crate::model::{CheckReport, Experience, Fault};
use crate::storage::env::Environment;
use crate::storage::format::activity::ActivityRow;
use crate::storage::format::collective::{CollectiveRow, CounterRow};
use crate::storage::format::experience::Place;
use crate::storage::format::keys;
use crate::storage::format::meta::{self, EmbeddingRow};
use crate::storage::format::seal;
use crate::storage::format::series::{ProgressRow, SeriesId};
use crate::storage::format::slot::{SlotRow, read_slot_value};
use crate::storage::format::tables::{OwnerKind, Table};
use crate::storage::read::view::View;
use crate::storage::upkeep::check_index::IndexChecker;
use crate::storage::upkeep::check_relations::{RelationOwner, check_relations};
use crate::storage::upkeep::needed_keys::needed_keys;
use crate::storage::upkeep::records::{StoredInsight, StoredRecord, insights, records};
use crate::storage::write::block_builder::{BlockBuilder, IndexedRow};
use crate::storage::write::{insights, rows};

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
    builder: &'t dyn BlockBuilder,
    pub(super) report: CheckReport,
    /// Numbers of collectives that exist, and of deleted ones that still have rows.
    pub(super) owners: BTreeMap<CollectiveNumber, Owner>,
    /// How many rows the records need in each derived table.
    expected: BTreeMap<usize, u64>,
    last_sequence: Seq,
    /// What makes the vectors in force, and those that are being built.
    pub(super) embedding: EmbeddingRow,
    pub(super) next: Option<EmbeddingRow>,
}

/// What was counted under a number: the records of a collective, or its insights.
#[derive(Clone)]
pub(super) struct Owner {
    id: CollectiveId,
    /// Whether it is deleted and its rows wait to be removed.
    deleted: bool,
    experiences: u64,
    bytes: u64,
    pub(super) vector_bytes: u64,
    words: u64,
    slots_end: u32,
    activities: u32,
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

    fn fail(&mut self, table: Table, error: PulseDBError) {
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

    fn experiences(&mut self) -> Result<()> {
        for record in records(self.view)? {
            match record? {
                StoredRecord::Readable { place, experience, bytes } => {
                    // What is deleted is being removed, index rows last.
                    if self.is_deleted(place.number) {
                        continue;
                    }
                    self.report.experiences += 1;
                    let indexed = self.builder.index(&experience);
                    let bytes = self.record(place, &experience, &indexed) + bytes;
                    self.book(place, &experience, bytes, indexed.words);
                }
                StoredRecord::Damaged { key } => {
                    self.fault(Table::Experience, key, "the value does not match its checksum or its format");
                }
            }
        }
        Ok(())
    }

    pub(super) fn is_deleted(&self, number: CollectiveNumber) -> bool {
        self.owners.get(&number).is_some_and(|owner| owner.deleted)
    }

    /// Adds a record to its collective's counts.
    fn book(&mut self, place: Place, experience: &Experience, bytes: u64, words: u32) {
        let key = *experience.id.as_bytes();
        if experience.sequence == 0 || experience.sequence > self.last_sequence {
            let problem =
                format!("its last change {} is not in 1..={}", experience.sequence, self.last_sequence);
            self.fault(Table::Experience, &key, problem);
        }
        match self.view.is_superseded(place.number, experience.id) {
            Ok(superseded) if superseded == experience.superseded => {}
            Ok(_) => {
                self.fault(Table::Experience, &key, "its relations say otherwise of its being superseded")
            }
            Err(error) => self.fail(Table::RelationByTarget, error),
        }
        self.count_record((Table::Experience, &key), place, experience.collective_id, (bytes, words));
    }

    /// Adds a record or an insight to the counts that it is under.
    fn count_record(
        &mut self,
        (table, key): (Table, &[u8; 16]),
        place: Place,
        collective: CollectiveId,
        (bytes, words): (u64, u32),
    ) {
        match self.owners.get_mut(&place.number) {
            Some(owner) if owner.id == collective => {
                owner.experiences += 1;
                owner.bytes += bytes;
                owner.words += u64::from(words);
                owner.slots_end = owner.slots_end.max(place.slot.0.saturating_add(1));
            }
            _ => self.fault(table, key, "its collective does not exist"),
        }
    }

    /// Compares a record with the rows that are derived from it; returns the bytes of those.
    fn record(&mut self, place: Place, experience: &Experience, indexed: &IndexedRow) -> u64 {
        let mut index = rows::index_keys(place.number, experience);
        index.push((Table::Member, keys::member(place.number, experience.id).to_vec()));
        let row = rows::slot_row(experience, indexed.words);
        self.version(place, row, index, indexed)
    }

    /// Compares what stands under a slot, and what names it, with what a record or an insight needs. `row` is its slot
    /// row.
    fn version(
        &mut self,
        place: Place,
        row: SlotRow,
        index: Vec<(Table, Vec<u8>)>,
        indexed: &IndexedRow,
    ) -> u64 {
        let slot_key = keys::slot(place.number, place.slot);
        let mut bytes = 0;
        self.vectors(place);
        self.expected_row(Table::Slot);
        if let Some(slot) = self.expect_row(Table::Slot, &slot_key, "a record's slot is missing") {
            bytes += row_bytes(&slot_key, slot);
            let mut expected = Vec::new();
            row.write(&mut expected);
            if slot != expected {
                self.fault(Table::Slot, &slot_key, "it does not match its record");
            }
        }
        self.expected_row(Table::Piece);
        if let Some(pieces) = self.expect_row(Table::Piece, &slot_key, "a record's pieces are missing") {
            bytes += row_bytes(&slot_key, pieces);
            if pieces != indexed.piece {
                self.fault(Table::Piece, &slot_key, "they do not match its record");
            }
        }
        for (table, key) in index {
            self.expected_row(table);
            self.report.index_rows += 1;
            if let Some(row) = self.expect_row(table, &key, "a record's index row is missing") {
                bytes += row_bytes(&key, row);
                if read_slot_value(row) != Some(place.slot) {
                    self.fault(table, &key, "it names a different slot than its record");
                }
            }
        }
        bytes
    }

    fn insights(&mut self) -> Result<()> {
        for row in insights(self.view)? {
            let (place, insight, own) = match row? {
                StoredInsight::Readable { place, insight, bytes } => (place, insight, bytes),
                StoredInsight::Damaged { key } => {
                    self.fault(Table::Insight, key, "the value does not match its checksum or its format");
                    continue;
                }
            };
            if self.is_deleted(place.number) {
                continue;
            }
            self.report.insights += 1;
            let indexed = self.builder.index_insight(&insight);
            let index = insights::index_keys(place.number, &insight);
            let row = insights::slot_row(&insight, indexed.words);
            let bytes = self.version(place, row, index, &indexed) + own;
            self.count_record(
                (Table::Insight, insight.id.as_bytes()),
                place,
                insight.collective_id,
                (bytes, indexed.words),
            );
        }
        Ok(())
    }

    pub(super) fn expected_row(&mut self, table: Table) {
        *self.expected.entry(table.index()).or_default() += 1;
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

    fn activities(&mut self) -> Result<()> {
        for row in self.view.sealed_range(Table::Activity, Bound::Unbounded, Bound::Unbounded)? {
            let (key, value) = row?;
            let row = seal::open(Table::Activity, key, value).ok().and_then(ActivityRow::read);
            let (Some((number, _)), Some(_)) = (keys::read_activity(key), row) else {
                self.fault(Table::Activity, key, "the value does not match its checksum or its format");
                continue;
            };
            match self.owners.get_mut(&number) {
                Some(owner) => owner.activities += 1,
                None => self.fault(Table::Activity, key, "its collective does not exist"),
            }
            self.report.activities += 1;
        }
        Ok(())
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
                let (counted, found) = (counter.activities, owner.activities);
                self.fault(
                    Table::Counter,
                    &key,
                    format!("it counts {counted} activities instead of {found}"),
                );
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

/// Bytes of a row as the counts have it: key, seal and payload.
fn row_bytes(key: &[u8], payload: &[u8]) -> u64 {
    (key.len() + seal::SEAL_BYTES + payload.len()) as u64
}
