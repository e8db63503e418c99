//! What little a process may: read only, or map only so much.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::processes::Other;
use super::*;
use crate::error::{PulseDBError, StorageError};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn files_are_made_for_their_owner_alone() {
    let home = tempfile::tempdir().unwrap();
    let (path, backup) = (home.path().join("above/database"), home.path().join("backup"));
    let environment = open(&path).unwrap();
    put(&environment, b"key", b"value");
    environment.backup_to(&backup).unwrap();
    environment.compact().unwrap();
    for directory in [&path, &backup] {
        assert_eq!(mode(directory), 0o700, "{}", directory.display());
        assert_eq!(mode(&directory.join("data.mdb")), 0o600);
    }
    assert_eq!(mode(&path.join("lock")), 0o600);
    assert_eq!(mode(&path.join("lock.mdb")), 0o600);
    // What was there keeps what its owner has chosen.
    set_mode(&path, 0o750);
    set_mode(&path.join("data.mdb"), 0o640);
    drop(environment);
    drop(open(&path).unwrap());
    assert_eq!((mode(&path), mode(&path.join("data.mdb"))), (0o750, 0o640));
}

/// A role as a user who owns nothing here.
fn stranger(role: &str, path: &Path) -> Option<Other> {
    let mut command = Other::command(role, path, 0);
    let Ok(child) = command.uid(65_534).gid(65_534).current_dir("/").spawn() else {
        println!("skipped: no process of another user here");
        return None;
    };
    Some(Other::of(child))
}

/// A database that all may read and only its owner may write.
fn readable_by_all(home: &Path) -> std::path::PathBuf {
    let path = home.join("database");
    put(&open(&path).unwrap(), b"key", b"value");
    set_mode(home, 0o755);
    set_mode(&path, 0o755);
    for name in ["data.mdb", "lock", "lock.mdb"] {
        set_mode(&path.join(name), 0o644);
    }
    path
}

#[test]
fn reader_without_permission_to_lock_reads_only_while_nobody_writes() {
    let home = tempfile::tempdir().unwrap();
    let path = readable_by_all(home.path());
    let writer = open(&path).unwrap();
    let Some(mut other) = stranger("try to open", &path) else { return };
    assert!(other.answer("writer").contains("PermissionDenied"));
    let answer = other.answer("reader");
    let own = format!("process {} ", std::process::id());
    assert!(answer.contains("DatabaseLocked") && answer.contains(&own), "{answer}");
    assert!(answer.contains("permission to write") && answer.contains("lock.mdb"), "{answer}");
    drop(writer);

    let mut other = stranger("read when told", &path).unwrap();
    other.answer("ready");
    other.tell("count");
    assert_eq!(other.answer("rows"), "1");
    let error = open(&path).unwrap_err();
    assert!(matches!(error, PulseDBError::Storage(StorageError::DatabaseLocked { .. })), "{error}");
    // Beside a reader there is no harm in another.
    assert_eq!(get(&Environment::open(&read_only(&path), TABLES).unwrap(), b"key").unwrap(), b"value");
    other.kill();
    put(&open(&path).unwrap(), b"key", b"other");
}

#[test]
fn reader_that_cannot_see_who_writes_is_told_which_file_to_open_up() {
    let home = tempfile::tempdir().unwrap();
    let path = readable_by_all(home.path());
    set_mode(&path.join("lock"), 0o600);
    let Some(mut other) = stranger("try to open", &path) else { return };
    other.answer("writer");
    let answer = other.answer("reader");
    assert!(answer.contains("PermissionDenied") && answer.contains("database/lock\""), "{answer}");
    // Where nobody has ever written there is nobody to look for.
    fs::remove_file(path.join("lock")).unwrap();
    fs::remove_file(path.join("lock.mdb")).unwrap();
    let mut other = stranger("try to open", &path).unwrap();
    other.answer("writer");
    assert_eq!(other.answer("reader"), "open");
}

#[test]
fn reader_that_keeps_no_lock_notices_the_first_writer() {
    let home = tempfile::tempdir().unwrap();
    let path = readable_by_all(home.path());
    fs::remove_file(path.join("lock")).unwrap();
    fs::remove_file(path.join("lock.mdb")).unwrap();
    let Some(mut other) = stranger("read when told", &path) else { return };
    other.answer("ready");
    other.tell("count");
    assert_eq!(other.answer("rows"), "1");
    let _writer = open(&path).unwrap();
    set_mode(&path.join("lock"), 0o644);
    other.tell("count");
    assert!(!other.end(), "it is refused");
}

/// A role that may use so many KiB of address space.
fn confined(role: &str, path: &Path, kib: u64) -> Other {
    confined_with(role, path, kib, 0)
}

fn confined_with(role: &str, path: &Path, kib: u64, number: u32) -> Other {
    let inner = Other::command(role, path, number);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -v {kib}; exec \"$0\" \"$@\"")]);
    command.arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        command.env(name, value.unwrap());
    }
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    Other::of(command.spawn().unwrap())
}

const KIB: u64 = 800 << 10;

#[test]
fn map_that_finds_no_address_space_is_told_to_a_writer() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("database");
    // Making one fails, and leaves nothing that would decide for the next one.
    let answer = confined("try to open", &path, KIB).answer("writer");
    assert!(answer.contains("MapTooLarge { bytes: 1073741824 }"), "{answer}");
    let larger = EnvOptions { map_size_gb: 2, ..options(&path) };
    assert_eq!(Environment::open(&larger, TABLES).unwrap().map_bytes().unwrap(), 2 << 30);
    let text = StorageError::MapTooLarge { bytes: 1 << 30 }.to_string();
    for remedy in ["1 GiB", "ulimit -v", "map_size_gb", "--map-size", "PULSEDB_MAP_SIZE"] {
        assert!(text.contains(remedy), "{remedy}: {text}");
    }
}

#[test]
fn larger_map_that_finds_no_address_space_leaves_the_stored_one() {
    let home = tempfile::tempdir().unwrap();
    put(&open(home.path()).unwrap(), b"key", b"value");
    let mut other = confined_with("ask for a map", home.path(), 3 << 20, 8);
    assert_eq!(other.answer("map"), (1 << 30).to_string());
    assert!(other.end());
    let larger = EnvOptions { map_size_gb: 2, ..options(home.path()) };
    assert_eq!(Environment::open(&larger, TABLES).unwrap().map_bytes().unwrap(), 2 << 30, "it is stored");
    assert_eq!(open(home.path()).unwrap().map_bytes().unwrap(), 2 << 30);
}

#[test]
fn smaller_map_may_be_asked_for_until_something_is_stored() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("database");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("data.mdb"), crate::storage::env::lmdb::header::fresh(4096, 5 << 30)).unwrap();
    assert_eq!(open(&path).unwrap().map_bytes().unwrap(), 1 << 30);
}

#[test]
fn reader_without_address_space_maps_the_file_and_more_of_it_as_it_grows() {
    let home = tempfile::tempdir().unwrap();
    let environment = open(home.path()).unwrap();
    put(&environment, b"key", b"value");
    let mut other = confined("read when told", home.path(), KIB);
    let mapped: u64 = other.answer("ready").parse().unwrap();
    assert_eq!(mapped, environment.file_bytes().unwrap());
    for row in 0..6_u32 {
        other.tell("count");
        assert_eq!(other.answer("rows"), (row + 1).to_string());
        put(&environment, &row.to_be_bytes(), &vec![1; 2 << 20]);
    }
    assert!(environment.file_bytes().unwrap() > mapped + (10 << 20));
}
