//! An open store: found or created, shared by the handles of a process, read through snapshots.

use std::any::Any;
use std::ops::{Bound, Deref};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::config::{LogConfig, SyncMode};
use crate::error::{PulseDBError, Result, StorageError};
use crate::id::Seq;
use crate::model::{CheckReport, DatabaseStats, ProviderIdentity};
use crate::storage::commit::committer::Committer;
use crate::storage::commit::listener::CommitListener;
use crate::storage::env::{self, Bell, EnvHandle, EnvOptions, Environment, ReadTxn, Space};
use crate::storage::format::meta::{self, EmbeddingRow};
use crate::storage::format::seal;
use crate::storage::format::tables::{self, Table};
use crate::storage::read::view::View;
use crate::storage::upkeep::{check, statistics};
use crate::storage::write::block_builder::BlockBuilder;
use crate::storage::write::transaction::{IndexRules, Size, WriteTxn};

/// How to open a store.
pub(crate) struct StoreOptions<'o> {
    pub(crate) path: &'o Path,
    pub(crate) map_size_gb: usize,
    pub(crate) sync_mode: SyncMode,
    pub(crate) read_only: bool,
    pub(crate) log: &'o LogConfig,
    /// Rows of the tail that a commit turns into a block.
    pub(crate) seal_rows: u32,
    pub(crate) builder: &'o Arc<dyn BlockBuilder>,
    /// What makes the vectors; `None` takes the embedder that the database was created with.
    pub(crate) identity: Option<&'o ProviderIdentity>,
}

/// An open database: one for all handles of the process on the same directory.
pub(crate) struct Store {
    pub(super) env: Arc<Environment>,
    committer: Committer,
    pub(super) builder: Arc<dyn BlockBuilder>,
    /// What the open writable handles have agreed on.
    agreed: Mutex<Weak<Agreed>>,
}

/// What all handles of a process that write must ask for alike.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Agreed {
    log: LogConfig,
    seal_rows: u32,
}

/// One handle's share of a store. While a writable one lives, this process is a writer of the database.
pub(crate) struct StoreHandle {
    // In this order: the last handle ends the store, which may still write.
    store: Arc<Store>,
    embedding: EmbeddingRow,
    /// Held while the handle may write, so that other writable handles must agree.
    _agreed: Option<Arc<Agreed>>,
    _env: EnvHandle,
}

impl StoreHandle {
    /// The store, which all handles of the process share.
    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }
}

impl Deref for StoreHandle {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

/// One consistent state of the store, for reading. Held briefly, since it keeps pages from being reused.
pub(crate) struct Snapshot<'s> {
    txn: ReadTxn<'s>,
}

impl Snapshot<'_> {
    pub(crate) fn view(&self) -> View<'_> {
        View::of(&self.txn)
    }
}

impl StoreHandle {
    /// What made the vectors in force when the handle was opened.
    pub(crate) fn embedding(&self) -> &EmbeddingRow {
        &self.embedding
    }
}

impl Store {
    /// Opens the store, and creates it first if there is none and that is allowed.
    pub(crate) fn open(options: &StoreOptions<'_>) -> Result<StoreHandle> {
        let env = Environment::open(
            &EnvOptions {
                path: options.path.to_owned(),
                map_size_gb: options.map_size_gb,
                sync_mode: options.sync_mode,
                read_only: options.read_only,
            },
            tables::NAMES,
        )?;
        let embedding = admit(&env, options)?;
        let store = env.shared(|| Self::new(Arc::clone(env.environment()), options));
        let agreed = if options.read_only { None } else { Some(store.agree(options)?) };
        let handle = StoreHandle { store, embedding, _agreed: agreed, _env: env };
        if !options.read_only && handle.snapshot()?.view().is_reclaiming()? {
            handle.committer.reclaim()?;
        }
        Ok(handle)
    }

    fn new(env: Arc<Environment>, options: &StoreOptions<'_>) -> Self {
        let committer = Committer::new(Arc::clone(&env), Arc::clone(options.builder));
        let builder = Arc::clone(options.builder);
        Self { committer, env, builder, agreed: Mutex::default() }
    }

    /// How long changes are kept and when the tail becomes a block.
    fn agree(&self, options: &StoreOptions<'_>) -> Result<Arc<Agreed>> {
        let asked = Agreed { log: options.log.clone(), seal_rows: options.seal_rows };
        let mut agreed = self.agreed.lock();
        match agreed.upgrade() {
            Some(agreed) if *agreed == asked => Ok(agreed),
            Some(agreed) => {
                let setting = if agreed.log == asked.log { "vector.seal_rows" } else { "log" };
                let reason = format!(
                    "this process has the database open with other `{setting}` settings; \
                     use the same for all handles"
                );
                Err(PulseDBError::Config { reason })
            }
            None => {
                let asked = Arc::new(asked);
                *agreed = Arc::downgrade(&asked);
                self.committer.set_rules(asked.log.clone(), asked.seal_rows);
                Ok(asked)
            }
        }
    }

    /// Who is told of the commits of this process: the one that is there, or else a new one. All callers ask for the same
    /// type.
    pub(crate) fn listener<L: CommitListener>(&self, make: impl FnOnce() -> L) -> Arc<L> {
        let listener: Arc<dyn CommitListener> = Arc::clone(self.committer.listener(|| Arc::new(make())));
        let listener: Arc<dyn Any + Send + Sync> = listener;
        listener.downcast().expect("one type listens to the commits of a store")
    }

    /// How the processes tell each other of commits.
    pub(crate) fn bell(&self) -> &Bell {
        self.env.bell()
    }

    /// Whether the bell may be rung: a process that only reads changes no file.
    pub(crate) fn is_writable(&self) -> bool {
        self.env.is_writable()
    }

    /// Fails with `Replaced` if the files that are open are not those of the directory.
    pub(crate) fn confirm_in_place(&self) -> Result<()> {
        self.env.confirm_in_place()
    }

    /// A snapshot of what is committed now, by any process.
    pub(crate) fn snapshot(&self) -> Result<Snapshot<'_>> {
        Ok(Snapshot { txn: self.env.read()? })
    }

    /// Runs an operation in a write transaction and returns when it is durable. The operation may run more than once;
    /// only what its last run wrote is kept.
    pub(super) fn write<T: Send + 'static>(
        &self,
        size: Size,
        space: Space,
        operation: impl FnMut(&mut WriteTxn<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.committer.run(size, space, operation)
    }

    /// Starts to remove the rows of deleted collectives in the background.
    pub(super) fn reclaim(&self) -> Result<()> {
        self.committer.reclaim()
    }

    /// The number of the last change that any process has committed.
    pub(crate) fn current_sequence(&self) -> Result<Seq> {
        self.committer.current_sequence()
    }

    /// Compares everything in the newest state with everything else.
    pub(crate) fn check(&self) -> Result<CheckReport> {
        check::check(&self.env, &*self.builder)
    }

    /// Removes what has expired and what deleted collectives have left, then rewrites the data file without free pages;
    /// its bytes before and after.
    pub(crate) fn compact(&self) -> Result<(u64, u64)> {
        match self.clear_out() {
            // What is damaged is left to a repair, and the rest of the file is worth its room.
            Err(PulseDBError::Storage(StorageError::Corrupted { table, key })) => {
                tracing::warn!(
                    table,
                    key,
                    "what is deleted or has expired is damaged and stays; run `repair`"
                );
            }
            outcome => outcome?,
        }
        self.env.compact()
    }

    /// The state of the database.
    pub(crate) fn stats(&self) -> Result<DatabaseStats> {
        statistics::stats(&self.env)
    }

    /// Copies the newest state into a directory; returns the bytes written and the number of its last change.
    pub(crate) fn backup(&self, to: &Path) -> Result<(u64, Seq)> {
        let bytes = self.env.backup_to(to)?;
        let copy = Environment::open(
            &EnvOptions { path: to.to_owned(), map_size_gb: 1, sync_mode: SyncMode::Normal, read_only: true },
            tables::NAMES,
        )?;
        let sequence = {
            let txn = copy.read()?;
            View::of(&txn).last_sequence()?
        };
        drop(copy);
        // Reading the copy has created the engine's lock file, which is no part of a backup; one that stays does no harm.
        let _ = std::fs::remove_file(to.join(env::ENGINE_LOCK));
        Ok((bytes, sequence))
    }

    pub(crate) fn path(&self) -> &Path {
        self.env.path()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.committer.close();
    }
}

/// Checks the format and the embedder of an existing database, or writes those of a new one.
fn admit(env: &Environment, options: &StoreOptions<'_>) -> Result<EmbeddingRow> {
    let stored = {
        let txn = env.read()?;
        stored_embedding(View::of(&txn))?
    };
    let stored = match (stored, options.identity) {
        (Some(stored), _) => stored,
        (None, Some(identity)) if !options.read_only => stamp(env, identity, options)?,
        (None, _) => {
            let path: PathBuf = options.path.to_owned();
            return Err(StorageError::DatabaseNotFound { path }.into());
        }
    };
    if let Some(identity) = options.identity {
        let requested = EmbeddingRow { identity: identity.clone(), ..stored.clone() };
        requested.expect(&stored.identity)?;
    }
    Ok(stored)
}

/// The embedder of a database of a format that can be read; `None` for one that was never stamped.
fn stored_embedding(view: View<'_>) -> Result<Option<EmbeddingRow>> {
    let Some(format) = view.row(Table::Meta, meta::FORMAT, meta::FormatRow::read)? else {
        // One that was never stamped has no row at all. Any other has lost this one, and must not be stamped again.
        for table in Table::ALL {
            if view.sealed_range(table, Bound::Unbounded, Bound::Unbounded)?.next().is_some() {
                return Err(seal::corrupted(Table::Meta, meta::FORMAT));
            }
        }
        return Ok(None);
    };
    format.admit()?;
    view.embedding().map(Some)
}

/// Stamps an empty database, unless another process was faster.
fn stamp(env: &Environment, identity: &ProviderIdentity, options: &StoreOptions<'_>) -> Result<EmbeddingRow> {
    let rules = IndexRules { builder: &**options.builder, seal_rows: options.seal_rows };
    let mut turn = env.turn()?;
    let mut txn = WriteTxn::begin(&mut turn, rules)?;
    if let Some(stored) = stored_embedding(txn.view())? {
        return Ok(stored);
    }
    txn.start_operation(Size { records: 1, bytes: 0 }, Space::Growth)?;
    let now = txn.now;
    txn.write_meta(identity, now)?;
    let stamped = txn.view().embedding()?;
    txn.commit()?;
    Ok(stamped)
}
