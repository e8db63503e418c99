//! The databases that are measured: made once a size, below cargo's directory for temporary files.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use pulsedb::{CollectiveId, Config, EmbeddingDimension, ExperienceId, PulseDB};

use crate::data::{DIMENSION, Source};
use crate::report::{Report, seconds};

/// Records of one commit while a database is filled.
const FILL: usize = 500;

/// A database with some number of records. Its directory is removed when it is dropped.
pub(crate) struct Database {
    pub(crate) size: usize,
    pub(crate) collective: CollectiveId,
    /// Ids of the records, in order.
    pub(crate) ids: Vec<ExperienceId>,
    root: tempfile::TempDir,
}

impl Database {
    /// Makes and fills it.
    pub(crate) fn build(size: usize, report: &mut Report) -> Self {
        // On the disk that cargo builds on: the usual place for temporary files may be memory.
        let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory can be made");
        let db = PulseDB::open(root.path().join("db"), config()).expect("a new database opens");
        let collective = db.create_collective("bench").expect("the name is free");
        let mut source = Source::new(2);
        let mut ids = Vec::with_capacity(size);
        let start = Instant::now();
        while ids.len() < size {
            let records = source.records(collective, FILL.min(size - ids.len()));
            ids.extend(db.record_experiences(records).expect("a batch is recorded"));
        }
        let took = seconds(start.elapsed().as_secs_f64());
        println!("filled a database with {size} records in {took}, making up the records included");
        db.close().expect("the database closes");
        let database = Self { size, collective, ids, root };
        let bytes =
            fs::metadata(database.path().join("data.mdb")).expect("the data file is there").blocks() * 512;
        report.add("bytes on disk a record", "stated", size, (bytes / size as u64).to_string());
        database
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().join("db")
    }

    pub(crate) fn open(&self) -> PulseDB {
        let db = PulseDB::open(self.path(), config()).expect("the database opens");
        assert_eq!(db.embedding_dimension(), DIMENSION);
        db
    }

    /// A copy of the data file as it is now, in a directory of its own. The database must be closed.
    pub(crate) fn copy(&self, name: &str) -> PathBuf {
        let to = self.root.path().join(name);
        fs::create_dir(&to).expect("a directory can be made");
        copy_whole(&self.path().join("data.mdb"), &to.join("data.mdb"));
        to
    }
}

/// Copies a file and waits until the copy is on the disk, so that writing it back disturbs no measurement.
fn copy_whole(from: &Path, to: &Path) {
    fs::copy(from, to).expect("the data file can be copied");
    fs::File::open(to).and_then(|copy| copy.sync_all()).expect("the copy can be synced");
}

/// The default settings, for vectors that the caller brings.
pub(crate) fn config() -> Config {
    Config::with_external_embeddings(EmbeddingDimension::D384)
}
