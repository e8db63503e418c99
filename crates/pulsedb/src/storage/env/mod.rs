//! The LMDB environment below the tables: files, locks, the map, space, snapshots and commits.
//!
//! A directory holds `data.mdb` and `lock.mdb`, which are LMDB's, and `lock`, which is ours (see [`lock_file`]).
//! LMDB keeps process-wide locks on `lock.mdb` that vanish when *any* descriptor of it is closed in this process:
//! nothing here opens that file while an environment is open, except the one descriptor that outlives it.

mod backup;
mod byte_lock;
mod check;
mod checked;
mod compact;
mod engine;
mod environment;
mod exchange;
mod exclusive;
mod failure;
mod files;
mod handle;
mod home;
mod lmdb;
mod lock_file;
mod open;
mod open_file;
mod presence;
mod readers;
mod registry;
mod settings;
mod space;
mod system;
mod tables;
#[cfg(test)]
mod tests;
mod turn;
mod wake;

pub(crate) use checked::Unproved;
pub(crate) use engine::Engine;
pub(crate) use environment::{Environment, ReadTxn};
pub(crate) use exclusive::{Exclusive, lock_exclusive};
pub(crate) use failure::engine_error;
pub(crate) use handle::EnvHandle;
pub(crate) use home::{DATA, ENGINE_LOCK, sync_directory};
#[cfg(any(test, fuzzing))]
pub(crate) use lmdb::header::judge as judge_header;
pub(crate) use lock_file::writers;
pub(crate) use readers::RawReader;
pub(crate) use settings::EnvOptions;
pub(crate) use space::Space;
pub(crate) use system::will_need;
pub(crate) use turn::{Turn, WriteGuard};
pub(crate) use wake::Bell;
