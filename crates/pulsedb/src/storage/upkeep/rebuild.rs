//! Filling a new environment with everything of a damaged one that can be read.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::clock::{self, Timestamp};
use crate::error::Result;
use crate::id::{CollectiveId, Seq};
use crate::limits;
use crate::model::Experience;
use crate::model::change::{CollectiveNumber, Slot};
use crate::model::norm::Norm;
use crate::storage::env::Environment;
use crate::storage::format::activity::ActivityRow;
use crate::storage::format::change::write_change;
use crate::storage::format::collective::{CollectiveRow, CounterRow};
use crate::storage::format::experience::Place;
use crate::storage::format::meta::EmbeddingRow;
use crate::storage::format::reclaim::ReclaimRow;
use crate::storage::format::series::{Generation, SeriesId, read_vector_generation};
use crate::storage::format::tables::Table;
use crate::storage::format::vector::{StoredVector, read_vector};
use crate::storage::format::writer::Write as _;
use crate::storage::format::{keys, meta, seal};
use crate::storage::read::view::View;
use crate::storage::upkeep::records::{StoredRecord, records};
use crate::storage::upkeep::repair_options::{BATCH, RepairOptions, in_transaction};
use crate::storage::write::operations::ACTIVITY;
use crate::storage::write::rows;
use crate::storage::write::transaction::{OpenCollective, Size, WriteTxn};

/// What a transaction that writes no records takes.
const FOUNDATION: Size = Size { records: 1, bytes: limits::COMMIT_BYTES_MAX };
/// The greatest number that a change can have: there must be room for one more.
const LAST_SEQUENCE: Seq = Seq::MAX - 1;

/// What could not be carried over.
#[derive(Default, Clone, Copy)]
pub(super) struct Lost {
    pub(super) records: u64,
    pub(super) vectors: u64,
    pub(super) relations: u64,
    pub(super) insights: u64,
}

/// What is carried over from one environment to the other.
pub(super) struct Carrier<'o> {
    pub(super) options: &'o RepairOptions<'o>,
    /// What made the vectors that are carried over. Those of a move to another embedder are not.
    embedding: EmbeddingRow,
    pub(super) collectives: BTreeMap<CollectiveNumber, OpenCollective>,
    /// How many experiences the collectives had, as far as that can be read.
    counted: BTreeMap<CollectiveNumber, u64>,
    pub(super) lost: Lost,
    last_sequence: Seq,
}

/// Fills the new environment.
pub(super) fn rebuild(old: &Environment, new: &Environment, options: &RepairOptions<'_>) -> Result<Lost> {
    let txn = old.read()?;
    let view = View::of(&txn);
    let mut carrier = Carrier {
        options,
        embedding: embedding(view, options)?,
        collectives: BTreeMap::new(),
        counted: BTreeMap::new(),
        lost: Lost::default(),
        last_sequence: last_sequence(view)?,
    };
    carrier.foundation(view, new)?;
    carrier.records(view, new)?;
    carrier.relations(view, new)?;
    carrier.insights(view, new)?;
    carrier.activities(view, new)?;
    carrier.counters(view, new)?;
    carrier.index(new)?;
    carrier.log(view, new)?;
    Ok(carrier.lost)
}

/// The stored embedder; where it is lost, the one that was asked for, if all vectors are of its dimension and of one
/// generation.
fn embedding(view: View<'_>, options: &RepairOptions<'_>) -> Result<EmbeddingRow> {
    let lost = match view.embedding() {
        Ok(embedding) => return Ok(embedding),
        Err(error) => error,
    };
    let mut generation: Option<Generation> = None;
    for row in view.sealed_range(Table::Vector, Bound::Unbounded, Bound::Unbounded)? {
        let (key, value) = row?;
        let vector = seal::open(Table::Vector, key, value).ok().and_then(read_vector);
        let (Some(of_key), Some(vector)) = (read_vector_generation(key), vector) else { continue };
        let fits = vector.is_none_or(|vector| vector.bytes.len() == options.identity.dimension * 4);
        if !fits || generation.is_some_and(|one| one != of_key) {
            return Err(lost);
        }
        generation = Some(of_key);
    }
    let generation = generation.unwrap_or_default();
    Ok(EmbeddingRow { generation, identity: options.identity.clone() })
}

/// The greatest sequence number in any row: none may be used again.
fn last_sequence(view: View<'_>) -> Result<Seq> {
    let mut last = view.last_sequence().unwrap_or(0);
    for row in view.sealed_range(Table::Log, Bound::Unbounded, Bound::Unbounded)? {
        last = last.max(keys::read_sequence(row?.0).unwrap_or(0));
    }
    for row in view.sealed_range(Table::Reclaim, Bound::Unbounded, Bound::Unbounded)? {
        let (key, value) = row?;
        let row = seal::open(Table::Reclaim, key, value).ok().and_then(ReclaimRow::read);
        last = last.max(row.map_or(0, |row| row.end_sequence));
    }
    Ok(last.min(LAST_SEQUENCE))
}

fn readable_collectives(view: View<'_>) -> Result<Vec<(CollectiveId, CollectiveRow)>> {
    let mut collectives = Vec::new();
    for row in view.sealed_range(Table::Collective, Bound::Unbounded, Bound::Unbounded)? {
        let (key, value) = row?;
        let row = seal::open(Table::Collective, key, value).ok().and_then(CollectiveRow::read);
        if let (Ok(id), Some(row)) = (key.try_into().map(CollectiveId::from_bytes), row) {
            collectives.push((id, row));
        }
    }
    Ok(collectives)
}

/// Numbers of deleted collectives whose rows are still being removed, whether or not their own row is damaged.
pub(super) fn deleted_numbers(view: View<'_>) -> Result<Vec<CollectiveNumber>> {
    let mut numbers = Vec::new();
    for row in view.sealed_range(Table::Reclaim, Bound::Unbounded, Bound::Unbounded)? {
        let (key, _) = row?;
        numbers.extend(key.try_into().ok().map(u32::from_be_bytes).map(CollectiveNumber));
    }
    Ok(numbers)
}

impl Carrier<'_> {
    /// The rows of `meta`, and every collective that can be read.
    fn foundation(&mut self, view: View<'_>, new: &Environment) -> Result<()> {
        let created = view.row(Table::Meta, meta::CREATED, meta::read_number).ok().flatten();
        let created = created.map_or(clock::now(), |millis| Timestamp::from_millis(millis as i64));
        let collectives = readable_collectives(view)?;
        for (id, row) in &collectives {
            for number in [row.number, row.number.of_insights()] {
                let counter = view.counter(number).unwrap_or_default();
                self.counted.insert(number, counter.experiences);
                let counter = CounterRow { next_slot: counter.next_slot, ..Default::default() };
                let dimension = self.embedding.identity.dimension;
                self.collectives.insert(number, OpenCollective::new(*id, number, dimension, counter));
            }
        }
        in_transaction(new, self.options, FOUNDATION, |txn| {
            txn.write_meta(&self.embedding.identity, created)?;
            collectives.iter().try_for_each(|(id, row)| put_collective(txn, *id, row))
        })
    }

    /// Every record that can be read, except those of deleted collectives.
    fn records(&mut self, view: View<'_>, new: &Environment) -> Result<()> {
        let deleted = deleted_numbers(view)?;
        let mut batch = Vec::with_capacity(BATCH);
        for record in records(view)? {
            match record? {
                // What was deleted already is not lost.
                StoredRecord::Damaged { key } if is_member(view, key, &deleted) => {}
                StoredRecord::Damaged { .. } => self.lost.records += 1,
                StoredRecord::Readable { place, .. } if deleted.contains(&place.number) => {}
                StoredRecord::Readable { place, experience, .. } => {
                    batch.push(self.with_vector(view, place, *experience));
                    if batch.len() == BATCH {
                        self.write_batch(new, std::mem::take(&mut batch))?;
                    }
                }
            }
        }
        self.write_batch(new, batch)
    }

    /// A record with its vector.
    fn with_vector(
        &mut self,
        view: View<'_>,
        place: Place,
        mut experience: Experience,
    ) -> (Place, Experience, Option<StoredVector>) {
        experience.sequence = experience.sequence.clamp(1, LAST_SEQUENCE);
        self.last_sequence = self.last_sequence.max(experience.sequence);
        let vector = self.vector_of(view, place, &experience.content);
        (place, experience, vector)
    }

    /// The vector of a content: the stored one, else a new one, else none.
    pub(super) fn vector_of(&mut self, view: View<'_>, place: Place, content: &str) -> Option<StoredVector> {
        let dimension = self.embedding.identity.dimension;
        let checked = |components: Vec<f32>| {
            let norm_bits = Norm::of(&components).filter(|_| components.len() == dimension)?.to_bits();
            Some(StoredVector { components, norm_bits })
        };
        let found = view.vector(SeriesId::of(place.number), self.embedding.generation, place.slot);
        let found = match found {
            Ok(None) => return None,
            Ok(Some(row)) => checked(row.components()),
            Err(_) => None,
        };
        if found.is_some() {
            return found;
        }
        // Vectors of two embedders never mix: only the embedder that made the others may make this one.
        let same_embedder = self.embedding.identity == *self.options.identity;
        let made = if same_embedder { (self.options.embed)(content) } else { None };
        let knows_nothing = made.as_ref().is_some_and(Vec::is_empty);
        let made = made.and_then(checked);
        self.lost.vectors += u64::from(made.is_none() && !knows_nothing);
        made
    }

    fn write_batch(
        &mut self,
        new: &Environment,
        batch: Vec<(Place, Experience, Option<StoredVector>)>,
    ) -> Result<()> {
        let bytes = batch.iter().map(|(_, experience, vector)| {
            2048 + 2 * experience.content.len() + vector.as_ref().map_or(0, |v| v.components.len() * 4)
        });
        let size = Size { records: batch.len(), bytes: bytes.sum() };
        in_transaction(new, self.options, size, |txn| {
            for (place, experience, vector) in &batch {
                self.write_record(txn, *place, experience, vector.as_ref())?;
            }
            Ok(())
        })
    }

    fn write_record(
        &mut self,
        txn: &mut WriteTxn<'_>,
        place: Place,
        experience: &Experience,
        vector: Option<&StoredVector>,
    ) -> Result<()> {
        let mut place = place;
        if !self.collectives.contains_key(&place.number) {
            let named = self.collectives.iter().find(|(_, one)| one.id == experience.collective_id);
            if let Some((number, _)) = named {
                // The row of the collective has another number than its records.
                place.number = *number;
            } else {
                let (id, timestamp) = (experience.collective_id, experience.timestamp);
                self.recover_collective(txn, place.number, id, timestamp)?;
            }
        }
        let Some(collective) = self.collectives.get_mut(&place.number) else { return Ok(()) };
        if collective.id != experience.collective_id
            || txn.view().slot_row(place.number, place.slot)?.is_some()
        {
            // Two records claim the same place: the later one gets a new slot in the collective with this number.
            place.slot = Slot(collective.counter.next_slot);
        }
        // What is superseded follows from the relations.
        let mut experience =
            Experience { collective_id: collective.id, superseded: false, ..experience.clone() };
        // Two records claim the same key: the later one goes without.
        if let Some(key) = &experience.key
            && txn.view().sealed(Table::ByKey, &keys::by_key(place.number, key))?.is_some()
        {
            experience.key = None;
        }
        rows::restore(txn, collective, place, &experience, vector)?;
        let counter = &mut collective.counter;
        counter.next_slot = counter.next_slot.max(place.slot.0.saturating_add(1));
        Ok(())
    }

    /// A collective whose own row is lost comes back under its old id, with an invented name.
    pub(super) fn recover_collective(
        &mut self,
        txn: &mut WriteTxn<'_>,
        number: CollectiveNumber,
        id: CollectiveId,
        created_at: Timestamp,
    ) -> Result<()> {
        let row = CollectiveRow {
            number,
            created_at,
            updated_at: clock::now(),
            name: format!("recovered-{id}"),
            owner: None,
        };
        put_collective(txn, id, &row)?;
        for number in [number, number.of_insights()] {
            let dimension = self.embedding.identity.dimension;
            let collective = OpenCollective::new(id, number, dimension, CounterRow::default());
            self.collectives.insert(number, collective);
        }
        Ok(())
    }

    /// Every activity that can be read, of the collectives that are there.
    fn activities(&mut self, view: View<'_>, new: &Environment) -> Result<()> {
        let mut batch = Vec::with_capacity(BATCH);
        for row in view.sealed_range(Table::Activity, Bound::Unbounded, Bound::Unbounded)? {
            let (key, value) = row?;
            let row = seal::open(Table::Activity, key, value).ok().and_then(ActivityRow::read);
            let (Some((number, _)), Some(row)) = (keys::read_activity(key), row) else { continue };
            let Some(collective) = self.collectives.get_mut(&number) else { continue };
            collective.counter.activities = collective.counter.activities.saturating_add(1);
            batch.push((key, row));
            if batch.len() == BATCH {
                put_activities(new, self.options, std::mem::take(&mut batch))?;
            }
        }
        put_activities(new, self.options, batch)
    }

    fn counters(&mut self, view: View<'_>, new: &Environment) -> Result<()> {
        let used = self.collectives.keys().map(|number| number.of_collective()).chain(deleted_numbers(view)?);
        let after = used.map(|number| u64::from(number.0) + 1).max().unwrap_or(1);
        let next_number = view.meta_number(meta::NEXT_NUMBER).unwrap_or(1).max(after);
        // Rows on lost pages do not show up as damaged ones, but the counts still include them.
        let (mut records, mut insights) = (0, 0);
        for (number, one) in &self.collectives {
            let counted = self.counted.get(number).copied().unwrap_or(0);
            let lost = if number.is_of_insights() { &mut insights } else { &mut records };
            *lost += counted.saturating_sub(one.counter.experiences);
        }
        self.lost.records = self.lost.records.max(records);
        self.lost.insights = self.lost.insights.max(insights);
        in_transaction(new, self.options, FOUNDATION, |txn| {
            txn.put(Table::Meta, meta::NEXT_NUMBER, |out| out.u64(next_number))?;
            for (number, one) in &self.collectives {
                txn.put(Table::Counter, &keys::number(*number), |out| one.counter.write(out))?;
            }
            Ok(())
        })
    }

    /// Turns the rows into blocks, one a transaction.
    fn index(&mut self, new: &Environment) -> Result<()> {
        for collective in self.collectives.values_mut() {
            // Nothing was changed: there is nothing to merge for.
            collective.series.changes = 0;
            while collective.counter.tail_rows >= self.options.seal_rows {
                let before = collective.counter.tail_rows;
                in_transaction(new, self.options, FOUNDATION, |txn| txn.close_collective(collective))?;
                if collective.counter.tail_rows == before {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Copies the log if it is complete and correct. Otherwise it begins after the last number, so that callers that poll
    /// learn that they must read the current state.
    fn log(&mut self, view: View<'_>, new: &Environment) -> Result<()> {
        let complete = self.lost.records + self.lost.relations + self.lost.insights == 0
            && view.last_sequence().is_ok_and(|last| last == self.last_sequence);
        let copied = if complete { copy_log(view, new, self.options).ok() } else { None };
        let last = self.last_sequence;
        let floor = copied.unwrap_or(last.saturating_add(1));
        in_transaction(new, self.options, FOUNDATION, |txn| {
            if copied.is_none() {
                // Nothing may stay below the floor, where it would never be removed.
                txn.clear(Table::Log)?;
            }
            txn.put(Table::Meta, meta::SEQUENCE, |out| out.u64(last))?;
            txn.put(Table::Meta, meta::FLOOR, |out| out.u64(floor))
        })
    }
}

/// Copies every change that the log holds; the number of the first.
fn copy_log(view: View<'_>, new: &Environment, options: &RepairOptions<'_>) -> Result<Seq> {
    let floor = view.oldest_change()?;
    if !(1..=view.last_sequence()?.saturating_add(1)).contains(&floor) {
        return Err(seal::corrupted(Table::Meta, meta::FLOOR));
    }
    let mut next = floor - 1;
    loop {
        let changes = view.changes(next, limits::EVENTS_MAX)?;
        let Some(last) = changes.last() else { return Ok(floor) };
        next = last.sequence;
        in_transaction(new, options, FOUNDATION, |txn| {
            let transaction = txn.view().transaction();
            for change in &changes {
                let key = keys::sequence(change.sequence);
                txn.put(Table::Log, &key, |out| write_change(change, transaction, out))?;
            }
            Ok(())
        })?;
    }
}

/// Whether one of these collectives has a record under this key.
pub(super) fn is_member(view: View<'_>, key: &[u8], numbers: &[CollectiveNumber]) -> bool {
    let Some(id) = keys::read_id(key) else { return false };
    numbers.iter().any(|number| matches!(view.get(Table::Member, &keys::member(*number, id)), Ok(Some(_))))
}

fn put_activities(
    new: &Environment,
    options: &RepairOptions<'_>,
    batch: Vec<(&[u8], ActivityRow)>,
) -> Result<()> {
    let size = Size { records: batch.len(), bytes: batch.len() * ACTIVITY.bytes };
    in_transaction(new, options, size, |txn| {
        batch.iter().try_for_each(|(key, row)| txn.put(Table::Activity, key, |out| row.write(out)))
    })
}

fn put_collective(txn: &mut WriteTxn<'_>, id: CollectiveId, row: &CollectiveRow) -> Result<()> {
    txn.put(Table::Collective, id.as_bytes(), |out| row.write(out))?;
    txn.put(Table::CollectiveName, row.name.as_bytes(), |out| out.put(id.as_bytes()))
}
