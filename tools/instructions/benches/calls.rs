//! The calls whose instructions are counted, each on a database of a thousand records.
//!
//! `cargo xtask instructions` runs them under callgrind and compares the counts with `baseline.txt`. A caller that is
//! alone commits in its own thread, so the count of a record is whole: no other thread takes part in it.

#[path = "../../../crates/pulsedb/benches/store/data.rs"]
mod data;

use std::hint::black_box;

use gungraun::prelude::*;
use pulsedb::{CollectiveId, Config, EmbeddingDimension, ExperienceId, NewExperience, PulseDB, SyncMode};

use data::{DIMENSION, Source};

const RECORDS: usize = 1000;
/// How often each call is counted.
const RECORDED: usize = 32;
const GOT: usize = 128;
const SEARCHED: usize = 8;
const LISTED: usize = 8;

/// An open database and what the calls take.
struct Subject {
    db: PulseDB,
    collective: CollectiveId,
    ids: Vec<ExperienceId>,
    records: Vec<NewExperience>,
    queries: Vec<Vec<f32>>,
    /// Removed at the end.
    _root: tempfile::TempDir,
}

impl Subject {
    /// Makes it and makes each call once, so that what is done on first use is not counted.
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a directory can be made");
        // A small map, because callgrind needs the address space; the instructions of a flush are the kernel's.
        let config = Config {
            map_size_gb: 1,
            sync_mode: SyncMode::Fast,
            ..Config::with_external_embeddings(EmbeddingDimension::D384)
        };
        let db = PulseDB::open(root.path().join("db"), config).expect("a new database opens");
        let collective = db.create_collective("counted").expect("the name is free");
        let mut source = Source::new(2);
        let all = db.record_experiences(source.records(collective, RECORDS)).expect("a batch is recorded");
        let ids: Vec<_> = (0..GOT).map(|_| all[source.below(RECORDS)]).collect();
        let records = source.records(collective, RECORDED);
        let queries = (0..SEARCHED).map(|_| source.vector()).collect();
        let mut subject = Self { db, collective, ids, records, queries, _root: root };
        for _ in 0..2 {
            subject.db.record_experience(source.record(collective)).expect("a record is recorded");
        }
        subject = list(search(get(subject)));
        subject
    }
}

fn record(mut subject: Subject) -> Subject {
    for record in subject.records.drain(..) {
        black_box(subject.db.record_experience(record)).expect("a record is recorded");
    }
    subject
}

fn get(subject: Subject) -> Subject {
    for id in &subject.ids {
        let found = black_box(subject.db.get_experience(*id)).expect("a get succeeds");
        assert_eq!(found.map(|experience| experience.embedding.len()), Some(DIMENSION));
    }
    subject
}

fn search(subject: Subject) -> Subject {
    for query in &subject.queries {
        let hits =
            black_box(subject.db.search_similar(subject.collective, query, 10)).expect("a search succeeds");
        assert_eq!(hits.len(), 10);
    }
    subject
}

fn list(subject: Subject) -> Subject {
    for _ in 0..LISTED {
        let recent =
            black_box(subject.db.get_recent_experiences(subject.collective, 50)).expect("a list succeeds");
        assert_eq!(recent.len(), 50);
    }
    subject
}

#[library_benchmark]
#[bench::calls(Subject::new())]
fn record_32(subject: Subject) -> Subject {
    record(subject)
}

#[library_benchmark]
#[bench::calls(Subject::new())]
fn get_128(subject: Subject) -> Subject {
    get(subject)
}

#[library_benchmark]
#[bench::calls(Subject::new())]
fn search_8(subject: Subject) -> Subject {
    search(subject)
}

#[library_benchmark]
#[bench::calls(Subject::new())]
fn recent_50_8(subject: Subject) -> Subject {
    list(subject)
}

library_benchmark_group!(name = calls, benchmarks = [record_32, get_128, search_8, recent_50_8]);

main!(
    config = LibraryBenchmarkConfig::default()
        // Valgrind knows no AVX-512; naming the kernels keeps a processor without AVX2 from changing them unseen.
        .env("PULSEDB_ISA", "avx2"),
    library_benchmark_groups = calls
);
