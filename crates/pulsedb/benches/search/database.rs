//! The databases that are searched: made once a size, and kept where `PULSEDB_BENCH_HOME` says.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pulsedb::{CollectiveId, Config, EmbeddingDimension, PulseDB, SyncMode};

use crate::data::Data;

/// Records of one commit while a database is filled.
const FILL: usize = 500;
/// The name of the collective.
const NAME: &str = "bench";

/// A database with so many records, of which each is a function of its number.
pub(crate) struct Database {
    pub(crate) rows: usize,
    pub(crate) path: PathBuf,
    /// Removes it at the end, unless it is kept.
    _temporary: Option<tempfile::TempDir>,
    /// The longest commit while it was filled; `None` if it was there.
    pub(crate) longest_fill: Option<Duration>,
}

impl Database {
    pub(crate) fn build(data: &Data, rows: usize) -> Self {
        let kept = std::env::var_os("PULSEDB_BENCH_HOME").map(PathBuf::from);
        // On the disk that cargo builds on: the usual place for temporary files may be memory.
        let temporary = || tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory is made");
        let temporary = kept.is_none().then(temporary);
        let home = kept.or_else(|| temporary.as_ref().map(|home| home.path().to_owned()));
        let home = home.expect("one of the two");
        let path = home.join(format!("{rows}x{}", data.dimension));
        let mut database = Self { rows, path, _temporary: temporary, longest_fill: None };
        if !database.path.exists() {
            let unfinished = home.join("unfinished");
            let _ = fs::remove_dir_all(&unfinished);
            database.longest_fill = Some(fill(data, rows, &unfinished));
            fs::rename(&unfinished, &database.path).expect("a directory gets its name");
        }
        database
    }

    pub(crate) fn open(&self, data: &Data) -> (PulseDB, CollectiveId) {
        let db = PulseDB::open(&self.path, config(data)).expect("the database opens");
        let collective = collective(&db);
        (db, collective)
    }
}

/// The collective of the records.
pub(crate) fn collective(db: &PulseDB) -> CollectiveId {
    let collectives = db.list_collectives().expect("a list");
    collectives.iter().find(|one| one.name == NAME).expect("it was made with the database").id
}

fn fill(data: &Data, rows: usize, path: &Path) -> Duration {
    // A database that is not whole is made from the start, so nothing waits for the disk.
    let db = PulseDB::open(path, Config { sync_mode: SyncMode::Fast, ..config(data) }).expect("it opens");
    let collective = db.create_collective(NAME).expect("the name is free");
    let mut longest = Duration::ZERO;
    for first in (0..rows).step_by(FILL) {
        let numbers = first..(first + FILL).min(rows);
        let records = numbers.map(|number| data.record(number, collective)).collect();
        let start = Instant::now();
        db.record_experiences(records).expect("a batch is recorded");
        longest = longest.max(start.elapsed());
    }
    db.close().expect("the database closes");
    longest
}

/// The default settings, for vectors that the caller brings.
pub(crate) fn config(data: &Data) -> Config {
    Config::with_external_embeddings(EmbeddingDimension::Custom(data.dimension))
}
