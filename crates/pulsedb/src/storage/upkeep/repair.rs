//! Repair: a new data file from the records of a damaged one, which is kept beside it.
//!
//! ```text
//! alone with the database: the pages are damaged -> salvage the rows that can be read into `repair/rows`
//! check; clean -> done
//!   new environment in `repair/`: collectives, records, vectors; everything derived is rebuilt
//!   the log is copied if it is whole and no record was lost, else it begins after the last number
//!   data.mdb gets a second name, data.mdb.damaged-<time>; repair/data.mdb is renamed to data.mdb
//! ```
//! There is a complete `data.mdb` at every moment: the damaged one until the rename, the new one after it.

use crate::error::{PulseDBError, Result, StorageError};
use crate::limits;
use crate::model::{CheckReport, Fault};
use crate::storage::env::{self, EnvHandle, EnvOptions, Environment, Exclusive};
use crate::storage::format::meta;
use crate::storage::format::tables::{self, Table};
use crate::storage::read::view::View;
use crate::storage::upkeep::check;
use crate::storage::upkeep::rebuild::rebuild;
use crate::storage::upkeep::repair_options::RepairOptions;
use crate::storage::upkeep::salvage::salvaged;
use crate::storage::upkeep::workshop::{ROWS, WORKSHOP, exchange, remove_workshop};

/// Checks the database and, if anything is wrong, rebuilds it from its records.
pub(crate) fn repair(options: &RepairOptions<'_>) -> Result<CheckReport> {
    let exclusive = env::lock_exclusive(options.path)?;
    let workshop = exclusive.path().join(WORKSHOP);
    remove_workshop(&workshop)?;
    let mut damage = CheckReport::default();
    let old = match open_sound(options, &exclusive) {
        Err(PulseDBError::Storage(StorageError::Corrupted { table, key })) => {
            let problem = "pages of the file are damaged; the rows on the other pages were read".into();
            damage.fault_count = 1;
            damage.faults.push(Fault { table, key, problem });
            salvaged(options, &exclusive, &workshop.join(ROWS))?
        }
        old => old?,
    };
    admit_format(&old)?;
    let checked = check::check(&old, options.builder)?;
    if damage.is_clean() && checked.is_clean() {
        // A file that was cut behind its last page has lost nothing, but would be refused because of its length.
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
    let new = Environment::open(&options.writable(&workshop), tables::NAMES)?;
    let lost = rebuild(&old, &new, options)?;
    (report.records_lost, report.vectors_lost) = (lost.records, lost.vectors);
    (report.relations_lost, report.insights_lost) = (lost.relations, lost.insights);
    drop(new);
    drop(old);
    report.damaged_copy = Some(exchange(exclusive.path(), &workshop)?);
    Ok(report)
}

/// The database as the engine opens it, if every page can be trusted.
fn open_sound(options: &RepairOptions<'_>, exclusive: &Exclusive) -> Result<EnvHandle> {
    let read_only = EnvOptions { read_only: true, ..options.writable(options.path) };
    let old = Environment::open_exclusive(&read_only, tables::NAMES, exclusive)?;
    old.check_pages()?;
    Ok(old)
}

/// Refuses a database that a newer version has written: what this one does not know is not damage.
fn admit_format(env: &Environment) -> Result<()> {
    let txn = env.read()?;
    match View::of(&txn).row(Table::Meta, meta::FORMAT, meta::FormatRow::read) {
        Ok(Some(format)) => format.admit(),
        _ => Ok(()),
    }
}
