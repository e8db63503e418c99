//! Repair: a new data file from the records of a damaged one, which is kept beside it.
//!
//! ```text
//! alone with the database: check; clean -> done
//!   new environment in `repair/`: collectives, records, vectors; everything derived is made anew
//!   the log is copied if it is whole and no record was lost, else it begins after the last number
//!   data.mdb gets a second name, data.mdb.damaged-<time>; repair/data.mdb is renamed to data.mdb
//! ```
//! There is a whole `data.mdb` at every moment: the damaged one until the rename, the new one after it.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::{self, Timestamp};
use crate::config::SyncMode;
use crate::error::{PulseDBError, Result};
use crate::id::{CollectiveId, Seq};
use crate::limits;
use crate::model::change::{CollectiveNumber, Slot};
use crate::model::{CheckReport, Experience, ProviderIdentity};
use crate::storage::check::{self, NormOf, Record};
use crate::storage::codec::{self, CollectiveRow, CounterRow, Place, Write as _};
use crate::storage::env::{self, EnvOptions, Environment};
use crate::storage::rows::{self, StoredVector};
use crate::storage::tables::{self, Table};
use crate::storage::view::View;
use crate::storage::write::{Size, WriteTxn};
use crate::storage::{Space, keys, meta, seal};

/// Where the new file is built, inside the database's directory.
const WORKSHOP: &str = "repair";
/// What a transaction that writes no records takes.
const FOUNDATION: Size = Size { records: 1, bytes: limits::COMMIT_BYTES_MAX };
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
    let env_options = |path: &Path, read_only| EnvOptions {
        path: path.to_owned(),
        map_size_gb: options.map_size_gb,
        sync_mode: SyncMode::Normal,
        read_only,
    };
    let old = Environment::open_exclusive(&env_options(options.path, true), tables::NAMES, &exclusive)?;
    // Where the pages themselves are damaged no row can be read safely, and there is nothing to build from.
    old.check_pages()?;
    let mut report = check::check(&old, options.norm_of)?;
    if report.is_clean() {
        return Ok(report);
    }
    let workshop = exclusive.path().join(WORKSHOP);
    remove_workshop(&workshop)?;
    let new = Environment::open(&env_options(&workshop, false), tables::NAMES)?;
    report.records_lost = rebuild(&old, &new, options)?;
    drop(new);
    drop(old);
    report.damaged_copy = Some(exchange(exclusive.path(), &workshop)?);
    Ok(report)
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
    env::sync_directory(directory)?;
    remove_workshop(workshop)?;
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

/// What is carried from one environment to the other.
struct Carrier<'o> {
    options: &'o RepairOptions<'o>,
    collectives: BTreeMap<CollectiveNumber, (CollectiveId, CounterRow)>,
    lost: u64,
    last_sequence: Seq,
}

/// Fills the new environment; how many records could not be saved.
fn rebuild(old: &Arc<Environment>, new: &Arc<Environment>, options: &RepairOptions<'_>) -> Result<u64> {
    let txn = old.read()?;
    let view = View::new(old, &txn);
    let mut carrier = Carrier { options, collectives: BTreeMap::new(), lost: 0, last_sequence: 0 };
    carrier.last_sequence = view.last_sequence().unwrap_or(0);
    carrier.foundation(view, new)?;
    carrier.records(view, new)?;
    carrier.counters(new)?;
    carrier.log(view, new)?;
    Ok(carrier.lost)
}

fn in_transaction<T>(
    env: &Environment,
    size: Size,
    write: impl FnOnce(&mut WriteTxn<'_>) -> Result<T>,
) -> Result<T> {
    let mut txn = WriteTxn::begin(env)?;
    txn.start_operation(size, Space::Growth)?;
    let value = write(&mut txn)?;
    txn.commit_untrimmed()?;
    Ok(value)
}

impl Carrier<'_> {
    /// The rows of `meta`, and every collective that can be read.
    fn foundation(&mut self, view: View<'_>, new: &Environment) -> Result<()> {
        let identity = meta::identity(view).unwrap_or_else(|_| self.options.identity.clone());
        let created = view.row(Table::Meta, meta::CREATED, meta::read_number).ok().flatten();
        let created = created.map_or(clock::now(), |millis| Timestamp::from_millis(millis as i64));
        let mut collectives = Vec::new();
        for row in view.sealed_range(Table::Collective, Bound::Unbounded, Bound::Unbounded)? {
            let (key, value) = row?;
            let row = seal::open(Table::Collective, key, value).ok().and_then(CollectiveRow::read);
            if let (Ok(id), Some(row)) = (key.try_into().map(CollectiveId::from_bytes), row) {
                let next_slot = view.counter(row.number).map_or(0, |counter| counter.next_slot);
                self.collectives.insert(row.number, (id, CounterRow { next_slot, ..Default::default() }));
                collectives.push((id, row));
            }
        }
        in_transaction(new, FOUNDATION, |txn| {
            meta::write_new(txn, &identity, created)?;
            collectives.iter().try_for_each(|(id, row)| put_collective(txn, *id, row))
        })
    }

    /// Every record that can be read, except those of deleted collectives.
    fn records(&mut self, view: View<'_>, new: &Environment) -> Result<()> {
        let deleted: Vec<CollectiveNumber> =
            view.reclaims().unwrap_or_default().into_iter().map(|(number, _)| number).collect();
        let mut batch = Vec::with_capacity(BATCH);
        for record in check::records(view)? {
            match record? {
                // What was deleted already is not lost.
                Record::Damaged { key } if is_member(view, key, &deleted) => {}
                Record::Damaged { .. } => self.lost += 1,
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
        experience: Experience,
    ) -> (Place, Experience, Option<StoredVector>) {
        self.last_sequence = self.last_sequence.max(experience.sequence);
        let stored = |components: Vec<f32>| {
            let norm_bits = (self.options.norm_of)(&components)?;
            Some(StoredVector { components, norm_bits })
        };
        let vector = if place.has_vector {
            let found = view.vector(place).ok().and_then(stored);
            found.or_else(|| (self.options.embed)(&experience.content).and_then(stored))
        } else {
            None
        };
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
        if !self.collectives.contains_key(&place.number) {
            self.recover_collective(txn, place.number, experience)?;
        }
        let Some((id, counter)) = self.collectives.get_mut(&place.number) else { return Ok(()) };
        let mut place = place;
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
        let dimension = meta::identity(txn.view())?.dimension as u16;
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

    fn counters(&mut self, new: &Environment) -> Result<()> {
        let next_number = self.collectives.keys().last().map_or(1, |number| u64::from(number.0) + 1);
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
        let copied = if self.lost == 0 { copy_log(view, new).ok() } else { None };
        let last = self.last_sequence;
        let floor = copied.unwrap_or(last + 1);
        in_transaction(new, FOUNDATION, |txn| {
            txn.put(Table::Meta, meta::SEQUENCE, |out| out.u64(last))?;
            txn.put(Table::Meta, meta::FLOOR, |out| out.u64(floor))
        })
    }
}

/// Copies every change that the log holds; the number of the first.
fn copy_log(view: View<'_>, new: &Environment) -> Result<Seq> {
    let floor = view.oldest_change()?;
    let mut next = floor.saturating_sub(1);
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
