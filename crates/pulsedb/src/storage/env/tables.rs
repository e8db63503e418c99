//! The named tables of an environment: found, or made in one transaction.

use std::io::ErrorKind;
use std::path::Path;

use heed::types::Bytes;
use heed::{CommitOrAbort, CommitToken, Database, Env, OnCommit, WithoutTls};

use super::failure::{damaged, engine_error, unsupported};
use super::home::DATA;
use super::lmdb::header::Header;
use crate::error::{PulseDBError, Result, StorageError};
use crate::limits;

/// Bytes of the seal in front of a value.
const SEAL_BYTES: usize = 8;

/// One table: keys and values are plain bytes.
pub(crate) type Tree = Database<'static, Bytes, Bytes>;

/// Opens every table. A writable environment makes those that are missing; a read-only one has a database that is
/// not made yet if it has none, and a damaged one if it lacks some.
pub(super) fn open(
    engine: &Env<WithoutTls>,
    names: &[&str],
    header: &Header,
    read_only: bool,
    path: &Path,
) -> Result<Vec<Tree>> {
    let found = find(engine, names).map_err(|error| match error {
        // The first snapshot of a process takes a lock on the byte of its number in LMDB's lock file.
        heed::Error::Io(error) if error.kind() == ErrorKind::WouldBlock => same_number(),
        error => engine_error("opening the tables", error),
    })?;
    let is_new = header.main.is_empty();
    if !is_new && found.iter().all(Option::is_none) {
        return Err(unsupported(format!(
            "{} is an LMDB file of another program; name another directory",
            path.join(DATA).display()
        )));
    }
    if !is_new {
        refuse_older_format(engine, &found)?;
    }
    let missing = names.iter().zip(&found).find(|(_, table)| table.is_none()).map(|(name, _)| *name);
    match missing {
        None => Ok(found.into_iter().flatten().collect()),
        Some(_) if read_only && is_new => {
            Err(StorageError::DatabaseNotFound { path: path.to_owned() }.into())
        }
        Some(name) if read_only => Err(damaged(format!("table {name} is missing"))),
        Some(_) => make(engine, names).map_err(|error| engine_error("making the tables", error)),
    }
}

/// Refuses a file that lacks tables because it has an older format, before any are made. The first table holds the
/// format; see `docs/pulsedb-format.md`.
fn refuse_older_format(engine: &Env<WithoutTls>, found: &[Option<Tree>]) -> Result<()> {
    let Some(Some(meta)) = found.first() else { return Ok(()) };
    if found.iter().all(Option::is_some) {
        return Ok(());
    }
    let txn = engine.read_txn().map_err(|error| engine_error("reading the format", error))?;
    let row = meta.get(&txn, b"format").map_err(|error| engine_error("reading the format", error))?;
    let version = row.and_then(|row| row.get(SEAL_BYTES..)?.first_chunk::<4>());
    let Some([major_low, major_high, minor_low, minor_high]) = version.copied() else { return Ok(()) };
    let major = u16::from_le_bytes([major_low, major_high]);
    let minor = u16::from_le_bytes([minor_low, minor_high]);
    if major < limits::FORMAT_MAJOR {
        return Err(StorageError::FormatTooOld {
            found: format!("{major}.{minor}"),
            supported: format!("{}.0", limits::FORMAT_MAJOR),
        }
        .into());
    }
    Ok(())
}

fn same_number() -> PulseDBError {
    let holder = format!(
        "a process with the same process id, {}, in another PID namespace, such as another container on this volume; \
         the engine tells processes apart by their ids, so start one of the two under another id (as the child \
         of a shell, for instance), or let both share one PID namespace",
        std::process::id()
    );
    StorageError::DatabaseLocked { holder }.into()
}

fn find(engine: &Env<WithoutTls>, names: &[&str]) -> heed::Result<Vec<Option<Tree>>> {
    let txn = engine.read_txn()?;
    let opened = engine.open_databases_and_commit(txn, |opener, txn| {
        let tables = names.iter().map(|name| opener.open_database::<Bytes, Bytes>(txn, Some(name)));
        tables.collect::<heed::Result<Vec<_>>>().map(|tables| CommitOrAbort::<_, ()>::Commit(Each(tables)))
    })?;
    Ok(opened.commit().unwrap_or_default())
}

fn make(engine: &Env<WithoutTls>, names: &[&str]) -> heed::Result<Vec<Tree>> {
    let txn = engine.write_txn()?;
    let made = engine.create_databases_and_commit(txn, |opener, txn| {
        let tables = names.iter().map(|name| opener.create_database::<Bytes, Bytes>(txn, Some(name)));
        tables.collect::<heed::Result<Vec<_>>>().map(|tables| CommitOrAbort::<_, ()>::Commit(Each(tables)))
    })?;
    Ok(made.commit().unwrap_or_default())
}

/// As many tables as there are names; heed knows only arrays and tuples.
struct Each<T>(Vec<T>);

impl OnCommit for Each<Database<'_, Bytes, Bytes>> {
    type Committed = Vec<Tree>;

    fn on_commit(self, token: &CommitToken) -> Self::Committed {
        self.0.into_iter().map(|table| table.on_commit(token)).collect()
    }
}

impl OnCommit for Each<Option<Database<'_, Bytes, Bytes>>> {
    type Committed = Vec<Option<Tree>>;

    fn on_commit(self, token: &CommitToken) -> Self::Committed {
        self.0.into_iter().map(|table| table.on_commit(token)).collect()
    }
}
