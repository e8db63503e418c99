//! What is said once: of the database in `pulsedb.json`, of a collective in its `collective.json`.

use pulsedb::{Collective, CollectiveId, ProviderIdentity};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::form::front::Fault;
use crate::form::moment::Moment;

const FORMAT: &str = "pulsedb-snapshot";
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DatabaseJson {
    format: String,
    version: u32,
    provider: String,
    model: String,
    dimension: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CollectiveJson {
    id: CollectiveId,
    name: String,
    owner: Option<String>,
    created_at: Moment,
    updated_at: Moment,
}

/// The file that says by whom the vectors are made.
pub(crate) fn write_database(embedder: &ProviderIdentity) -> String {
    let ProviderIdentity { provider, model_digest, dimension } = embedder.clone();
    let (format, version) = (FORMAT.to_owned(), VERSION);
    lines(&DatabaseJson { format, version, provider, model: model_digest, dimension })
}

/// Who made the vectors, by the file that says so.
pub(crate) fn read_database(bytes: &[u8]) -> Result<ProviderIdentity, Fault> {
    let DatabaseJson { format, version, provider, model, dimension } = read(bytes)?;
    if format != FORMAT || version != VERSION {
        let reason =
            format!("it is `{format}` of version {version}, and {VERSION} of `{FORMAT}` can be read");
        return Err(Fault::new(0, reason));
    }
    // What is stored for a collective, and the widest vector that a database takes.
    if u16::try_from(dimension).is_err() {
        return Err(Fault::new(0, format!("no vector has {dimension} dimensions")));
    }
    Ok(ProviderIdentity { provider, model_digest: model, dimension })
}

/// The file of a collective.
pub(crate) fn write_collective(collective: &Collective) -> String {
    lines(&CollectiveJson {
        id: collective.id,
        name: collective.name.clone(),
        owner: collective.owner_id.clone(),
        created_at: Moment(collective.created_at),
        updated_at: Moment(collective.updated_at),
    })
}

/// The collective of a file.
pub(crate) fn read_collective(bytes: &[u8], dimension: usize) -> Result<Collective, Fault> {
    let CollectiveJson { id, name, owner, created_at, updated_at } = read(bytes)?;
    let (created_at, updated_at) = (created_at.0, updated_at.0);
    let embedding_dimension = u16::try_from(dimension).unwrap_or(u16::MAX);
    Ok(Collective { id, name, owner_id: owner, embedding_dimension, created_at, updated_at })
}

fn lines(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value);
    text.expect("texts and numbers are always JSON") + "\n"
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(bytes).map_err(|error| Fault::new(error.line(), error.to_string()))
}
