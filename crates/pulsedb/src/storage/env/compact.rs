//! Compaction: a dense copy takes the place of the data file.
//!
//! ```text
//! the writers of this process wait; other processes cannot open: "setup" and "open" are exclusive, or DatabaseLocked
//! read every page of the file; damage ends it here
//! copy all rows in order into an environment in `compact/`, and compare the counts
//! give the copy the number of the newest commit and the size of the map; cut what was set aside; sync
//! wait until the snapshots of this process have ended, or DatabaseLocked
//! close the engine; rename `compact/data.mdb` to `data.mdb`; sync the directory; open the engine
//! ```
//! There is a whole `data.mdb` with every acknowledged commit at every moment: the old one until the rename, the copy
//! after it. A directory `compact/` that was left behind means nothing and goes when the database is opened.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use heed::PutFlags;

use super::engine::Engine;
use super::environment::{Environment, ReadTxn};
use super::failure::{damaged, engine_error, file_error};
use super::home::{COMPACT, DATA, sync_directory};
use super::lmdb::header::{self, Header};
use super::lmdb::state;
use super::lock_file::{self, LockFile};
use super::settings::{EnvOptions, GIB};
use super::space::Space;
use super::system;
use crate::config::SyncMode;
use crate::error::{PulseDBError, Result};
use crate::limits;

/// What has been done; tests stop a compaction after each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Alone,
    Copied,
    Stamped,
    Closed,
    Renamed,
    Durable,
    Opened,
}

impl Environment {
    /// Rewrites the data file without free pages; its bytes before and after. A file that would not get smaller stays.
    ///
    /// `DatabaseLocked` if another process has the database open, or a call of this process reads it for long.
    pub(crate) fn compact(&self) -> Result<(u64, u64)> {
        self.compact_in_steps(&mut |_| Ok(()))
    }

    pub(super) fn compact_in_steps(&self, reached: &mut dyn FnMut(Step) -> Result<()>) -> Result<(u64, u64)> {
        let (writer, path) = (self.turn()?.leave_engine(), self.path());
        let Some(lock_file) = &writer.lock_file else { return Err(PulseDBError::ReadOnly) };
        let alone = Alone::take(lock_file, path)?;
        reached(Step::Alone)?;
        self.check_pages()?;
        let workshop = Workshop::open(path)?;
        let txn = self.read()?;
        let before = txn.engine().files.data_bytes()?;
        let sizes =
            Sizes { file_bytes: before, map_bytes: txn.engine().map_bytes(), txn_id: txn.id() as u64 };
        self.copy_rows(&txn, &workshop.path, &sizes)?;
        drop(txn);
        reached(Step::Copied)?;
        let after = finish(&workshop.path, &sizes)?;
        reached(Step::Stamped)?;
        if after >= before {
            return Ok((before, before));
        }
        self.exchange(
            false,
            |_| true,
            || {
                reached(Step::Closed)?;
                let copy = workshop.path.join(DATA);
                fs::rename(&copy, path.join(DATA)).map_err(|error| file_error("rename", &copy, error))?;
                let durable = reached(Step::Renamed).and_then(|()| sync_directory(path));
                // A power cut may now bring the old file back, without what is committed to the new one.
                durable.inspect_err(|error| self.poison(error.to_string()))?;
                reached(Step::Durable)
            },
        )
        .inspect_err(|_| {
            if self.engine().is_err() {
                self.poison("the database could not be opened again after it was compacted");
            }
        })?;
        let engine = self.engine()?;
        writer.file_bytes.set(engine.files.data_bytes()?);
        writer.note_length(&engine);
        drop(engine);
        drop(workshop);
        drop(alone);
        reached(Step::Opened)?;
        Ok((before, after))
    }

    /// Copies every row into an environment of its own.
    fn copy_rows(&self, txn: &ReadTxn<'_>, workshop: &Path, sizes: &Sizes) -> Result<()> {
        let options = EnvOptions {
            path: workshop.to_owned(),
            map_size_gb: sizes.map_gb(),
            sync_mode: SyncMode::Normal,
            read_only: false,
        };
        let copy = Self::open(&options, self.names)?;
        for index in 0..self.names.len() {
            copy_table(txn, &copy, index)?;
        }
        Ok(())
    }
}

/// What the copy takes over from the file.
struct Sizes {
    file_bytes: u64,
    map_bytes: u64,
    txn_id: u64,
}

impl Sizes {
    /// A map for the copy while it is written: the rows fill its pages at least half.
    fn map_gb(&self) -> usize {
        (self.file_bytes * 2 / GIB + 1) as usize
    }
}

fn copy_table(txn: &ReadTxn<'_>, copy: &Environment, index: usize) -> Result<()> {
    let unreadable = |error| engine_error("reading a row to copy", error);
    let table = txn.engine().table(index);
    let mut rows = table.iter(txn).map_err(unreadable)?;
    let mut copied = 0;
    loop {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while bytes < limits::COPY_BYTES
            && let Some(row) = rows.next()
        {
            let (key, value) = row.map_err(unreadable)?;
            bytes += key.len() + value.len() + 16;
            batch.push((key, value));
        }
        if batch.is_empty() {
            break;
        }
        copied += batch.len() as u64;
        let mut turn = copy.turn()?;
        let mut guard = turn.begin()?;
        guard.reserve(bytes, Space::Growth)?;
        let engine: &Engine = guard.engine();
        for (key, value) in batch {
            let put = engine.table(index).put_with_flags(guard.txn(), PutFlags::APPEND, key, value);
            put.map_err(|error| engine.write_error("copying a row", error))?;
        }
        guard.commit()?;
    }
    let expected = table.len(txn).map_err(unreadable)?;
    if copied == expected {
        Ok(())
    } else {
        Err(damaged(format!("a table says that it has {expected} rows, and has {copied}")))
    }
}

/// Makes the copy the newest state of the database, with the usual room behind it, and durable. Returns its bytes.
fn finish(workshop: &Path, sizes: &Sizes) -> Result<u64> {
    let name = workshop.join(DATA);
    let refused = |error| file_error("write", &name, error);
    let mut file = OpenOptions::new().read(true).write(true).open(&name).map_err(refused)?;
    let copy = state::read(&file, &name)?.ok_or_else(|| damaged("the copy is empty"))?;
    // Not below the number that it has: its free pages are listed by the numbers of the commits that freed them.
    let txn_id = sizes.txn_id.max(copy.txn_id);
    let stamped = Header { txn_id, map_bytes: sizes.map_bytes, ..copy };
    file.seek(SeekFrom::Start(0)).map_err(refused)?;
    file.write_all(&header::stamped(&stamped)).map_err(refused)?;
    let bytes = (stamped.bytes() + limits::RESERVE_BYTES).min(sizes.map_bytes.max(stamped.bytes()));
    let length = file.metadata().map_err(refused)?.len();
    if length > bytes {
        file.set_len(bytes).map_err(refused)?;
    } else {
        system::preallocate(&file, length, bytes).map_err(refused)?;
    }
    file.sync_all().map_err(refused)?;
    Ok(bytes)
}

/// No other process has the database open, or can open it, for as long as this lives.
struct Alone<'l> {
    lock_file: &'l LockFile,
    path: &'l Path,
}

impl<'l> Alone<'l> {
    fn take(lock_file: &'l LockFile, path: &'l Path) -> Result<Self> {
        lock_file.begin_setup(path)?;
        let alone = Self { lock_file, path };
        if lock_file.try_exclude(path)? {
            Ok(alone)
        } else {
            Err(lock_file::locked_by_others(path, "a process that reads it"))
        }
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        // Nobody is in the way of a lock that gets weaker.
        if let Err(error) = self.lock_file.share_open(self.path) {
            tracing::warn!(%error, "the database stays closed to other processes");
        }
        self.lock_file.end_setup();
    }
}

/// The directory in which the copy is made.
struct Workshop {
    path: PathBuf,
}

impl Workshop {
    fn open(path: &Path) -> Result<Self> {
        let path = path.join(COMPACT);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(PulseDBError::io("remove", path, error))
            }
            _ => Ok(Self { path }),
        }
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // What stays means nothing, and goes when the database is opened.
        let _ = fs::remove_dir_all(&self.path);
    }
}
