//! The engines: each commits a numbered row durably, and tells another process the newest number.

use std::path::Path;

use pulsedb::{CollectiveId, Config, EmbeddingDimension, NewExperience, PulseDB, WatchStream};
use redb::{Builder, ConcurrencyMode, Database, ReadOnlyDatabase, ReadableDatabase, TableDefinition};
use rusqlite::Connection;

/// An engine.
pub(crate) trait Peer {
    const NAME: &str;
    /// Whether a follower has to ask again and again.
    const IS_POLLED: bool;

    fn writer(home: &Path) -> impl Writer;

    fn follower(home: &Path) -> impl Follower + 'static;
}

pub(crate) trait Writer {
    /// Returns when the row is durable.
    fn commit(&mut self, number: u64);
}

pub(crate) trait Follower {
    /// The greatest number that is committed; where the engine can wait, when there is another one.
    fn newest(&mut self) -> u64;
}

pub(crate) struct Pulse;

struct PulseWriter(PulseDB, CollectiveId);

struct PulseFollower {
    _db: PulseDB,
    stream: WatchStream,
    seen: u64,
}

fn open(home: &Path) -> (PulseDB, CollectiveId) {
    let config = Config::with_external_embeddings(EmbeddingDimension::Custom(2));
    let db = PulseDB::open(home.join("pulse"), config).expect("it opens");
    let cid = db.get_or_create_collective("c").expect("a collective");
    (db, cid)
}

impl Peer for Pulse {
    const NAME: &str = "pulsedb";
    const IS_POLLED: bool = false;

    fn writer(home: &Path) -> impl Writer {
        let (db, cid) = open(home);
        PulseWriter(db, cid)
    }

    fn follower(home: &Path) -> impl Follower + 'static {
        let (db, cid) = open(home);
        PulseFollower { stream: db.watch_experiences(cid), _db: db, seen: 0 }
    }
}

impl Writer for PulseWriter {
    fn commit(&mut self, number: u64) {
        let new = NewExperience {
            collective_id: self.1,
            content: number.to_string(),
            embedding: Some(vec![1.0, 0.0]),
            ..Default::default()
        };
        self.0.record_experience(new).expect("it is recorded");
    }
}

impl Follower for PulseFollower {
    fn newest(&mut self) -> u64 {
        self.stream.recv().expect("the database is open");
        self.seen += 1;
        self.seen
    }
}

pub(crate) struct Sqlite;

struct SqliteFollower {
    connection: Connection,
    version: i64,
    newest: u64,
}

fn connect(home: &Path) -> Connection {
    let connection = Connection::open(home.join("sqlite.db")).expect("it opens");
    connection.pragma_update(None, "journal_mode", "WAL").expect("it has a log");
    connection.pragma_update(None, "synchronous", "FULL").expect("commits are durable");
    connection.execute_batch("CREATE TABLE IF NOT EXISTS row (number INTEGER PRIMARY KEY)").expect("a table");
    connection
}

impl Peer for Sqlite {
    const NAME: &str = "sqlite";
    const IS_POLLED: bool = true;

    fn writer(home: &Path) -> impl Writer {
        connect(home)
    }

    fn follower(home: &Path) -> impl Follower + 'static {
        SqliteFollower { connection: connect(home), version: -1, newest: 0 }
    }
}

impl Writer for Connection {
    fn commit(&mut self, number: u64) {
        let number = i64::try_from(number).expect("small");
        self.execute("INSERT INTO row VALUES (?1)", [number]).expect("it is inserted");
    }
}

impl Follower for SqliteFollower {
    fn newest(&mut self) -> u64 {
        let mut statement = self.connection.prepare_cached("PRAGMA data_version").expect("a pragma");
        let version = statement.query_row([], |row| row.get(0)).expect("a version");
        if version != self.version {
            self.version = version;
            let mut statement =
                self.connection.prepare_cached("SELECT max(number) FROM row").expect("a query");
            let newest: i64 = statement.query_row([], |row| row.get(0)).expect("a row");
            self.newest = newest.try_into().expect("it is a number of ours");
        }
        self.newest
    }
}

pub(crate) struct Redb;

const ROWS: TableDefinition<'_, u64, ()> = TableDefinition::new("row");

impl Peer for Redb {
    const NAME: &str = "redb";
    const IS_POLLED: bool = true;

    fn writer(home: &Path) -> impl Writer {
        let mut builder = Builder::new();
        builder.set_concurrency_mode(ConcurrencyMode::MultiWriter);
        builder.create(home.join("redb")).expect("it opens")
    }

    fn follower(home: &Path) -> impl Follower + 'static {
        let mut builder = Builder::new();
        builder.set_concurrency_mode(ConcurrencyMode::MultiWriter);
        builder.open_read_only(home.join("redb")).expect("it opens")
    }
}

impl Writer for Database {
    fn commit(&mut self, number: u64) {
        let txn = self.begin_write().expect("a transaction");
        txn.open_table(ROWS).expect("a table").insert(number, ()).expect("it is inserted");
        txn.commit().expect("it is committed");
    }
}

impl Follower for ReadOnlyDatabase {
    fn newest(&mut self) -> u64 {
        let txn = self.begin_read().expect("a transaction");
        let table = txn.open_table(ROWS).expect("a table");
        let last = redb::ReadableTable::last(&table).expect("it can be read").expect("a row");
        last.0.value()
    }
}
