//! Opening, sharing and closing.

use std::fs;
use std::sync::Arc;

use super::*;
use crate::error::{PulseDBError, StorageError};
use crate::storage::env::writers;

#[test]
fn committed_value_survives_closing_and_opening() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a/b");
    let environment = open(&path).unwrap();
    assert!(environment.was_created());
    let before = environment.last_txn_id().unwrap();
    put(&environment, b"key", b"value");
    assert_eq!(environment.last_txn_id().unwrap(), before + 1);
    drop(environment);
    let environment = open(&path).unwrap();
    assert!(!environment.was_created());
    assert_eq!(get(&environment, b"key").unwrap(), b"value");
}

#[test]
fn handles_of_one_directory_share_one_environment() {
    let home = tempfile::tempdir().unwrap();
    let first = open(home.path()).unwrap();
    let second = open(&home.path().join(".")).unwrap();
    assert!(Arc::ptr_eq(first.environment(), second.environment()));
    let other = EnvOptions { map_size_gb: 2, ..options(home.path()) };
    assert!(Environment::open(&other, TABLES).unwrap_err().is_config());
    let other = EnvOptions { sync_mode: SyncMode::Fast, ..options(home.path()) };
    assert!(Environment::open(&other, TABLES).unwrap_err().is_config());
}

#[test]
fn reader_makes_nothing_and_a_writer_may_follow_it() {
    let home = tempfile::tempdir().unwrap();
    let missing = home.path().join("missing");
    let error = Environment::open(&read_only(&missing), TABLES).unwrap_err();
    assert!(matches!(error, PulseDBError::Storage(StorageError::DatabaseNotFound { .. })), "{error}");
    let error = Environment::open(&read_only(home.path()), TABLES).unwrap_err();
    assert!(matches!(error, PulseDBError::Storage(StorageError::DatabaseNotFound { .. })), "{error}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);

    put(&open(home.path()).unwrap(), b"key", b"value");
    fs::remove_file(home.path().join("lock")).unwrap();
    let before = fs::read(home.path().join("data.mdb")).unwrap();
    let reader = Environment::open(&read_only(home.path()), TABLES).unwrap();
    assert_eq!(get(&reader, b"key").unwrap(), b"value");
    assert!(matches!(reader.turn().unwrap_err(), PulseDBError::ReadOnly));
    assert!(!home.path().join("lock").exists());
    assert_eq!(fs::read(home.path().join("data.mdb")).unwrap(), before);

    let writer = open(home.path()).unwrap();
    put(&writer, b"key", b"other");
    assert_eq!(get(&reader, b"key").unwrap(), b"other");
}

#[test]
fn living_writers_are_listed() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(writers(home.path()).unwrap(), []);
    let environment = open(home.path()).unwrap();
    let holders = writers(home.path()).unwrap();
    assert_eq!(holders.len(), 1);
    assert_eq!(holders[0].pid, std::process::id());
    assert!(!holders[0].host.is_empty());
    drop(environment);
    assert_eq!(writers(home.path()).unwrap(), []);
}

#[test]
fn last_writable_handle_takes_the_settings_with_it() {
    let home = tempfile::tempdir().unwrap();
    let first = open(home.path()).unwrap();
    let second = open(home.path()).unwrap();
    let reader = Environment::open(&read_only(home.path()), TABLES).unwrap();
    drop(second);
    assert_eq!(writers(home.path()).unwrap().len(), 1);
    put(&first, b"key", b"value");
    drop(first);
    assert_eq!(writers(home.path()).unwrap(), []);
    assert!(matches!(reader.turn().unwrap_err(), PulseDBError::ReadOnly));
    let fast = EnvOptions { sync_mode: SyncMode::Fast, ..options(home.path()) };
    let writer = Environment::open(&fast, TABLES).unwrap();
    assert_eq!(writer.sync_mode(), SyncMode::Fast);
    assert_eq!(writers(home.path()).unwrap().len(), 1);
    put(&writer, b"key", b"other");
    assert_eq!(get(&reader, b"key").unwrap(), b"other");
}

#[test]
fn sync_mode_reaches_the_engine_and_both_modes_sync_pages() {
    let home = tempfile::tempdir().unwrap();
    for (mode, name) in [(SyncMode::Normal, "normal"), (SyncMode::Fast, "fast")] {
        let options = EnvOptions { sync_mode: mode, ..options(&home.path().join(name)) };
        let environment = Environment::open(&options, TABLES).unwrap();
        let flags = environment.engine().unwrap().lmdb().flags().unwrap().unwrap();
        assert_eq!(flags.contains(heed::EnvFlags::NO_META_SYNC), mode == SyncMode::Fast);
        assert!(!flags.intersects(heed::EnvFlags::NO_SYNC | heed::EnvFlags::WRITE_MAP));
        put(&environment, b"key", b"value");
    }
}

#[test]
fn path_that_is_no_directory_is_a_typed_error() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, b"text").unwrap();
    for path in [file.clone(), file.join("below"), home.path().join("nul\0byte")] {
        for options in [options(&path), read_only(&path)] {
            let error = Environment::open(&options, TABLES).unwrap_err();
            assert!(matches!(error, PulseDBError::Io { .. }), "{error}");
        }
    }
}

#[test]
fn opening_and_closing_in_many_threads_never_meet() {
    let home = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let path = home.path();
            scope.spawn(move || {
                for round in 0..30_u8 {
                    let environment = open(path).unwrap();
                    if round % 10 == 0 {
                        put(&environment, &[thread, round], b"value");
                    }
                    assert!(environment.last_txn_id().unwrap() > 0);
                }
            });
        }
    });
    let environment = open(home.path()).unwrap();
    let txn = environment.read().unwrap();
    assert_eq!(environment.table(0).len(&txn).unwrap(), 12);
}
