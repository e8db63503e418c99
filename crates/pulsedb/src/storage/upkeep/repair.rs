//! Repair: a new data file from the records of a damaged one, which is kept beside it.
//!
//! ```text
//! alone with the database: the pages are damaged -> salvage the rows that can be read into `repair/rows`
//! check; clean -> done
//!   new environment in `repair/`: collectives, records, vectors; everything derived is made anew
//!   the log is copied if it is whole and no record was lost, else it begins after the last number
//!   data.mdb gets a second name, data.mdb.damaged-<time>; repair/data.mdb is renamed to data.mdb
//! ```
//! There is a whole `data.mdb` at every moment: the damaged one until the rename, the new one after it.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use crate::clock::{self, Timestamp};
use crate::config::SyncMode;
use crate::error::{PulseDBError, Result, StorageError};
use crate::id::{CollectiveId, Seq};
use crate::limits;
use crate::model::change::{CollectiveNumber, Slot};
use crate::model::{CheckReport, Experience, Fault, ProviderIdentity};
use crate::storage::env::{self, EnvHandle, EnvOptions, Environment, Exclusive, Space};
use crate::storage::format::codec::{self, CollectiveRow, CounterRow, Place, ReclaimRow, Write as _};
use crate::storage::format::tables::{self, Table};
use crate::storage::format::{keys, meta, seal};
use crate::storage::read::view::View;
use crate::storage::upkeep::check::{self, NormOf, Record};
use crate::storage::write::rows::{self, StoredVector};
use crate::storage::write::transaction::{Size, WriteTxn};

/// Where the new file is built, inside the database's directory.
const WORKSHOP: &str = "repair";
/// Where salvaged rows are put, inside the workshop.
const ROWS: &str = "rows";
/// The longest key that the engine takes.
const KEY_BYTES_MAX: usize = 511;
/// What a transaction that writes no records takes.
const FOUNDATION: Size = Size { records: 1, bytes: limits::COMMIT_BYTES_MAX };
/// The greatest number that can have been given out: one more must fit behind it.
const LAST_SEQUENCE: Seq = Seq::MAX - 1;
/// Records of one transaction of a repair.
const BATCH: usize = 500;

/// What a repair needs of the layers above.
pub(crate) struct RepairOptions<'o> {
    pub(crate) path: &'o Path,
    pub(crate) map_size_gb: usize,
    /// Stands in for a damaged identity.
    pub(crate) identity: &'o ProviderIdentity,
    pub(crate) norm_of: NormOf,
    /// Makes a vector anew where it is lost, if anyone can.
    pub(crate) embed: &'o dyn Fn(&str) -> Option<Vec<f32>>,
}

/// Checks the database and, if anything is wrong, rebuilds it from its records.
pub(crate) fn repair(options: &RepairOptions<'_>) -> Result<CheckReport> {
    let exclusive = env::lock_exclusive(options.path)?;
    let workshop = exclusive.path().join(WORKSHOP);
    remove_workshop(&workshop)?;
    let mut damage = CheckReport::default();
    let old = match open_sound(options, &exclusive) {
        Err(PulseDBError::Storage(StorageError::Corrupted { table, key })) => {
            let problem = "pages of the file are damaged; the rows on the others were read".into();
            damage.fault_count = 1;
            damage.faults.push(Fault { table, key, problem });
            salvaged(options, &exclusive, &workshop.join(ROWS))?
        }
        old => old?,
    };
    admit_format(&old)?;
    let checked = check::check(&old, options.norm_of)?;
    if damage.is_clean() && checked.is_clean() {
        // A file that was cut behind its last page has lost nothing, but would be refused for its length.
        exclusive.forget_length()?;
        return Ok(checked);
    }
    let mut report = CheckReport {
        fault_count: damage.fault_count + checked.fault_count,
        faults: damage
            .faults
            .into_iter()
            .chain(checked.faults.iter().cloned())
            .take(limits::FAULTS_LISTED)
            .collect(),
        ..checked
    };
    let new = Environment::open(&writable(options, &workshop), tables::NAMES)?;
    let lost = rebuild(&old, &new, options)?;
    (report.records_lost, report.vectors_lost) = (lost.records, lost.vectors);
    drop(new);
    drop(old);
    report.damaged_copy = Some(exchange(exclusive.path(), &workshop)?);
    Ok(report)
}

/// The database as the engine opens it, if every page can be trusted.
fn open_sound(options: &RepairOptions<'_>, exclusive: &Exclusive) -> Result<EnvHandle> {
    let read_only = EnvOptions { read_only: true, ..writable(options, options.path) };
    let old = Environment::open_exclusive(&read_only, tables::NAMES, exclusive)?;
    old.check_pages()?;
    Ok(old)
}

fn writable(options: &RepairOptions<'_>, path: &Path) -> EnvOptions {
    EnvOptions {
        path: path.to_owned(),
        map_size_gb: options.map_size_gb,
        sync_mode: SyncMode::Normal,
        read_only: false,
    }
}

/// The rows of a damaged file that can be read, as an environment of its own.
fn salvaged(options: &RepairOptions<'_>, exclusive: &Exclusive, directory: &Path) -> Result<EnvHandle> {
    let rows = Environment::open(&writable(options, directory), tables::NAMES)?;
    let mut batch: Vec<(Table, Vec<u8>, Vec<u8>)> = Vec::with_capacity(BATCH);
    exclusive.salvage(&mut |name, key, value| {
        let table = Table::ALL.into_iter().find(|table| table.name() == name);
        let readable =
            !key.is_empty() && key.len() <= KEY_BYTES_MAX && value.len() <= limits::VALUE_BYTES_MAX;
        if let Some(table) = table.filter(|_| readable) {
            batch.push((table, key.to_vec(), value.to_vec()));
        }
        if batch.len() == BATCH { put_rows(&rows, std::mem::take(&mut batch)) } else { Ok(()) }
    })?;
    put_rows(&rows, batch)?;
    Ok(rows)
}

fn put_rows(env: &Environment, batch: Vec<(Table, Vec<u8>, Vec<u8>)>) -> Result<()> {
    let bytes = batch.iter().map(|(_, key, value)| key.len() + value.len()).sum();
    in_transaction(env, Size { records: batch.len(), bytes }, |txn| {
        batch.iter().try_for_each(|(table, key, value)| txn.put_sealed(*table, key, value))
    })
}

/// Refuses a database that a newer version has written: what this one does not know is no damage.
fn admit_format(env: &Environment) -> Result<()> {
    let txn = env.read()?;
    match View::new(env, &txn).row(Table::Meta, meta::FORMAT, meta::FormatRow::read) {
        Ok(Some(format)) => format.admit(),
        _ => Ok(()),
    }
}

/// Puts the new file in the place of the damaged one; where that is now.
fn exchange(directory: &Path, workshop: &Path) -> Result<PathBuf> {
    let data = directory.join(env::DATA);
    let damaged = directory.join(format!("{}.damaged-{}", env::DATA, clock::now().as_millis()));
    // Where the file system has no second names, a copy serves as well.
    fs::hard_link(&data, &damaged)
        .or_else(|_| fs::copy(&data, &damaged).map(|_| ()))
        .map_err(|error| PulseDBError::io("keep the damaged file as", &damaged, error))?;
    let new = workshop.join(env::DATA);
    fs::rename(&new, &data).map_err(|error| PulseDBError::io("rename", &new, error))?;
    // The repair is done: what follows may be late, but it may not turn into a failure.
    for outcome in [env::sync_directory(directory), remove_workshop(workshop)] {
        if let Err(error) = outcome {
            tracing::warn!(%error, "the database is repaired; tidying up failed");
        }
    }
    Ok(damaged)
}

fn remove_workshop(workshop: &Path) -> Result<()> {
    match fs::remove_dir_all(workshop) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(PulseDBError::io("remove", workshop, error))
        }
        _ => Ok(()),
    }
}

/// What could not be carried over.
#[derive(Default, Clone, Copy)]
struct Lost {
    records: u64,
    vectors: u64,
}

/// What is carried from one environment to the other.
struct Carrier<'o> {
    options: &'o RepairOptions<'o>,
    identity: ProviderIdentity,
    collectives: BTreeMap<CollectiveNumber, (CollectiveId, CounterRow)>,
    /// How many experiences the collectives had, as far as that can be read.
    counted: BTreeMap<CollectiveNumber, u64>,
    lost: Lost,
    last_sequence: Seq,
}

/// Fills the new environment.
fn rebuild(old: &Environment, new: &Environment, options: &RepairOptions<'_>) -> Result<Lost> {
    let txn = old.read()?;
    let view = View::new(old, &txn);
    let mut carrier = Carrier {
        options,
        identity: identity(view, options)?,
        collectives: BTreeMap::new(),
        counted: BTreeMap::new(),
        lost: Lost::default(),
        last_sequence: last_sequence(view)?,
    };
    carrier.foundation(view, new)?;
    carrier.records(view, new)?;
    carrier.counters(view, new)?;
    carrier.log(view, new)?;
    Ok(carrier.lost)
}

/// The stored identity; where it is lost, the one that was asked for, if the collectives are of its dimension.
fn identity(view: View<'_>, options: &RepairOptions<'_>) -> Result<ProviderIdentity> {
    let lost = match meta::identity(view) {
        Ok(identity) => return Ok(identity),
        Err(error) => error,
    };
    let fits = readable_collectives(view)?
        .iter()
        .all(|(_, row)| usize::from(row.dimension) == options.identity.dimension);
    if fits { Ok(options.identity.clone()) } else { Err(lost) }
}

/// The greatest sequence number that any row tells of: none is ever given out again.
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
fn deleted_numbers(view: View<'_>) -> Result<Vec<CollectiveNumber>> {
    let mut numbers = Vec::new();
    for row in view.sealed_range(Table::Reclaim, Bound::Unbounded, Bound::Unbounded)? {
        let (key, _) = row?;
        numbers.extend(key.try_into().ok().map(u32::from_be_bytes).map(CollectiveNumber));
    }
    Ok(numbers)
}

fn in_transaction<T>(
    env: &Environment,
    size: Size,
    write: impl FnOnce(&mut WriteTxn<'_>) -> Result<T>,
) -> Result<T> {
    let mut txn = WriteTxn::begin_unstamped(env)?;
    txn.start_operation(size, Space::Growth)?;
    let value = write(&mut txn)?;
    txn.commit_untrimmed()?;
    Ok(value)
}

impl Carrier<'_> {
    /// The rows of `meta`, and every collective that can be read.
    fn foundation(&mut self, view: View<'_>, new: &Environment) -> Result<()> {
        let created = view.row(Table::Meta, meta::CREATED, meta::read_number).ok().flatten();
        let created = created.map_or(clock::now(), |millis| Timestamp::from_millis(millis as i64));
        let collectives = readable_collectives(view)?;
        for (id, row) in &collectives {
            let counter = view.counter(row.number).unwrap_or_default();
            self.counted.insert(row.number, counter.experiences);
            let next_slot = counter.next_slot;
            self.collectives.insert(row.number, (*id, CounterRow { next_slot, ..Default::default() }));
        }
        in_transaction(new, FOUNDATION, |txn| {
            meta::write_new(txn, &self.identity, created)?;
            collectives.iter().try_for_each(|(id, row)| put_collective(txn, *id, row))
        })
    }

    /// Every record that can be read, except those of deleted collectives.
    fn records(&mut self, view: View<'_>, new: &Environment) -> Result<()> {
        let deleted = deleted_numbers(view)?;
        let mut batch = Vec::with_capacity(BATCH);
        for record in check::records(view)? {
            match record? {
                // What was deleted already is not lost.
                Record::Damaged { key } if is_member(view, key, &deleted) => {}
                Record::Damaged { .. } => self.lost.records += 1,
                Record::Readable { place, .. } if deleted.contains(&place.number) => {}
                Record::Readable { place, experience, .. } => {
                    batch.push(self.with_vector(view, place, *experience));
                    if batch.len() == BATCH {
                        self.write_batch(new, std::mem::take(&mut batch))?;
                    }
                }
            }
        }
        self.write_batch(new, batch)
    }

    /// A record with its vector: the stored one, else one made anew, else none.
    fn with_vector(
        &mut self,
        view: View<'_>,
        mut place: Place,
        mut experience: Experience,
    ) -> (Place, Experience, Option<StoredVector>) {
        experience.sequence = experience.sequence.clamp(1, LAST_SEQUENCE);
        self.last_sequence = self.last_sequence.max(experience.sequence);
        let stored = |components: Vec<f32>| {
            let norm_bits = (self.options.norm_of)(&components)?;
            Some(StoredVector { components, norm_bits })
        };
        let fits = |vector: &Vec<f32>| vector.len() == self.identity.dimension;
        // Vectors of two embedders never mix: only the one that made the others may make it anew.
        let same_embedder = self.identity == *self.options.identity;
        let vector = if place.has_vector {
            let found = view.vector(place).ok().filter(fits).and_then(stored);
            let anew = || (self.options.embed)(&experience.content).filter(fits).and_then(stored);
            found.or_else(|| if same_embedder { anew() } else { None })
        } else {
            None
        };
        self.lost.vectors += u64::from(place.has_vector && vector.is_none());
        place.has_vector = vector.is_some();
        (place, experience, vector)
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
        in_transaction(new, size, |txn| {
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
            let named = self.collectives.iter().find(|(_, (id, _))| *id == experience.collective_id);
            match named {
                // The row of the collective has another number than its records.
                Some((number, _)) => place.number = *number,
                None => self.recover_collective(txn, place.number, experience)?,
            }
        }
        let Some((id, counter)) = self.collectives.get_mut(&place.number) else { return Ok(()) };
        if *id != experience.collective_id || txn.view().slot_row(place.number, place.slot)?.is_some() {
            // Two records claim one place: the later one gets a new slot in the collective that has the number.
            place.slot = Slot(counter.next_slot);
        }
        let experience = Experience { collective_id: *id, ..experience.clone() };
        rows::restore(txn, place, &experience, vector)?;
        counter.next_slot = counter.next_slot.max(place.slot.0.saturating_add(1));
        counter.experiences += 1;
        counter.bytes = counter.bytes.saturating_add_signed(txn.take_growth());
        Ok(())
    }

    /// A collective whose own row is lost comes back under its old id with a name of our making.
    fn recover_collective(
        &mut self,
        txn: &mut WriteTxn<'_>,
        number: CollectiveNumber,
        experience: &Experience,
    ) -> Result<()> {
        let id = experience.collective_id;
        let dimension = self.identity.dimension as u16;
        let row = CollectiveRow {
            number,
            dimension,
            created_at: experience.timestamp,
            updated_at: clock::now(),
            name: format!("recovered-{id}"),
            owner: None,
        };
        put_collective(txn, id, &row)?;
        self.collectives.insert(number, (id, CounterRow::default()));
        Ok(())
    }

    fn counters(&mut self, view: View<'_>, new: &Environment) -> Result<()> {
        let used = self.collectives.keys().copied().chain(deleted_numbers(view)?);
        let after = used.map(|number| u64::from(number.0) + 1).max().unwrap_or(1);
        let next_number = meta::number(view, meta::NEXT_NUMBER).unwrap_or(1).max(after);
        // Rows on pages that are lost are not met as damaged ones; the counts still know of them.
        let missing = self.collectives.iter().map(|(number, (_, counter))| {
            self.counted.get(number).map_or(0, |counted| counted.saturating_sub(counter.experiences))
        });
        self.lost.records = self.lost.records.max(missing.sum());
        in_transaction(new, FOUNDATION, |txn| {
            txn.put(Table::Meta, meta::NEXT_NUMBER, |out| out.u64(next_number))?;
            for (number, (_, counter)) in &self.collectives {
                txn.put(Table::Counter, &keys::number(*number), |out| counter.write(out))?;
            }
            Ok(())
        })
    }

    /// Copies the log if it is whole and tells the truth. Otherwise it begins anew after the last number, so that
    /// whoever polls is told to read the current state.
    fn log(&mut self, view: View<'_>, new: &Environment) -> Result<()> {
        let complete =
            self.lost.records == 0 && view.last_sequence().is_ok_and(|last| last == self.last_sequence);
        let copied = if complete { copy_log(view, new).ok() } else { None };
        let last = self.last_sequence;
        let floor = copied.unwrap_or(last.saturating_add(1));
        in_transaction(new, FOUNDATION, |txn| {
            if copied.is_none() {
                // Nothing below the floor stays behind, where nobody would look for it.
                txn.clear(Table::Log)?;
            }
            txn.put(Table::Meta, meta::SEQUENCE, |out| out.u64(last))?;
            txn.put(Table::Meta, meta::FLOOR, |out| out.u64(floor))
        })
    }
}

/// Copies every change that the log holds; the number of the first.
fn copy_log(view: View<'_>, new: &Environment) -> Result<Seq> {
    let floor = view.oldest_change()?;
    if !(1..=view.last_sequence()?.saturating_add(1)).contains(&floor) {
        return Err(seal::corrupted(Table::Meta, meta::FLOOR));
    }
    let mut next = floor - 1;
    loop {
        let changes = view.changes(next, limits::EVENTS_MAX)?;
        let Some(last) = changes.last() else { return Ok(floor) };
        next = last.sequence;
        in_transaction(new, FOUNDATION, |txn| {
            let transaction = txn.view().transaction();
            for change in &changes {
                let key = keys::sequence(change.sequence);
                txn.put(Table::Log, &key, |out| codec::write_change(change, transaction, out))?;
            }
            Ok(())
        })?;
    }
}

/// Whether one of these collectives has an experience under this key.
fn is_member(view: View<'_>, key: &[u8], numbers: &[CollectiveNumber]) -> bool {
    let Some(id) = keys::read_id(key) else { return false };
    numbers.iter().any(|number| matches!(view.get(Table::Member, &keys::member(*number, id)), Ok(Some(_))))
}

fn put_collective(txn: &mut WriteTxn<'_>, id: CollectiveId, row: &CollectiveRow) -> Result<()> {
    txn.put(Table::Collective, id.as_bytes(), |out| row.write(out))?;
    txn.put(Table::CollectiveName, row.name.as_bytes(), |out| out.put(id.as_bytes()))
}
