//! The facade: a handle on an open database, and what its calls share.

mod activity;
mod admin;
mod apply;
mod changes;
mod collective;
mod context;
#[cfg(test)]
mod damaged_index;
mod experience;
mod insight;
mod keyed;
mod open;
mod record;
mod reembed;
mod relation;
mod search;
mod watch;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::{RwLock, RwLockReadGuard};

use crate::config::Config;
use crate::embed::EmbeddingService;
use crate::error::{PulseDBError, Result, ValidationError};
use crate::id::Embedding;
use crate::model::ProviderIdentity;
use crate::model::norm::Norm;
use crate::storage::{EmbeddingRow, RecordDefaults, StoreHandle, StoredVector};
use crate::validate;
use crate::watch::Watching;

/// An open database. A clone is the same open database; it is `Send` and `Sync`.
///
/// ```
/// use pulsedb::{Config, NewExperience, PulseDB, SearchOptions};
/// # fn main() -> Result<(), pulsedb::PulseDBError> {
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("memory");
/// let db = PulseDB::open(path, Config::default())?;
/// let notes = db.get_or_create_collective("notes")?;
/// db.record_experience(NewExperience {
///     collective_id: notes,
///     content: "The integration tests need a running database".into(),
///     ..Default::default()
/// })?;
/// let hits = db.search(notes, "what do tests need?".into(), SearchOptions::default())?;
/// assert_eq!(hits.len(), 1);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Every call fails with [`Closed`](PulseDBError::Closed) once the handle is closed, and with
/// [`Storage`](PulseDBError::Storage) or [`Io`](PulseDBError::Io) if the files cannot be read or written. Every call that
/// changes something fails with [`ReadOnly`](PulseDBError::ReadOnly) on a handle that was opened with `read_only`, and
/// with [`Full`](crate::StorageError::Full) if there is no room; a call that fails has changed nothing. The
/// documentation of each call names its other errors.
#[derive(Clone)]
pub struct PulseDB {
    inner: Arc<Inner>,
}

struct Inner {
    /// Before the store, so that its streams end first.
    watching: Watching,
    /// `None` once the handle is closed.
    store: RwLock<Option<Arc<StoreHandle>>>,
    path: PathBuf,
    config: Config,
    embedder: RwLock<Embedder>,
    /// The greatest sequence number that a call has returned.
    seen: AtomicU64,
}

/// What makes the vectors.
#[derive(Clone)]
struct Embedder {
    /// `None` where callers supply the vectors.
    service: Option<Arc<dyn EmbeddingService>>,
    /// The name under which its vectors are stored.
    stored: Arc<EmbeddingRow>,
}

impl fmt::Debug for PulseDB {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PulseDB")
            .field("path", &self.inner.path)
            .field("read_only", &self.is_read_only())
            .field("open", &self.inner.store.read().is_some())
            .finish_non_exhaustive()
    }
}

impl PulseDB {
    /// The settings that this handle was opened with.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Whether this handle refuses every change.
    pub fn is_read_only(&self) -> bool {
        self.inner.config.read_only
    }

    /// Dimensions of every vector of the database, as this handle knows it: another process may have moved the database to
    /// another embedder, see [`reembed`](Self::reembed).
    pub fn embedding_dimension(&self) -> usize {
        self.embedder().dimension()
    }

    /// What makes the vectors of the database, as this handle knows it; see
    /// [`embedding_dimension`](Self::embedding_dimension).
    pub fn embedder_identity(&self) -> ProviderIdentity {
        self.embedder().stored.identity.clone()
    }

    /// The directory of the database, absolute.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The vector that the database's embedder returns for a text; empty if it knows none of the words.
    ///
    /// # Errors
    /// [`InvalidField`](ValidationError::InvalidField) for a text of more than 102 400 bytes;
    /// [`Embedding`](PulseDBError::Embedding) if the embedder fails, or if callers supply the vectors;
    /// [`EmbeddingProviderMismatch`](PulseDBError::EmbeddingProviderMismatch) if the database has moved to another one.
    pub fn embed(&self, text: &str) -> Result<Embedding> {
        let store = self.store()?;
        validate::embedded_text(text)?;
        let embedder = self.embedder();
        embedder.expect_in_force(&store)?;
        embedder.embed_query(text)
    }

    /// Closes this handle and its clones, and ends their streams; other handles and processes are not affected. Dropping
    /// the last clone does the same. Calls that other threads have begun are completed; the files are closed after the
    /// last of them.
    ///
    /// # Errors
    /// None in this version; closing a handle whose clone was closed before succeeds too.
    pub fn close(self) -> Result<()> {
        let store = self.inner.store.write().take();
        // While the store is open: a thread that reads it for the streams ends first.
        self.inner.watching.close();
        drop(store);
        Ok(())
    }

    fn store(&self) -> Result<Arc<StoreHandle>> {
        self.inner.store.read().clone().ok_or(PulseDBError::Closed)
    }

    /// The store, for a call that changes something.
    fn writable(&self) -> Result<Arc<StoreHandle>> {
        let store = self.store()?;
        if self.is_read_only() {
            return Err(PulseDBError::ReadOnly);
        }
        Ok(store)
    }

    fn defaults(&self) -> RecordDefaults {
        RecordDefaults { collective: self.inner.config.default_collective }
    }

    /// What makes the vectors. It stays the same while the guard is held, which is until what it has made is stored.
    fn embedder(&self) -> RwLockReadGuard<'_, Embedder> {
        self.inner.embedder.read()
    }
}

impl Embedder {
    /// Fails unless the vectors in force are those of this embedder.
    fn expect_in_force(&self, store: &StoreHandle) -> Result<()> {
        store.snapshot()?.view().expect_embedder(&self.stored)
    }

    fn dimension(&self) -> usize {
        self.stored.identity.dimension
    }

    fn embed_query(&self, text: &str) -> Result<Embedding> {
        let Some(embedder) = &self.service else {
            let reason = "callers supply the vectors of this database; search with one";
            return Err(PulseDBError::Embedding { reason: reason.into() });
        };
        let embedding = embedder.embed(text)?;
        self.admit_embedded(&embedding)?;
        Ok(embedding)
    }

    /// The vectors of several texts; `None` for a text that has none.
    fn embed_texts(&self, texts: &[&str]) -> Result<Vec<Option<StoredVector>>> {
        let Some(embedder) = &self.service else {
            return match texts {
                [] => Ok(Vec::new()),
                _ => Err(ValidationError::required("embedding").into()),
            };
        };
        let embeddings = embedder.embed_batch(texts)?;
        if embeddings.len() != texts.len() {
            let reason =
                format!("the embedder returned {} vectors for {} texts", embeddings.len(), texts.len());
            return Err(PulseDBError::Embedding { reason });
        }
        embeddings
            .into_iter()
            .map(|embedding| {
                self.admit_embedded(&embedding)?;
                Ok(stored(embedding))
            })
            .collect()
    }

    /// Refuses what an embedder must not return: anything but a vector that could be recorded, or an empty one.
    fn admit_embedded(&self, embedding: &[f32]) -> Result<()> {
        if embedding.is_empty() {
            return Ok(());
        }
        validate::vector("embedding", embedding, self.dimension()).map_err(|error| PulseDBError::Embedding {
            reason: format!("the embedder did not return a valid vector: {error}"),
        })
    }
}

/// A checked vector with what is kept beside it; `None` for an empty one.
fn stored(components: Embedding) -> Option<StoredVector> {
    let norm = Norm::of(&components)?;
    Some(StoredVector { norm_bits: norm.to_bits(), components })
}
