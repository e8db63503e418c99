//! Room, backups, snapshots of other handles and exclusive access.

use std::fs;

use super::*;
use crate::error::{PulseDBError, StorageError};
use crate::storage::env::lock_file::LockFile;
use crate::storage::env::{engine_error, lock_exclusive, system, writers};

fn is_full(error: &PulseDBError) -> bool {
    matches!(error, PulseDBError::Storage(StorageError::Full { .. }))
}

#[test]
fn new_database_takes_little_of_the_disk_and_has_its_reserve() {
    let home = tempfile::tempdir().unwrap();
    let environment = open(home.path()).unwrap();
    put(&environment, b"key", b"value");
    let bytes = environment.file_bytes().unwrap();
    assert!((limits::RESERVE_BYTES..5 << 20).contains(&bytes), "{bytes}");
    assert_eq!(environment.map_bytes().unwrap(), 1 << 30);
}

#[test]
fn larger_map_is_kept_and_a_smaller_one_is_not_taken() {
    let home = tempfile::tempdir().unwrap();
    put(&open(home.path()).unwrap(), b"key", b"value");
    for (asked, kept) in [(3, 3), (2, 3), (1, 3)] {
        let options = EnvOptions { map_size_gb: asked, ..options(home.path()) };
        let environment = Environment::open(&options, TABLES).unwrap();
        assert_eq!(environment.map_bytes().unwrap(), kept << 30);
        assert_eq!(get(&environment, b"key").unwrap(), b"value");
        put(&environment, b"key", b"value");
    }
    let reader = EnvOptions { map_size_gb: 9, ..read_only(home.path()) };
    assert_eq!(Environment::open(&reader, TABLES).unwrap().map_bytes().unwrap(), 3 << 30);
}

#[test]
fn free_pages_are_those_that_no_tree_uses() {
    let home = tempfile::tempdir().unwrap();
    let environment = open(home.path()).unwrap();
    let mut turn = environment.turn().unwrap();
    let mut guard = turn.begin().unwrap();
    for number in 0..500_u32 {
        environment.table(0).put(guard.txn(), &number.to_be_bytes(), &[1; 3000]).unwrap();
    }
    guard.commit().unwrap();
    drop(turn);
    let before = environment.read().unwrap().free_pages().unwrap();
    let mut turn = environment.turn().unwrap();
    let mut guard = turn.begin().unwrap();
    environment.table(0).clear(guard.txn()).unwrap();
    guard.commit().unwrap();
    drop(turn);
    let txn = environment.read().unwrap();
    let after = txn.free_pages().unwrap();
    assert!(after >= before + 500, "{before} then {after}");
    assert!(after * environment.page_size().unwrap() < environment.file_bytes().unwrap());
}

#[test]
fn readers_are_listed_with_the_commit_that_they_see() {
    let home = tempfile::tempdir().unwrap();
    let environment = open(home.path()).unwrap();
    assert_eq!(environment.readers().unwrap(), []);
    put(&environment, b"key", b"value");
    let txn = environment.read().unwrap();
    let txn_id = environment.last_txn_id().unwrap();
    put(&environment, b"key", b"other");
    assert_eq!(environment.readers().unwrap(), [RawReader { pid: std::process::id(), txn_id }]);
    drop(txn);
    assert_eq!(environment.readers().unwrap(), []);
}

#[test]
fn backup_is_a_database_and_never_half_of_one() {
    let home = home_in_memory();
    let environment = open(&home.path().join("from")).unwrap();
    for number in 0..200_u32 {
        put(&environment, &number.to_be_bytes(), &[number as u8; 900]);
    }
    let to = home.path().join("to/here");
    let bytes = environment.backup_to(&to).unwrap();
    assert_eq!(fs::metadata(to.join("data.mdb")).unwrap().len(), bytes);
    assert_eq!(fs::read_dir(&to).unwrap().count(), 1);
    let error = environment.backup_to(&to).unwrap_err();
    assert!(matches!(error, PulseDBError::Io { .. }), "{error}");
    let reader = Environment::open(&read_only(&to), TABLES).unwrap();
    assert_eq!(get(&reader, &7_u32.to_be_bytes()).unwrap(), [7; 900]);
    let copy = open(&to).unwrap();
    put(&copy, b"key", b"value");
    assert_eq!(get(&environment, b"key"), None);

    let cut = home.path().join("cut");
    fs::create_dir(&cut).unwrap();
    fs::write(cut.join("data.mdb.new"), b"what an interrupted backup left").unwrap();
    assert_eq!(environment.backup_to(&cut).unwrap(), bytes);
    drop((reader, copy));
    assert!(open(&cut).is_ok());
}

#[test]
fn empty_database_can_be_backed_up() {
    let home = tempfile::tempdir().unwrap();
    let environment = open(&home.path().join("from")).unwrap();
    let to = home.path().join("to");
    environment.backup_to(&to).unwrap();
    assert!(Environment::open(&read_only(&to), TABLES).is_ok());
}

#[test]
fn exclusive_lock_excludes_and_is_excluded() {
    let home = tempfile::tempdir().unwrap();
    let locked =
        |error: PulseDBError| matches!(error, PulseDBError::Storage(StorageError::DatabaseLocked { .. }));
    let environment = open(home.path()).unwrap();
    assert!(locked(lock_exclusive(home.path()).unwrap_err()));
    drop(environment);
    let reader = Environment::open(&read_only(home.path()), TABLES).unwrap();
    assert!(locked(lock_exclusive(home.path()).unwrap_err()));
    drop(reader);
    let exclusive = lock_exclusive(home.path()).unwrap();
    assert!(locked(open(home.path()).unwrap_err()));
    assert!(locked(Environment::open(&read_only(home.path()), TABLES).unwrap_err()));
    let environment = Environment::open_exclusive(&options(home.path()), TABLES, &exclusive).unwrap();
    put(&environment, b"key", b"value");
    assert_eq!(writers(home.path()).unwrap().len(), 1);
    drop(environment);
    drop(exclusive);
    assert_eq!(get(&open(home.path()).unwrap(), b"key").unwrap(), b"value");
}

#[test]
fn after_a_failed_write_writes_are_refused_until_it_is_opened_again() {
    let home = tempfile::tempdir().unwrap();
    let environment = open(home.path()).unwrap();
    environment.poison("the disk said no");
    let error = environment.turn().unwrap_err();
    assert!(matches!(&error, PulseDBError::Storage(StorageError::WritesRefused { reason })
        if reason == "the disk said no"));
    assert!(environment.read().is_ok());
    drop(environment);
    put(&open(home.path()).unwrap(), b"key", b"value");
}

#[test]
fn every_reader_slot_taken_is_a_typed_error() {
    let home = tempfile::tempdir().unwrap();
    let environment = open(home.path()).unwrap();
    let held: Vec<_> = (0..limits::READER_SLOTS).map(|_| environment.read().unwrap()).collect();
    let error = environment.read().err().unwrap();
    assert!(matches!(
        error,
        PulseDBError::Storage(StorageError::TooManyReaders { slots: limits::READER_SLOTS })
    ));
    drop(held);
    assert!(environment.read().is_ok());
}

/// A database with a map of 8 MiB: it stays that small as long as the lock file that is given back is open, as if
/// another process had the database open.
fn small_map(path: &Path) -> (LockFile, EnvHandle) {
    fs::write(path.join("data.mdb"), header::fresh(system::page_size(), 8 << 20)).unwrap();
    let other = LockFile::create(path).unwrap();
    other.share_open(path).unwrap();
    let environment = open(path).unwrap();
    assert_eq!(environment.map_bytes().unwrap(), 8 << 20);
    (other, environment)
}

#[test]
fn map_that_is_full_refuses_growth_and_allows_deletes() {
    let home = home_in_memory();
    let (_other, environment) = small_map(home.path());
    let value = vec![7; 64 << 10];
    let put_unless_full = |key: u32| {
        let mut turn = environment.turn().unwrap();
        let mut guard = turn.begin().unwrap();
        let refused = guard.reserve(value.len(), Space::Growth).err();
        if refused.is_none() {
            environment.table(0).put(guard.txn(), &key.to_be_bytes(), &value).unwrap();
            guard.commit().unwrap();
        }
        refused.map(|error| (key, error))
    };
    let (keys, error) =
        (0..1000).find_map(put_unless_full).expect("a small map is full before a thousand values");
    assert!(is_full(&error) && error.to_string().contains("map_size_gb"), "{error}");
    assert!(keys > 60, "{keys}");
    for key in 0..keys {
        let mut turn = environment.turn().unwrap();
        let mut guard = turn.begin().unwrap();
        guard.reserve(100, Space::Reclaim).unwrap();
        assert!(environment.table(0).delete(guard.txn(), &key.to_be_bytes()).unwrap());
        guard.commit().unwrap();
        drop(turn);
    }
    // What was deleted is room again, though the file has reached its end.
    for key in 0..keys / 2 {
        let mut turn = environment.turn().unwrap();
        let mut guard = turn.begin().unwrap();
        guard.reserve(value.len(), Space::Growth).unwrap();
        environment.table(0).put(guard.txn(), &key.to_be_bytes(), &value).unwrap();
        guard.commit().unwrap();
        drop(turn);
    }
}

#[test]
fn map_that_fills_up_without_a_plan_loses_only_that_transaction() {
    let home = tempfile::tempdir().unwrap();
    let (_other, environment) = small_map(home.path());
    put(&environment, b"key", b"value");
    let mut turn = environment.turn().unwrap();
    let mut guard = turn.begin().unwrap();
    let outcome = environment.table(0).put(guard.txn(), b"large", &vec![0; 9 << 20]);
    assert!(is_full(&engine_error("writing", outcome.unwrap_err())));
    drop(guard);
    drop(turn);
    put(&environment, b"key", b"other");
    assert_eq!(get(&environment, b"key").unwrap(), b"other");
}
