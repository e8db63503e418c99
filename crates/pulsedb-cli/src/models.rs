//! Models of one's own: what `model add` has noted, and how one is opened.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use pulsedb::{EmbeddingProvider, EmbeddingService, ProviderIdentity};
use serde::{Deserialize, Serialize};

use crate::exit::CliError;
use crate::places::{data_directory, expanded};

/// The variable that names the directory of a model.
pub(crate) const MODEL_VARIABLE: &str = "PULSEDB_MODEL";
/// What a command says that needs a model and was built without them.
const ABSENT: &str =
    "this command was built without models; build it with `--features neural`, or use the bundled table";
/// The directory of the notes, in the platform's data directory. Each note is a file of its own, so that two commands
/// that add models at once do not undo each other.
const NOTES: &str = "pulsedb-models";
const NOTE_EXTENSION: &str = "json";

/// A model that was noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) digest: String,
    pub(crate) dimension: usize,
    pub(crate) path: PathBuf,
}

/// Refuses, as a usage that cannot be, if this command cannot run models.
pub(crate) fn expect_models() -> anyhow::Result<()> {
    if cfg!(feature = "neural") { Ok(()) } else { Err(CliError::Usage(ABSENT.to_owned()).into()) }
}

/// The setting that asks for the model in a directory.
pub(crate) fn provider(directory: &Path) -> EmbeddingProvider {
    EmbeddingProvider::Builtin { model_path: Some(directory.to_owned()) }
}

/// Opens the model in a directory.
pub(crate) fn open(directory: &Path) -> anyhow::Result<Arc<dyn EmbeddingService>> {
    expect_models()?;
    let service = provider(directory).service().map_err(|error| match error {
        // It is the directory that is wrong.
        pulsedb::PulseDBError::Config { reason } => CliError::Usage(reason).into(),
        error => anyhow::Error::new(error),
    })?;
    service.ok_or_else(|| anyhow!("the model in {} has no embedder", directory.display()))
}

/// The directory that the environment names. An empty variable counts as one that is not set.
pub(crate) fn of_environment() -> anyhow::Result<Option<PathBuf>> {
    let set = std::env::var_os(MODEL_VARIABLE).filter(|value| !value.is_empty());
    set.map(|path| expanded(path.into())).transpose()
}

/// Opens the model in a directory, and notes where it is.
pub(crate) fn add(directory: PathBuf) -> anyhow::Result<(Arc<dyn EmbeddingService>, Note)> {
    let path = expanded(directory)?;
    let service = open(&path)?;
    let whole = std::path::absolute(&path).with_context(|| format!("cannot find {}", path.display()))?;
    let note = note(&service.identity(), whole)?;
    Ok((service, note))
}

/// Notes where the model with this identity is; an older note of it is replaced.
fn note(identity: &ProviderIdentity, path: PathBuf) -> anyhow::Result<Note> {
    let directory = notes_directory()?;
    let note = Note { digest: identity.model_digest.clone(), dimension: identity.dimension, path };
    let to = directory.join(&note.digest).with_extension(NOTE_EXTENSION);
    let write = || -> anyhow::Result<()> {
        std::fs::create_dir_all(&directory)?;
        let mut file = tempfile::NamedTempFile::new_in(&directory)?;
        serde_json::to_writer(&mut file, &note)?;
        file.flush()?;
        file.persist(&to)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", to.display()))?;
    Ok(note)
}

/// Every model that was noted, in the order of their digests.
pub(crate) fn noted() -> anyhow::Result<Vec<Note>> {
    let directory = notes_directory()?;
    let entries = match std::fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", directory.display())),
    };
    let mut notes = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", directory.display()))?.path();
        // A note that is being written has another name.
        if path.extension().is_some_and(|extension| extension == NOTE_EXTENSION) {
            notes.push(read_note(&path)?);
        }
    }
    notes.sort_unstable_by(|one: &Note, other| one.digest.cmp(&other.digest));
    Ok(notes)
}

fn read_note(path: &Path) -> anyhow::Result<Note> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let damaged =
        || format!("{} is not a note of a model; remove it, and add the model again", path.display());
    serde_json::from_slice(&bytes).with_context(damaged)
}

fn notes_directory() -> anyhow::Result<PathBuf> {
    Ok(data_directory()
        .context("the home directory is unknown, so there is nowhere to keep the list of models")?
        .join(NOTES))
}
