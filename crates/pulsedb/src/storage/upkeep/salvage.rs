//! The rows of a damaged file that can still be read.

use std::path::Path;

use crate::error::Result;
use crate::limits;
use crate::storage::env::{EnvHandle, Environment, Exclusive};
use crate::storage::format::tables::{self, Table};
use crate::storage::upkeep::repair_options::{BATCH, RepairOptions, in_transaction};
use crate::storage::write::transaction::Size;

/// The rows of a damaged file that can be read, as an environment of its own.
pub(super) fn salvaged(
    options: &RepairOptions<'_>,
    exclusive: &Exclusive,
    directory: &Path,
) -> Result<EnvHandle> {
    let rows = Environment::open(&options.writable(directory), tables::NAMES)?;
    let mut batch: Vec<(Table, Vec<u8>, Vec<u8>)> = Vec::with_capacity(BATCH);
    exclusive.salvage(&mut |name, key, value| {
        let table = Table::named(name);
        let readable =
            !key.is_empty() && key.len() <= limits::KEY_BYTES_MAX && value.len() <= limits::VALUE_BYTES_MAX;
        if let Some(table) = table.filter(|_| readable) {
            batch.push((table, key.to_vec(), value.to_vec()));
        }
        if batch.len() == BATCH { put_rows(&rows, options, std::mem::take(&mut batch)) } else { Ok(()) }
    })?;
    put_rows(&rows, options, batch)?;
    Ok(rows)
}

fn put_rows(
    env: &Environment,
    options: &RepairOptions<'_>,
    batch: Vec<(Table, Vec<u8>, Vec<u8>)>,
) -> Result<()> {
    let bytes = batch.iter().map(|(_, key, value)| key.len() + value.len()).sum();
    in_transaction(env, options, Size { records: batch.len(), bytes }, |txn| {
        batch.iter().try_for_each(|(table, key, value)| txn.put_sealed(*table, key, value))
    })
}
