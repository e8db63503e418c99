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
    let before = environment.last_txn_id();
    put(&environment, b"key", b"value");
    assert_eq!(environment.last_txn_id(), before + 1);
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
    assert!(Arc::ptr_eq(&first, &second));
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
    assert!(matches!(reader.begin_write().unwrap_err(), PulseDBError::ReadOnly));
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
