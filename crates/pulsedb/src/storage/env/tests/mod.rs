//! Tests of the environment in one process.

#[cfg(target_os = "linux")]
mod access;
mod compacting;
#[cfg(target_os = "linux")]
mod forking;
#[cfg(target_os = "linux")]
mod full_disk;
mod guarding;
#[cfg(target_os = "linux")]
mod namespaces;
mod opening;
mod processes;
mod replaced;
mod sizes;
#[cfg(target_os = "linux")]
#[path = "../../../../tests/it/skips.rs"]
mod skips;

use std::path::Path;

use super::lmdb::{header, state};
use super::{EnvHandle, EnvOptions, Environment, RawReader, Space};
use crate::config::SyncMode;
use crate::error::Result;
use crate::limits;

const TABLES: &[&str] = &["alpha", "beta"];

/// A directory in memory where the system has one: for tests of many commits that are not about the disk.
fn home_in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn options(path: &Path) -> EnvOptions {
    EnvOptions { path: path.to_owned(), map_size_gb: 1, sync_mode: SyncMode::Normal, read_only: false }
}

fn read_only(path: &Path) -> EnvOptions {
    EnvOptions { read_only: true, ..options(path) }
}

fn open(path: &Path) -> Result<EnvHandle> {
    Environment::open(&options(path), TABLES)
}

fn put(environment: &Environment, key: &[u8], value: &[u8]) {
    let mut turn = environment.turn().unwrap();
    let mut guard = turn.begin().unwrap();
    environment.table(0).put(guard.txn(), key, value).unwrap();
    guard.commit().unwrap();
    drop(turn);
}

fn get(environment: &Environment, key: &[u8]) -> Option<Vec<u8>> {
    let txn = environment.read().unwrap();
    environment.table(0).get(&txn, key).unwrap().map(<[u8]>::to_vec)
}
