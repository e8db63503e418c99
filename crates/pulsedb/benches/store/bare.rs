//! The yardstick of a record, or of a relation: a bare LMDB transaction that puts the same rows into the same tables.
//!
//! The rows are what one record has changed: the difference of two copies of the data file, taken before and after
//! it. They are put again and again into the second copy, each time under fresh keys: a key that was new is counted
//! up by one as a number, so that it is again the next row of its table, or of its part of an index.
#![allow(unsafe_code)] // LMDB maps a file: opening it is unsafe by its interface.

use std::path::Path;

use heed::types::Bytes;
use heed::{CommitOrAbort, CommitToken, Database, Env, EnvOpenOptions, OnCommit, PutFlags, WithoutTls};

/// Bytes of the map: the default of `Config::map_size_gb`, with which the database was made.
const MAP_BYTES: usize = 64 << 30;
/// The tables whose rows the library appends.
const APPENDED: &[&str] = &["experience", "log"];

type Table = Database<'static, Bytes, Bytes>;

/// An open copy, and the rows that each transaction puts into it.
pub(crate) struct Bare {
    env: Env<WithoutTls>,
    tables: Vec<(String, Table)>,
    rows: Vec<Row>,
    /// Rows of all tables before the first transaction.
    count_before: u64,
}

struct Row {
    table: Table,
    key: Vec<u8>,
    value: Vec<u8>,
    flags: PutFlags,
    /// Whether no row stood under its key before.
    fresh: bool,
}

impl Bare {
    /// Opens the copy `after` and finds the rows in which it differs from the copy `before`.
    pub(crate) fn new(before: &Path, after: &Path) -> Self {
        let (old_env, old_tables) = open(before);
        let (env, tables) = open(after);
        let rows = {
            let old = old_env.read_txn().expect("a snapshot can be taken");
            let new = env.read_txn().expect("a snapshot can be taken");
            let pairs = old_tables.iter().zip(&tables);
            pairs
                .flat_map(|((_, before), (name, after))| changed(name, *before, &old, *after, &new))
                .collect()
        };
        let mut bare = Self { env, tables, rows, count_before: 0 };
        bare.count_before = bare.count();
        println!("one call changes {} rows, {} of them new", bare.rows.len(), bare.fresh());
        bare
    }

    /// One durable transaction that puts every row.
    pub(crate) fn put(&mut self) {
        let mut txn = self.env.write_txn().expect("a write transaction begins");
        for row in &mut self.rows {
            if row.fresh {
                count_up(&mut row.key);
            }
            row.table.put_with_flags(&mut txn, row.flags, &row.key, &row.value).expect("a row can be put");
        }
        txn.commit().expect("the transaction commits");
    }

    /// Asserts that so many transactions have put their rows.
    pub(crate) fn check(&self, transactions: usize) {
        assert!(self.fresh() > 4);
        assert_eq!(self.count() - self.count_before, (transactions * self.fresh()) as u64);
    }

    fn fresh(&self) -> usize {
        self.rows.iter().filter(|row| row.fresh).count()
    }

    fn count(&self) -> u64 {
        let txn = self.env.read_txn().expect("a snapshot can be taken");
        self.tables.iter().map(|(_, table)| table.len(&txn).expect("a table has a length")).sum()
    }
}

/// The rows of one table that differ from those before.
fn changed(
    name: &str,
    before: Table,
    old: &heed::RoTxn<'_, WithoutTls>,
    after: Table,
    new: &heed::RoTxn<'_, WithoutTls>,
) -> Vec<Row> {
    let append = if APPENDED.contains(&name) { PutFlags::APPEND } else { PutFlags::empty() };
    let mut old_rows = before.iter(old).expect("a table can be read").map(whole).peekable();
    let mut rows = Vec::new();
    for (key, value) in after.iter(new).expect("a table can be read").map(whole) {
        let stood = old_rows.next_if(|(old_key, _)| *old_key == key);
        if stood.is_some_and(|(_, old_value)| old_value == value) {
            continue;
        }
        let fresh = stood.is_none();
        let flags = if fresh { append } else { PutFlags::empty() };
        rows.push(Row { table: after, key: key.to_vec(), value: value.to_vec(), flags, fresh });
    }
    assert!(old_rows.next().is_none(), "a record removes no row");
    rows
}

fn whole<'t>(row: heed::Result<(&'t [u8], &'t [u8])>) -> (&'t [u8], &'t [u8]) {
    row.expect("a row can be read")
}

/// Adds one to a big-endian number.
fn count_up(number: &mut [u8]) {
    for byte in number.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            return;
        }
    }
}

/// Opens a copy as the library opens the database, with all its tables.
fn open(path: &Path) -> (Env<WithoutTls>, Vec<(String, Table)>) {
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(MAP_BYTES).max_dbs(64);
    // SAFETY: the copy belongs to this process alone, which opens it once.
    let env = unsafe { options.open(path) }.expect("a copy of a database opens");
    let txn = env.read_txn().expect("a snapshot can be taken");
    let opened = env.open_databases_and_commit(txn, |opener, txn| {
        let names =
            opener.open_database::<Bytes, Bytes>(txn, None)?.expect("the unnamed table is always there");
        let mut tables = Vec::new();
        for row in names.iter(txn)? {
            let name = String::from_utf8(row?.0.to_vec()).expect("tables have plain names");
            let table =
                opener.open_database::<Bytes, Bytes>(txn, Some(&name))?.expect("it has just been listed");
            tables.push((name, table));
        }
        Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(Named(tables)))
    });
    let tables = opened.expect("the tables open").commit().expect("the closure commits");
    (env, tables)
}

/// Tables by name; heed knows only arrays and tuples of tables.
struct Named<T>(Vec<(String, T)>);

impl OnCommit for Named<Database<'_, Bytes, Bytes>> {
    type Committed = Vec<(String, Table)>;

    fn on_commit(self, token: &CommitToken) -> Self::Committed {
        self.0.into_iter().map(|(name, table)| (name, table.on_commit(token))).collect()
    }
}
