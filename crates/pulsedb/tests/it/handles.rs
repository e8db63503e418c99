//! Handles of one process, settings that agree or not, retention and order.

use std::time::Duration;

use pulsedb::{
    Config, EmbeddingDimension, LogConfig, NewExperience, PulseDB, PulseDBError, SearchConfig, StorageError,
    SyncMode, Timestamp, VectorConfig,
};

use crate::samples::{DIMENSION, all, directory, external, labelled, open, until, until_reclaimed};

#[test]
fn two_handles_of_a_process_are_one_database_also_by_another_name() {
    let home = directory();
    let path = home.path().join("db");
    let first = open(&path);
    let cid = first.create_collective("c").unwrap();
    let second = PulseDB::open(home.path().join("./db/../db"), external(DIMENSION)).unwrap();
    let id = second.record_experience(labelled("x", cid)).unwrap();
    assert!(first.get_experience(id).unwrap().is_some());
    assert_eq!(PulseDB::writers(&path).unwrap().len(), 1);
}

#[test]
fn writable_handle_may_follow_a_read_only_one_and_each_keeps_its_nature() {
    let home = directory();
    let cid = open(home.path()).create_collective("c").unwrap();
    let reader = PulseDB::open(home.path(), Config::read_only()).unwrap();
    let writer = open(home.path());
    let id = writer.record_experience(labelled("x", cid)).unwrap();
    assert!(reader.get_experience(id).unwrap().is_some());
    assert!(matches!(reader.delete_experience(id), Err(PulseDBError::ReadOnly)));
    writer.close().unwrap();
    assert!(reader.get_experience(id).unwrap().is_some());
    assert!(matches!(reader.delete_experience(id), Err(PulseDBError::ReadOnly)));
}

#[test]
fn settings_that_conflict_with_the_open_environment_are_named() {
    let home = directory();
    let db = open(home.path());
    let conflicts = [
        Config { sync_mode: SyncMode::Fast, ..external(DIMENSION) },
        Config { map_size_gb: 32, ..external(DIMENSION) },
        Config { log: LogConfig { max_rows: 5, ..LogConfig::default() }, ..external(DIMENSION) },
        Config { vector: VectorConfig { seal_rows: 17, ..VectorConfig::default() }, ..external(DIMENSION) },
    ];
    for config in conflicts {
        let error = PulseDB::open(home.path(), config).unwrap_err();
        assert!(error.is_config(), "{error:?}");
    }
    // What belongs to the handle alone may differ.
    let shared = external(DIMENSION);
    let own = Config { vector: VectorConfig { rescore: 300, ..shared.vector.clone() }, ..shared };
    PulseDB::open(home.path(), own).unwrap().close().unwrap();
    db.create_collective("c").unwrap();
}

#[test]
fn bad_settings_are_refused_before_a_directory_is_made() {
    let home = directory();
    let path = home.path().join("db");
    let bad = [
        Config { map_size_gb: 0, ..Config::default() },
        Config { vector: VectorConfig { rescore: 0, ..VectorConfig::default() }, ..Config::default() },
        Config { vector: VectorConfig { seal_rows: 15, ..VectorConfig::default() }, ..Config::default() },
        Config { search: SearchConfig { bm25_b: 1.5, ..SearchConfig::default() }, ..Config::default() },
        Config { search: SearchConfig { bm25_k1: f32::NAN, ..SearchConfig::default() }, ..Config::default() },
        Config::with_external_embeddings(EmbeddingDimension::Custom(0)),
        Config::with_external_embeddings(EmbeddingDimension::Custom(4097)),
        Config { log: LogConfig { max_rows: 0, ..LogConfig::default() }, ..Config::default() },
        Config { log: LogConfig { max_age: Duration::ZERO, ..LogConfig::default() }, ..Config::default() },
    ];
    for config in bad {
        let error = PulseDB::open(&path, config).unwrap_err();
        assert!(error.is_validation(), "{error:?}");
        assert!(!path.exists());
    }
}

#[test]
fn retention_trims_the_log_and_never_renumbers() {
    let home = directory();
    let config = || Config { log: LogConfig { max_rows: 20, ..LogConfig::default() }, ..external(DIMENSION) };
    let db = PulseDB::open(home.path(), config()).unwrap();
    let cid = db.create_collective("c").unwrap();
    for number in 0..100 {
        db.record_experience(labelled(&format!("{number}"), cid)).unwrap();
    }
    assert_eq!(db.get_current_sequence(), 101);
    let Err(PulseDBError::ChangesGone { oldest }) = db.poll_changes(cid, 0) else {
        panic!("nothing is gone")
    };
    assert_eq!(oldest, 101 - 20 + 1);
    let (kept, next) = db.poll_changes(cid, oldest - 1).unwrap();
    assert_eq!(kept.iter().map(|event| event.sequence).collect::<Vec<_>>(), (82..=101).collect::<Vec<_>>());
    assert_eq!(next, 101);
    assert!(matches!(db.poll_changes(cid, oldest - 2), Err(PulseDBError::ChangesGone { .. })));
    assert!(db.poll_changes(cid, 101).unwrap().0.is_empty());
    assert_eq!(db.poll_changes(cid, 5000).unwrap(), (Vec::new(), 5000));
    assert_eq!(db.stats().unwrap().oldest_change, oldest);
    // A search that has not looked for longer than the log reaches back still knows everything.
    assert_eq!(db.search_similar(cid, &[1.0; DIMENSION], 1000).unwrap().len(), 100);
    db.close().unwrap();
    let db = PulseDB::open(home.path(), config()).unwrap();
    assert_eq!(db.get_current_sequence(), 101);
    db.delete_collective(cid).unwrap();
    assert_eq!(db.get_current_sequence(), 101 + 101);
    until_reclaimed(&db);
    assert!(db.check().unwrap().is_clean());
    assert_eq!(db.create_collective("d").map(|_| db.get_current_sequence()).unwrap(), 203);
}

#[test]
fn changes_that_are_too_old_go_and_the_numbers_stay() {
    let home = directory();
    let log = LogConfig { max_age: Duration::from_millis(1), ..LogConfig::default() };
    let db = PulseDB::open(home.path(), Config { log, ..external(DIMENSION) }).unwrap();
    let cid = db.create_collective("c").unwrap();
    // Until the clock has moved on the rows are young; each commit trims what has become old.
    let mut last = 0;
    until("the first change is too old", || {
        db.record_experience(labelled("x", cid)).unwrap();
        last += 1;
        db.poll_changes(cid, 0).is_err()
    });
    let Err(PulseDBError::ChangesGone { oldest }) = db.poll_changes(cid, 0) else { panic!("some are gone") };
    assert!(oldest > 1 && oldest <= last + 2);
    assert_eq!(db.get_current_sequence(), last + 1);
    assert!(db.poll_changes(cid, oldest - 1).is_ok());
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn equal_scores_and_times_are_ordered_by_the_smaller_id() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("\u{6f22}\u{5b57} \u{1f980}").unwrap();
    let row = |time: i64| NewExperience {
        timestamp: Some(Timestamp::from_millis(time)),
        embedding: Some(vec![2.0; DIMENSION]),
        ..labelled("same", cid)
    };
    let ids = db.record_experiences([3, 1, 3, 2, 3].map(row).to_vec()).unwrap();
    let expected = [ids[0], ids[2], ids[4], ids[3], ids[1]];
    let hits = db.search_similar(cid, &[1.0; DIMENSION], 5).unwrap();
    assert_eq!(hits.iter().map(|hit| hit.experience.id).collect::<Vec<_>>(), expected);
    let recent = db.get_recent_experiences(cid, 5).unwrap();
    assert_eq!(recent.iter().map(|row| row.id).collect::<Vec<_>>(), expected);
    assert_eq!(all(&db, cid).iter().map(|row| row.id).collect::<Vec<_>>(), ids);
    assert_eq!(db.list_collectives().unwrap()[0].name, "\u{6f22}\u{5b57} \u{1f980}");
}

#[test]
fn database_that_another_process_repairs_or_writes_names_its_holder() {
    let home = directory();
    let db = open(home.path());
    let error = PulseDB::repair(home.path(), external(DIMENSION)).unwrap_err();
    assert!(matches!(error, PulseDBError::Storage(StorageError::DatabaseLocked { .. })), "{error:?}");
    let writers = PulseDB::writers(home.path()).unwrap();
    assert_eq!(writers.iter().map(|holder| holder.pid).collect::<Vec<_>>(), [std::process::id()]);
    db.close().unwrap();
    assert_eq!(PulseDB::writers(home.path()).unwrap(), []);
}

/// A process that is being started has copies of all descriptors until it runs its own program. Locks belong to what
/// the descriptors share, so they have to be given back, not only closed.
#[cfg(target_os = "linux")]
#[test]
fn locks_of_a_closed_handle_are_gone_while_other_threads_start_processes() {
    use std::sync::atomic::{AtomicBool, Ordering};
    const PROCESSES_MAX: u32 = 1_000_000;
    let home = directory();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..PROCESSES_MAX {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                std::process::Command::new("true").status().unwrap();
            }
            panic!("the handles were not closed while {PROCESSES_MAX} processes were started");
        });
        let outcome = std::panic::catch_unwind(|| {
            for _ in 0..200 {
                open(home.path()).close().unwrap();
                assert_eq!(PulseDB::writers(home.path()).unwrap(), []);
                // It needs the database alone.
                assert!(PulseDB::repair(home.path(), external(DIMENSION)).unwrap().is_clean());
            }
        });
        done.store(true, Ordering::Relaxed);
        assert!(outcome.is_ok(), "a closed handle still has the database open");
    });
}
