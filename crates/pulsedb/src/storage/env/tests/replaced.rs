//! Files that are deleted, swapped or restored while they are open.

use std::fs;

use super::*;
use crate::error::{PulseDBError, StorageError};

fn is_replaced(error: &PulseDBError, path: &Path) -> bool {
    let canonical = path.parent().unwrap().canonicalize().unwrap().join(path.file_name().unwrap());
    matches!(error, PulseDBError::Storage(StorageError::Replaced { path }) if *path == canonical)
}

/// Opens a database, lets something happen to it, and tries what a handle can do.
fn refused_after(happens: impl FnOnce(&Path)) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("database");
    let environment = open(&path).unwrap();
    put(&environment, b"key", b"value");
    environment.backup_to(&home.path().join("backup")).unwrap();
    put(&environment, b"key", b"other");
    assert_eq!(get(&environment, b"key").unwrap(), b"other");
    happens(&path);
    for _ in 0..2 {
        let error = environment.turn().map(drop).unwrap_err();
        assert!(is_replaced(&error, &path), "writing: {error}");
        // As if the last look were a moment longer ago than it is.
        environment.presence.forget();
        let error = environment.read().map(drop).unwrap_err();
        assert!(is_replaced(&error, &path), "reading: {error}");
        let error = environment.last_txn_id().unwrap_err();
        assert!(is_replaced(&error, &path), "polling: {error}");
    }
}

#[test]
fn deleted_directory_is_told() {
    refused_after(|path| fs::remove_dir_all(path).unwrap());
}

#[test]
fn moved_directory_is_told() {
    refused_after(|path| fs::rename(path, path.with_extension("elsewhere")).unwrap());
}

#[test]
fn swapped_directory_is_told() {
    refused_after(|path| {
        fs::rename(path, path.with_extension("elsewhere")).unwrap();
        fs::rename(path.with_file_name("backup"), path).unwrap();
    });
}

#[test]
fn restored_data_file_is_told() {
    refused_after(|path| {
        fs::rename(path.with_file_name("backup").join("data.mdb"), path.join("data.mdb")).unwrap();
    });
}

#[test]
fn data_file_that_a_backup_was_copied_over_is_told() {
    refused_after(|path| {
        let backup = fs::read(path.with_file_name("backup").join("data.mdb")).unwrap();
        fs::write(path.join("data.mdb"), backup).unwrap();
    });
}

#[test]
fn data_file_of_the_same_length_with_an_older_state_is_told() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("database");
    let environment = open(&path).unwrap();
    put(&environment, b"key", b"value");
    let older = fs::read(path.join("data.mdb")).unwrap();
    put(&environment, b"key", b"other");
    fs::write(path.join("data.mdb"), older).unwrap();
    environment.presence.forget();
    assert!(is_replaced(&environment.read().map(drop).unwrap_err(), &path));
    assert!(is_replaced(&environment.turn().map(drop).unwrap_err(), &path));
}

#[test]
fn lock_files_that_others_would_not_share_are_told() {
    for name in ["lock.mdb", "lock"] {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("database");
        let environment = open(&path).unwrap();
        fs::remove_file(path.join(name)).unwrap();
        let error = environment.turn().map(drop).unwrap_err();
        assert!(is_replaced(&error, &path), "{name}: {error}");
    }
}

#[test]
fn commit_into_a_directory_that_is_deleted_meanwhile_is_not_acknowledged() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("database");
    let environment = open(&path).unwrap();
    let mut turn = environment.turn().unwrap();
    let mut guard = turn.begin().unwrap();
    environment.table(0).put(guard.txn(), b"key", b"value").unwrap();
    fs::rename(&path, home.path().join("elsewhere")).unwrap();
    let error = guard.commit().unwrap_err();
    assert!(is_replaced(&error, &path), "{error}");
    drop(turn);
    // Nobody knows what became of that commit, so this process writes no more, wherever the directory is.
    fs::rename(home.path().join("elsewhere"), &path).unwrap();
    let error = environment.turn().map(drop).unwrap_err();
    assert!(matches!(error, PulseDBError::Storage(StorageError::WritesRefused { .. })), "{error}");
}

#[test]
fn replaced_database_is_opened_again_after_the_last_handle() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("database");
    let environment = open(&path).unwrap();
    put(&environment, b"key", b"value");
    environment.backup_to(&home.path().join("backup")).unwrap();
    fs::rename(home.path().join("backup/data.mdb"), path.join("data.mdb")).unwrap();
    assert!(is_replaced(&open(&path).unwrap_err(), &path));
    drop(environment);
    assert_eq!(get(&open(&path).unwrap(), b"key").unwrap(), b"value");
}
