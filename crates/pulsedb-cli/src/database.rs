//! The database and the collective that a command works on: where they are, and how each command may open them.

use std::path::PathBuf;

use anyhow::Context;
use etcetera::BaseStrategy;
use pulsedb::{CheckReport, CollectiveId, Config, EmbeddingDimension, PulseDB, PulseDBError, StorageError};

use crate::exit::CliError;
use crate::text::printable_line;

/// The provider name of databases whose vectors the caller supplies.
const EXTERNAL: &str = "external";

/// The variable that names the database.
const PATH_VARIABLE: &str = "PULSEDB_DB";
/// The variable that names the collective.
const COLLECTIVE_VARIABLE: &str = "PULSEDB_COLLECTIVE";
/// The collective that nobody named.
const DEFAULT_COLLECTIVE: &str = "default";

/// Where a command works.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) path: PathBuf,
    pub(crate) collective: String,
}

impl Target {
    /// The database and the collective that the flags name, else the environment, else the user's own and `default`.
    /// An empty variable counts as one that is not set.
    pub(crate) fn new(path: Option<PathBuf>, collective: Option<String>) -> anyhow::Result<Self> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let path = match path.or_else(|| set(PATH_VARIABLE).map(PathBuf::from)) {
            Some(path) => expanded(path)?,
            None => default_path()?,
        };
        let collective = match (collective, set(COLLECTIVE_VARIABLE)) {
            (Some(collective), _) => collective,
            (None, Some(name)) => name.into_string().map_err(|name| {
                CliError::Usage(format!("{COLLECTIVE_VARIABLE} is not Unicode: {}", name.to_string_lossy()))
            })?,
            (None, None) => DEFAULT_COLLECTIVE.to_owned(),
        };
        Ok(Self { path, collective })
    }

    /// Opens for reading; nothing is created and nothing changes.
    pub(crate) fn read(&self) -> anyhow::Result<PulseDB> {
        PulseDB::open(&self.path, Config::read_only()).map_err(|error| self.say_how_to_create(error))
    }

    /// Opens for writing what exists.
    pub(crate) fn write(&self) -> anyhow::Result<PulseDB> {
        drop(self.read()?);
        self.open_or_create(None)
    }

    /// Opens for writing and creates what is missing; a database is created for vectors from outside if a
    /// dimension is given.
    pub(crate) fn create(&self, dimension: Option<usize>) -> anyhow::Result<PulseDB> {
        self.open_or_create(dimension)
    }

    /// Rebuilds what can be derived from the records.
    pub(crate) fn repair(&self) -> anyhow::Result<CheckReport> {
        with_provider(None, |config| PulseDB::repair(&self.path, config))
            .map_err(|error| self.say_how_to_create(error))
    }

    fn open_or_create(&self, dimension: Option<usize>) -> anyhow::Result<PulseDB> {
        with_provider(dimension, |config| PulseDB::open(&self.path, config))
            .with_context(|| format!("cannot open the database at {}", self.path.display()))
    }

    /// The collective of that name, which must exist.
    pub(crate) fn collective(&self, db: &PulseDB) -> anyhow::Result<CollectiveId> {
        self.collective_named(db, &self.collective)
    }

    pub(crate) fn collective_named(&self, db: &PulseDB, name: &str) -> anyhow::Result<CollectiveId> {
        let collectives = db.list_collectives()?;
        if let Some(found) = collectives.iter().find(|collective| collective.name == name) {
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
        let error = anyhow::Error::new(error);
        if is_missing {
            error.context(format!(
                "no database at {place}; `pulsedb import PATH` or `pulsedb record TEXT` creates one, \
                 `--db DIR` or PULSEDB_DB names another"
            ))
        } else {
            error.context(format!("cannot open the database at {place}"))
        }
    }
}

/// Tries with the bundled embedder or the dimension given; a database that was made for vectors from outside
/// says so, and then that is how to go on.
fn with_provider<T>(
    dimension: Option<usize>,
    open: impl Fn(Config) -> pulsedb::Result<T>,
) -> pulsedb::Result<T> {
    match open(dimension.map_or_else(Config::default, external)) {
        Err(PulseDBError::EmbeddingProviderMismatch { stored, .. })
            if dimension.is_none() && stored.provider == EXTERNAL =>
        {
            open(external(stored.dimension))
        }
        result => result,
    }
}

fn external(dimension: usize) -> Config {
    Config::with_external_embeddings(EmbeddingDimension::Custom(dimension))
}

/// The path with the home directory for a leading `~`, which a shell leaves in `--db=~/x` and in quotes.
fn expanded(path: PathBuf) -> anyhow::Result<PathBuf> {
    let mut parts = path.components();
    let first =
        parts.next().map(|first| first.as_os_str().to_string_lossy().into_owned()).unwrap_or_default();
    if !first.starts_with('~') {
        return Ok(path);
    }
    if first != "~" {
        let message = format!(
            "cannot expand `{first}`: write the path in full, or ./{first} for a directory of that name"
        );
        return Err(CliError::Usage(message).into());
    }
    let home = etcetera::home_dir().context("the home directory is unknown, so `~` cannot be expanded")?;
    Ok(home.join(parts.as_path()))
}

/// `pulsedb` in the directory that the platform keeps for the data of applications.
fn default_path() -> anyhow::Result<PathBuf> {
    let strategy = etcetera::base_strategy::choose_native_strategy()
        .context("the home directory is unknown; name the database with --db DIR or PULSEDB_DB")?;
    Ok(strategy.data_dir().join("pulsedb"))
}
