//! Moving a database to another embedder.

use std::sync::Arc;

use crate::db::{Embedder, PulseDB};
use crate::embed::{EmbeddingService, identity};
use crate::error::{PulseDBError, Result};
use crate::limits;
use crate::model::{Progress, ProviderIdentity};
use crate::storage::{Begun, EmbeddingRow, StoreHandle};

impl PulseDB {
    /// Moves the database to another embedder: every content gets a vector of it.
    ///
    /// The new vectors are built beside the old ones, some hundred a commit, while readers and writers of all processes go
    /// on; until the last commit, which puts all of the new ones in force, everybody sees the old ones. Then this handle
    /// and its clones use the new embedder, and a handle that goes by the old one gets
    /// [`EmbeddingProviderMismatch`](PulseDBError::EmbeddingProviderMismatch) when it next embeds, records or searches by
    /// vector. The old vectors are removed in the background.
    ///
    /// A move that was interrupted goes on where it was when it is asked for again, by any process. Asking for another
    /// embedder gives it up, and so does asking for the one that the database has. `progress` is called after each
    /// commit. If writers are faster than the new embedder, the last steps let them wait.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use pulsedb::*;
    /// # struct Length;
    /// # impl EmbeddingService for Length {
    /// #     fn embed(&self, text: &str) -> Result<Embedding> {
    /// #         Ok(vec![1.0, text.len() as f32])
    /// #     }
    /// #     fn dimension(&self) -> usize {
    /// #         2
    /// #     }
    /// #     fn identity(&self) -> ProviderIdentity {
    /// #         ProviderIdentity { provider: "length".into(), model_digest: "1".into(), dimension: 2 }
    /// #     }
    /// # }
    /// # fn main() -> Result<()> {
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let path = directory.path();
    /// let db = PulseDB::open(path, Config::default())?;
    /// db.record_experience(NewExperience { content: "a note".into(), ..Default::default() })?;
    /// db.reembed(Arc::new(Length), |progress| println!("{} of {}", progress.done, progress.total))?;
    /// assert_eq!(db.embedding_dimension(), 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`InvalidField`](crate::ValidationError::InvalidField) for an impossible embedder, as
    /// [`open_with_embedder`](Self::open_with_embedder); [`Embedding`](PulseDBError::Embedding) if it fails;
    /// [`Config`](PulseDBError::Config) if another call gives up this move meanwhile;
    /// [`Corrupted`](crate::StorageError::Corrupted) if a part of the index is damaged, which `repair` rebuilds. What was
    /// done so far is kept, and the old vectors stay in force.
    pub fn reembed(&self, to: Arc<dyn EmbeddingService>, mut progress: impl FnMut(Progress)) -> Result<()> {
        let store = self.writable()?;
        let identity = identity(&*to)?;
        if begin(&store, &identity)? {
            let building = Embedder::of(Arc::clone(&to), identity.clone());
            let mut tell = || -> Result<()> {
                let (done, total) = store.reembed_progress()?;
                progress(Progress { done, total });
                Ok(())
            };
            tell()?;
            for pass in 1..=limits::REEMBED_PASSES {
                build(&store, &building, &mut tell)?;
                let is_last = pass == limits::REEMBED_PASSES;
                let most = if is_last { usize::MAX } else { limits::REEMBED_LAST_ROWS };
                let embedder = building.clone();
                let embed = Box::new(move |texts: &[&str]| embedder.embed_texts(texts));
                // Calls that have embedded with the old one have ended, later ones wait for the new one.
                let mut current = self.inner.embedder.write();
                if store.switch_embedder(&identity, most, embed)? {
                    return adopt(&mut current, &store, to, &identity);
                }
            }
        }
        adopt(&mut self.inner.embedder.write(), &store, to, &identity)
    }
}

impl Embedder {
    /// One whose vectors are not in force yet.
    fn of(service: Arc<dyn EmbeddingService>, identity: ProviderIdentity) -> Self {
        let stored = EmbeddingRow { identity, ..EmbeddingRow::default() };
        Self { service: Some(service), stored: Arc::new(stored) }
    }
}

/// Goes by the embedder that is in force now, if it is this one.
fn adopt(
    current: &mut Embedder,
    store: &StoreHandle,
    service: Arc<dyn EmbeddingService>,
    identity: &ProviderIdentity,
) -> Result<()> {
    let stored = store.snapshot()?.view().embedding()?;
    if stored.identity != *identity {
        let reason = format!("the database has moved on to {}", stored.identity);
        return Err(PulseDBError::Config { reason });
    }
    *current = Embedder { service: Some(service), stored: Arc::new(stored) };
    Ok(())
}

/// Begins the move, or goes on with it; false if the database has this embedder.
fn begin(store: &StoreHandle, to: &ProviderIdentity) -> Result<bool> {
    for _ in 0..limits::REEMBED_ATTEMPTS {
        match store.begin_reembed(to)? {
            Begun::There => return Ok(false),
            Begun::Going => return Ok(true),
            Begun::Blocked => store.remove_old_vectors()?,
        }
    }
    let reason = "other calls keep moving the database to other embedders; let one of them end".into();
    Err(PulseDBError::Config { reason })
}

/// Builds what is missing now: first vectors, then the codes of blocks.
fn build(store: &StoreHandle, building: &Embedder, tell: &mut impl FnMut() -> Result<()>) -> Result<()> {
    let to = &building.stored.identity;
    // What is recorded later is for the next pass.
    let (done, total) = store.reembed_progress()?;
    let mut missing = total.saturating_sub(done);
    while missing > 0 {
        let pending = store.pending_texts()?;
        if pending.is_empty() {
            break;
        }
        missing = missing.saturating_sub(pending.len() as u64);
        let vectors = building.embed_texts(&pending.texts().collect::<Vec<_>>())?;
        store.put_next_vectors(to, pending, vectors)?;
        tell()?;
    }
    while let Some(codes) = store.pending_codes()? {
        store.put_next_codes(to, codes)?;
    }
    Ok(())
}
