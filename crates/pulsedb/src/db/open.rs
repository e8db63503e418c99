//! Opening a database.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::RwLock;

use crate::config::Config;
use crate::db::{Embedder, Inner, PulseDB};
use crate::embed::builtin::Builtin;
use crate::embed::{EXTERNAL, EmbeddingService, identity};
use crate::error::Result;
use crate::index::Builder;
use crate::model::ProviderIdentity;
use crate::storage::{BlockBuilder, Store, StoreOptions};
use crate::watch::Watching;

impl PulseDB {
    /// Opens the database in a directory, which is created if it is missing and the handle may write.
    ///
    /// Any number of processes may have it open, all of them reading and writing. Opening a path twice in one process
    /// returns two handles on one environment; the settings of the environment (`map_size_gb`, `sync_mode`, `log`) must
    /// then agree.
    ///
    /// # Errors
    /// [`Validation`](crate::PulseDBError::Validation) for settings out of bounds, before any file is touched;
    /// [`Config`](crate::PulseDBError::Config) for settings that conflict with the open environment or the build;
    /// [`EmbeddingProviderMismatch`](crate::PulseDBError::EmbeddingProviderMismatch) for another embedder than the one that the
    /// database was created with; [`Storage`](crate::PulseDBError::Storage) and [`Io`](crate::PulseDBError::Io) for problems with the
    /// files.
    pub fn open(path: impl AsRef<Path>, config: Config) -> Result<Self> {
        config.validate()?;
        let embedder = match config.embedding_provider.service() {
            // A read-only handle takes what is stored.
            Err(_) if config.read_only => None,
            embedder => embedder?,
        };
        open(path.as_ref(), config, embedder)
    }

    /// Opens the database with an embedder of the caller's own; `Config::embedding_provider` is ignored.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use pulsedb::*;
    /// struct Letters;
    /// impl EmbeddingService for Letters {
    ///     fn embed(&self, text: &str) -> Result<Embedding> {
    ///         let mut counts = vec![0.0; 26];
    ///         for letter in text.bytes().filter(u8::is_ascii_lowercase) {
    ///             counts[usize::from(letter - b'a')] += 1.0;
    ///         }
    ///         // A text of which the embedder knows nothing has no vector.
    ///         Ok(if counts.iter().any(|count| *count > 0.0) { counts } else { Vec::new() })
    ///     }
    ///     fn dimension(&self) -> usize {
    ///         26
    ///     }
    ///     fn identity(&self) -> ProviderIdentity {
    ///         ProviderIdentity { provider: "letters".into(), model_digest: "1".into(), dimension: 26 }
    ///     }
    /// }
    /// # fn main() -> Result<()> {
    /// # let directory = tempfile::tempdir().unwrap();
    /// let db = PulseDB::open_with_embedder(directory.path(), Config::default(), Arc::new(Letters))?;
    /// assert_eq!(db.embedding_dimension(), 26);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`open`](Self::open); also [`InvalidField`](crate::ValidationError::InvalidField) if the embedder's dimension is not
    /// within 1..=4096, or if its identity states another one.
    pub fn open_with_embedder(
        path: impl AsRef<Path>,
        config: Config,
        embedder: Arc<dyn EmbeddingService>,
    ) -> Result<Self> {
        config.validate()?;
        open(path.as_ref(), config, Some(embedder))
    }
}

fn open(path: &Path, config: Config, embedder: Option<Arc<dyn EmbeddingService>>) -> Result<PulseDB> {
    let requested = identity_of(embedder.as_deref(), &config)?;
    let store = Store::open(&StoreOptions {
        path,
        map_size_gb: config.map_size_gb,
        sync_mode: config.sync_mode,
        read_only: config.read_only,
        log: &config.log,
        seal_rows: config.vector.seal_rows as u32,
        builder: &(Arc::new(Builder) as Arc<dyn BlockBuilder>),
        identity: if config.read_only { None } else { Some(&requested) },
    })?;
    let stored = store.embedding().clone();
    // A read-only handle takes what is stored: its own embedder if it is the stored one, else the bundled one if that
    // is the stored one, else none.
    let service = if requested == stored.identity {
        embedder
    } else {
        let bundled = Builtin::new();
        (bundled.identity() == stored.identity).then(|| Arc::new(bundled) as Arc<dyn EmbeddingService>)
    };
    let inner = Inner {
        watching: Watching::new(&config.watch),
        path: store.path().to_owned(),
        store: RwLock::new(Some(Arc::new(store))),
        config,
        embedder: RwLock::new(Embedder { service, stored: Arc::new(stored) }),
        seen: AtomicU64::new(0),
    };
    Ok(PulseDB { inner: Arc::new(inner) })
}

/// What makes the vectors.
pub(super) fn identity_of(
    embedder: Option<&dyn EmbeddingService>,
    config: &Config,
) -> Result<ProviderIdentity> {
    match embedder {
        Some(embedder) => identity(embedder),
        None => Ok(ProviderIdentity {
            provider: EXTERNAL.into(),
            model_digest: String::new(),
            dimension: config.embedding_dimension.size(),
        }),
    }
}
