//! Disks that are full or read-only: a small file system in memory, where the system lets the test mount one.

use std::path::PathBuf;
use std::process::Command;

use super::skips::skip;
use super::*;
use crate::error::{PulseDBError, StorageError};

/// A file system of some megabytes, unmounted when dropped.
struct SmallDisk {
    home: tempfile::TempDir,
}

impl SmallDisk {
    /// Mounts it, or says why it cannot.
    fn mount(megabytes: u32) -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(home.path()).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self { home }),
            Ok(output) => {
                skip("mount", format!("cannot mount: {}", String::from_utf8_lossy(&output.stderr).trim()));
                None
            }
            Err(error) => {
                skip("mount", format!("cannot mount: {error}"));
                None
            }
        }
    }

    /// Makes it read-only.
    fn seal(&self) {
        let sealed = Command::new("mount").args(["-o", "remount,ro"]).arg(self.home.path()).status().unwrap();
        assert!(sealed.success());
    }

    fn path(&self) -> PathBuf {
        self.home.path().join("database")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What stays mounted is seen by whoever runs the tests; there is nothing else to do here.
        let _ = Command::new("umount").arg(self.home.path()).status();
    }
}

fn full(error: &PulseDBError) -> bool {
    matches!(error, PulseDBError::Storage(StorageError::Full { reason }) if reason.contains("disk"))
}

/// Rows that are more than any small disk has room for.
const ROWS_MAX: u32 = 10_000;

/// Writes rows until there is no room; gives how many were acknowledged, and the refusal.
fn fill(environment: &Environment, planned: bool) -> (u32, PulseDBError) {
    let value = vec![3; 30_000];
    for key in 0..ROWS_MAX {
        let mut turn = environment.turn().unwrap();
        let mut guard = turn.begin().unwrap();
        if planned && let Err(error) = guard.reserve(value.len(), Space::Growth) {
            return (key, error);
        }
        environment.table(0).put(guard.txn(), &key.to_be_bytes(), &value).unwrap();
        if let Err(error) = guard.commit() {
            return (key, error);
        }
    }
    panic!("the small disk took {ROWS_MAX} rows and is not full");
}

fn rows(environment: &Environment) -> u64 {
    let txn = environment.read().unwrap();
    environment.table(0).len(&txn).unwrap()
}

#[test]
fn full_disk_refuses_growth_and_allows_deletes_and_opening() {
    let Some(disk) = SmallDisk::mount(12) else { return };
    let environment = open(&disk.path()).unwrap();
    let (count, error) = fill(&environment, true);
    assert!(full(&error), "{error}");
    assert!(count > 100, "{count}");
    assert_eq!(rows(&environment), u64::from(count));
    // Something else takes the rest of the disk.
    let rest = std::fs::write(disk.home.path().join("other"), vec![0; 12 << 20]);
    assert!(rest.is_err());
    drop(environment);

    let environment = open(&disk.path()).unwrap();
    assert_eq!(rows(&environment), u64::from(count));
    for key in 0..count {
        let mut turn = environment.turn().unwrap();
        let mut guard = turn.begin().unwrap();
        guard.reserve(30_000, Space::Reclaim).unwrap();
        assert!(environment.table(0).delete(guard.txn(), &key.to_be_bytes()).unwrap());
        guard.commit().unwrap();
        drop(turn);
    }
    // The file keeps its length; what is free in it is room again.
    let (again, _) = fill(&environment, true);
    assert!(again > count / 2, "{again} of {count}");
}

#[test]
fn disk_that_fills_up_without_a_plan_loses_only_that_transaction() {
    let Some(disk) = SmallDisk::mount(8) else { return };
    let environment = open(&disk.path()).unwrap();
    let (count, error) = fill(&environment, false);
    assert!(full(&error), "{error}");
    assert!(!environment.is_poisoned());
    assert_eq!(rows(&environment), u64::from(count));
    assert!(environment.table(0).get(&environment.read().unwrap(), &0_u32.to_be_bytes()).unwrap().is_some());
    drop(environment);
    assert_eq!(rows(&open(&disk.path()).unwrap()), u64::from(count));
}

#[test]
fn database_that_finds_no_room_to_begin_is_a_typed_error_and_can_be_made_later() {
    let Some(disk) = SmallDisk::mount(4) else { return };
    let other = disk.home.path().join("other");
    std::fs::write(&other, vec![0; 3 << 20]).unwrap();
    let error = open(&disk.path()).unwrap_err();
    assert!(full(&error), "{error}");
    std::fs::remove_file(&other).unwrap();
    put(&open(&disk.path()).unwrap(), b"key", b"value");
}

#[test]
fn backup_that_finds_no_room_leaves_nothing() {
    let Some(disk) = SmallDisk::mount(4) else { return };
    let home = tempfile::tempdir().unwrap();
    let environment = open(home.path()).unwrap();
    let mut turn = environment.turn().unwrap();
    let mut guard = turn.begin().unwrap();
    environment.table(0).put(guard.txn(), b"key", &vec![5; 6 << 20]).unwrap();
    guard.commit().unwrap();
    drop(turn);
    let error = environment.backup_to(&disk.path()).unwrap_err();
    assert!(matches!(error, PulseDBError::Storage(StorageError::Full { .. })), "{error}");
    assert_eq!(std::fs::read_dir(disk.path()).unwrap().count(), 0);
}

#[test]
fn read_only_disk_can_be_read_and_refuses_a_writer() {
    let Some(disk) = SmallDisk::mount(8) else { return };
    put(&open(&disk.path()).unwrap(), b"key", b"value");
    disk.seal();
    let error = open(&disk.path()).unwrap_err();
    assert!(matches!(error, PulseDBError::Io { .. }), "{error}");
    let reader = Environment::open(&read_only(&disk.path()), TABLES).unwrap();
    assert_eq!(get(&reader, b"key").unwrap(), b"value");
    assert_eq!(reader.readers().unwrap(), []);
    let error = open(&disk.path()).unwrap_err();
    assert!(error.is_config(), "{error}");
    drop(reader);
}
