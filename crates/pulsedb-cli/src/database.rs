//! The database and the collective that a command works on: where they are, and how each command may open them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use pulsedb::{
    CheckReport, CollectiveId, Config, EmbeddingDimension, ProviderIdentity, PulseDB, PulseDBError,
    StorageError,
};
use unicode_normalization::UnicodeNormalization;

use crate::exit::CliError;
use crate::models;
use crate::places::{data_directory, expanded};
use crate::stamped::{self, Stamped};
use crate::text::printable_line;

/// The provider name of databases whose vectors the caller supplies.
const EXTERNAL: &str = "external";
/// The provider name of those that use the bundled table.
const BUILTIN: &str = "builtin";

/// The variable that names the database.
const PATH_VARIABLE: &str = "PULSEDB_DB";
/// The variable that names the collective.
const COLLECTIVE_VARIABLE: &str = "PULSEDB_COLLECTIVE";
/// The variable that says how large a database may become, in GiB.
const MAP_SIZE_VARIABLE: &str = "PULSEDB_MAP_SIZE";
const GIB: u64 = 1 << 30;
/// The smallest largest size in GiB: asking for it leaves an existing database the size that it has.
const MAP_SIZE_MIN: usize = 1;
/// The collective that nobody named.
const DEFAULT_COLLECTIVE: &str = "default";

/// Where a command works.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) path: PathBuf,
    pub(crate) collective: String,
    /// Whether a flag or the environment named the collective.
    is_named: bool,
    map_size: Option<usize>,
}

impl Target {
    /// The database and the collective that the flags name, else the environment, else the user's own and `default`.
    /// An empty variable counts as one that is not set.
    pub(crate) fn new(
        path: Option<PathBuf>,
        collective: Option<String>,
        map_size: Option<usize>,
    ) -> anyhow::Result<Self> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let path = match path.or_else(|| set(PATH_VARIABLE).map(PathBuf::from)) {
            Some(path) => expanded(path)?,
            None => default_path()?,
        };
        let named = match (collective, set(COLLECTIVE_VARIABLE)) {
            (Some(collective), _) => Some(collective),
            (None, Some(name)) => Some(name.into_string().map_err(|name| {
                CliError::Usage(format!("{COLLECTIVE_VARIABLE} is not Unicode: {}", name.to_string_lossy()))
            })?),
            (None, None) => None,
        };
        let is_named = named.is_some();
        let collective = named.unwrap_or_else(|| DEFAULT_COLLECTIVE.to_owned());
        let map_size = match (map_size, set(MAP_SIZE_VARIABLE)) {
            (None, Some(text)) => Some(size_in_gib(&text.to_string_lossy())?),
            (given, _) => given,
        };
        Ok(Self { path, collective, is_named, map_size })
    }

    /// The same for work in a directory: where nobody named a collective, it is that of the repository around it.
    pub(crate) fn at(self, directory: &Path) -> Self {
        if self.is_named {
            return self;
        }
        Self { collective: pulsedb_mcp::collective_of(directory), ..self }
    }

    /// Opens for reading, as an agent's server or hook does; `None` if there is no database yet.
    pub(crate) fn read_if_there(&self) -> pulsedb::Result<Option<PulseDB>> {
        match self.open_to_read() {
            Ok(db) => Ok(Some(db)),
            Err(PulseDBError::Storage(StorageError::DatabaseNotFound { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens for writing and creates what is missing, as an agent's server does each time that it has to.
    pub(crate) fn open_for_agent(&self) -> pulsedb::Result<PulseDB> {
        let map_size = match self.read_if_there()? {
            Some(_) => MAP_SIZE_MIN,
            None => Config::default().map_size_gb,
        };
        self.open(Config::default(), map_size)
    }

    /// Opens for reading; nothing is created and nothing changes.
    pub(crate) fn read(&self) -> anyhow::Result<PulseDB> {
        self.open_to_read().map_err(|error| self.say_how_to_create(error))
    }

    fn open_to_read(&self) -> pulsedb::Result<PulseDB> {
        let db = PulseDB::open(&self.path, Config::read_only())?;
        let stored = db.embedder_identity();
        if !is_of_model(&stored) {
            return Ok(db);
        }
        PulseDB::open_with_embedder(&self.path, Config::read_only(), Arc::new(Stamped::new(stored)))
    }

    /// Opens for writing what exists.
    pub(crate) fn write(&self) -> anyhow::Result<PulseDB> {
        drop(self.read()?);
        self.open_or_create(Config::default(), MAP_SIZE_MIN)
    }

    /// Opens for writing and creates what is missing; a database is created for vectors from outside if a dimension is
    /// given, else for those of the model that the environment names, if it names one.
    pub(crate) fn create(&self, dimension: Option<usize>) -> anyhow::Result<PulseDB> {
        let is_there = !matches!(self.read_if_there(), Ok(None));
        let map_size = if is_there { MAP_SIZE_MIN } else { Config::default().map_size_gb };
        if let Some(dimension) = dimension {
            return self.open_or_create(external(dimension), map_size);
        }
        match models::of_environment()? {
            Some(directory) if !is_there => {
                let (service, _) = models::add(directory)?;
                let config = self.sized(Config::default(), map_size);
                PulseDB::open_with_embedder(&self.path, config, service)
                    .with_context(|| format!("cannot open the database at {}", self.path.display()))
            }
            _ => self.open_or_create(Config::default(), map_size),
        }
    }

    /// The collective that somebody named, by a flag or in the environment.
    pub(crate) fn named_collective(&self) -> Option<&str> {
        self.is_named.then_some(&self.collective)
    }

    /// The same with a database in another place.
    pub(crate) fn moved_to(&self, path: PathBuf) -> Self {
        Self { path, ..self.clone() }
    }

    /// Opens for writing a database with the vectors of this embedder, which is made if there is none.
    pub(crate) fn create_for(&self, embedder: &ProviderIdentity) -> anyhow::Result<PulseDB> {
        let is_there = self.open_to_read().is_ok();
        let map_size = if is_there { MAP_SIZE_MIN } else { Config::default().map_size_gb };
        let usual = self.sized(Config::default(), map_size);
        let created = if is_of_model(embedder) {
            PulseDB::open_with_embedder(&self.path, usual, Arc::new(Stamped::new(embedder.clone())))
        } else if is_external(embedder) {
            PulseDB::open(&self.path, self.sized(external(embedder.dimension), usual.map_size_gb))
        } else {
            PulseDB::open(&self.path, usual)
        };
        created.with_context(|| format!("cannot open the database at {}", self.path.display()))
    }

    /// Rebuilds what can be derived from the records.
    pub(crate) fn repair(&self) -> anyhow::Result<CheckReport> {
        // The new file gets the size that the database has, if that can still be read.
        let stats = self.open_to_read().and_then(|db| db.stats());
        let map_size = stats.ok().and_then(|stats| usize::try_from(stats.map_bytes.div_ceil(GIB)).ok());
        let map_size = map_size.unwrap_or(Config::default().map_size_gb);
        let repair = |config| PulseDB::repair(&self.path, self.sized(config, map_size));
        let of_model = |stored: ProviderIdentity| {
            let (directory, _) = stamped::find(&stored)?;
            repair(Config { embedding_provider: models::provider(&directory), ..Config::default() })
        };
        with_stored_provider(Config::default(), repair, of_model)
            .map_err(|error| self.say_how_to_create(error))
    }

    /// Opens for writing, with the embedder that the database has.
    fn open(&self, config: Config, map_size: usize) -> pulsedb::Result<PulseDB> {
        let of_model = |stored| {
            let config = self.sized(Config::default(), map_size);
            PulseDB::open_with_embedder(&self.path, config, Arc::new(Stamped::new(stored)))
        };
        let open = |config| PulseDB::open(&self.path, self.sized(config, map_size));
        with_stored_provider(config, open, of_model)
    }

    fn open_or_create(&self, config: Config, map_size: usize) -> anyhow::Result<PulseDB> {
        self.open(config, map_size)
            .with_context(|| format!("cannot open the database at {}", self.path.display()))
            .and_then(|db| self.say_if_smaller(&db).map(|()| db))
    }

    /// Says on standard error that a database did not grow to the size that was asked for.
    fn say_if_smaller(&self, db: &PulseDB) -> anyhow::Result<()> {
        let Some(asked) = self.map_size else { return Ok(()) };
        let map_bytes = db.stats()?.map_bytes;
        if map_bytes < asked as u64 * GIB {
            let largest = map_bytes / GIB;
            eprintln!(
                "note: the largest size of the database stays {largest} GiB; it grows to {asked} GiB when a command \
                 opens it alone and the system has address space for it (`ulimit -v`)"
            );
        }
        Ok(())
    }

    /// The settings with the largest size that was asked for, else this one.
    fn sized(&self, config: Config, otherwise: usize) -> Config {
        Config { map_size_gb: self.map_size.unwrap_or(otherwise), ..config }
    }

    /// The collective of that name, which must exist.
    pub(crate) fn collective(&self, db: &PulseDB) -> anyhow::Result<CollectiveId> {
        self.collective_named(db, &self.collective)
    }

    pub(crate) fn collective_named(&self, db: &PulseDB, name: &str) -> anyhow::Result<CollectiveId> {
        let collectives = db.list_collectives()?;
        // The database keeps names in NFC, whatever a keyboard or a file name gave.
        let normal: String = name.nfc().collect();
        if let Some(found) = collectives.iter().find(|collective| collective.name == normal) {
            return Ok(found.id);
        }
        let names: Vec<String> =
            collectives.iter().take(10).map(|it| format!("`{}`", printable_line(&it.name))).collect();
        let others = match (names.len(), collectives.len()) {
            (0, _) => "it has no collectives yet".to_owned(),
            (shown, all) if shown < all => format!("it has {} and {} more", names.join(", "), all - shown),
            _ => format!("it has {}", names.join(", ")),
        };
        let message = format!("no collective `{name}` in {}; {others}", self.path.display());
        Err(CliError::NotFound(message).into())
    }

    fn say_how_to_create(&self, error: PulseDBError) -> anyhow::Error {
        let is_missing = matches!(error, PulseDBError::Storage(StorageError::DatabaseNotFound { .. }));
        let place = self.path.display();
        if is_missing {
            // It says all that the error of the library does.
            CliError::NotFound(format!(
                "no database at {place}; `pulsedb import PATH` or `pulsedb record TEXT` creates one, \
                 `--db DIR` or PULSEDB_DB names another"
            ))
            .into()
        } else {
            anyhow::Error::new(error).context(format!("cannot open the database at {place}"))
        }
    }
}

/// Whether the vectors are those of a model of one's own.
fn is_of_model(embedder: &ProviderIdentity) -> bool {
    ![BUILTIN, EXTERNAL].contains(&embedder.provider.as_str())
}

/// Tries with these settings. Where they are the usual ones, and the database says that its vectors are made in another
/// way, then that is how to go on.
fn with_stored_provider<T>(
    config: Config,
    open: impl Fn(Config) -> pulsedb::Result<T>,
    of_model: impl FnOnce(ProviderIdentity) -> pulsedb::Result<T>,
) -> pulsedb::Result<T> {
    let is_usual = config.embedding_provider == Config::default().embedding_provider;
    match open(config) {
        Err(PulseDBError::EmbeddingProviderMismatch { stored, .. }) if is_usual && is_of_model(&stored) => {
            of_model(*stored)
        }
        Err(PulseDBError::EmbeddingProviderMismatch { stored, .. }) if is_usual && is_external(&stored) => {
            open(external(stored.dimension))
        }
        result => result,
    }
}

/// Whether callers supply the vectors.
pub(crate) fn is_external(embedder: &ProviderIdentity) -> bool {
    embedder.provider == EXTERNAL
}

/// The settings of a database whose vectors callers supply.
pub(crate) fn external(dimension: usize) -> Config {
    Config::with_external_embeddings(EmbeddingDimension::Custom(dimension))
}

fn size_in_gib(text: &str) -> anyhow::Result<usize> {
    text.parse().map_err(|_| {
        CliError::Usage(format!("{MAP_SIZE_VARIABLE} must be a whole number of GiB, not `{text}`")).into()
    })
}

/// `pulsedb` in the directory that the platform keeps for the data of applications.
fn default_path() -> anyhow::Result<PathBuf> {
    let directory = data_directory()
        .context("the home directory is unknown; name the database with --db DIR or PULSEDB_DB")?;
    Ok(directory.join("pulsedb"))
}
