//! The files of a sentence-transformer directory: read, checked, and named by a digest.

use std::fmt::Display;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use xxhash_rust::xxh3::Xxh3;

use crate::embed::sentence::bert::Shape;
use crate::error::{PulseDBError, Result};
use crate::limits;

/// The architecture that is run.
const ARCHITECTURE: &str = "bert";
const POSITIONS: &str = "absolute";
const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const WEIGHTS: &str = "model.safetensors";
const MODULES: &str = "modules.json";
const SENTENCES: &str = "sentence_bert_config.json";

/// What a directory holds.
pub(super) struct ModelFiles {
    pub(super) shape: Shape,
    pub(super) tokenizer: Vec<u8>,
    pub(super) weights: Vec<u8>,
    /// Pieces of a text that the model sees, the two marks at its ends included.
    pub(super) pieces_max: usize,
    /// Names everything on which the vectors depend.
    pub(super) digest: String,
}

/// A step behind the transformer, as `modules.json` lists them.
#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Sentences {
    max_seq_length: Option<usize>,
}

/// Reads a directory.
pub(super) fn read(directory: &Path) -> Result<ModelFiles> {
    let config_bytes = required(directory, CONFIG)?;
    expect_architecture(directory, &config_bytes)?;
    let shape: Shape = parsed(directory, CONFIG, &config_bytes)?;
    expect_sane(directory, &shape)?;
    expect_mean_pooling(directory)?;
    let tokenizer = required(directory, TOKENIZER)?;
    let weights = required(directory, WEIGHTS)?;
    let pieces_max = match optional(directory, SENTENCES)? {
        Some(bytes) => parsed::<Sentences>(directory, SENTENCES, &bytes)?.max_seq_length,
        None => None,
    };
    let pieces_max = pieces_max.unwrap_or(usize::MAX).min(shape.max_position_embeddings);
    if pieces_max < 3 {
        let reason = format!("it lets texts have {pieces_max} pieces, two of which are marks");
        return Err(damaged(directory, SENTENCES, reason));
    }
    let mut hash = Xxh3::new();
    for (name, bytes) in [(CONFIG, &config_bytes), (TOKENIZER, &tokenizer), (WEIGHTS, &weights)] {
        hash.update(name.as_bytes());
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    hash.update(&(pieces_max as u64).to_le_bytes());
    let digest = format!("{:032x}", hash.digest128());
    Ok(ModelFiles { shape, tokenizer, weights, pieces_max, digest })
}

/// The error for a file that is not what it should be.
pub(super) fn damaged(directory: &Path, name: &str, reason: impl Display) -> PulseDBError {
    refused(&directory.join(name), reason)
}

fn refused(path: &Path, reason: impl Display) -> PulseDBError {
    let reason = format!("{} cannot be used: {reason}; name the directory of another model", path.display());
    PulseDBError::Config { reason }
}

/// The error for a tokenizer that cannot be used.
pub(super) fn damaged_tokenizer(directory: &Path, reason: impl Display) -> PulseDBError {
    damaged(directory, TOKENIZER, reason)
}

/// The error for weights that cannot be used.
pub(super) fn damaged_weights(directory: &Path, reason: impl Display) -> PulseDBError {
    damaged(directory, WEIGHTS, reason)
}

fn required(directory: &Path, name: &str) -> Result<Vec<u8>> {
    optional(directory, name)?.ok_or_else(|| {
        let reason = format!(
            "{} is missing: the directory of a sentence-transformer has {CONFIG}, {TOKENIZER} and {WEIGHTS}",
            directory.join(name).display()
        );
        PulseDBError::Config { reason }
    })
}

fn optional(directory: &Path, name: &str) -> Result<Option<Vec<u8>>> {
    let path = directory.join(name);
    let read = || -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(&path)?.take(limits::MODEL_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) if bytes.len() as u64 > limits::MODEL_BYTES_MAX => {
            Err(damaged(directory, name, format!("it has more than {} bytes", limits::MODEL_BYTES_MAX)))
        }
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(PulseDBError::io("read", &path, error)),
    }
}

fn parsed<T: DeserializeOwned>(directory: &Path, name: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| damaged(directory, name, error))
}

fn expect_architecture(directory: &Path, config: &[u8]) -> Result<()> {
    #[derive(Deserialize)]
    struct Kind {
        model_type: Option<String>,
        position_embedding_type: Option<String>,
    }
    let kind: Kind = parsed(directory, CONFIG, config)?;
    if let Some(found) = kind.model_type.filter(|found| found != ARCHITECTURE) {
        return Err(unsupported(directory, "architecture", &found, ARCHITECTURE));
    }
    match kind.position_embedding_type {
        Some(found) if found != POSITIONS => {
            Err(unsupported(directory, "kind of positions", &found, POSITIONS))
        }
        _ => Ok(()),
    }
}

/// What a model of any size satisfies, and without which the arithmetic has no meaning.
fn expect_sane(directory: &Path, shape: &Shape) -> Result<()> {
    let (hidden, heads) = (shape.hidden_size, shape.num_attention_heads);
    let is_sane = (1..=limits::DIMENSION_MAX).contains(&hidden)
        && heads > 0
        && hidden.is_multiple_of(heads)
        && shape.num_hidden_layers > 0
        && shape.vocab_size > 0
        && shape.type_vocab_size > 0;
    if is_sane {
        return Ok(());
    }
    let reason =
        format!("{hidden} dimensions, {heads} heads and {} layers make no model", shape.num_hidden_layers);
    Err(damaged(directory, CONFIG, reason))
}

/// Refuses steps behind the transformer that are not run. Vectors are scaled to unit length in any case.
fn expect_mean_pooling(directory: &Path) -> Result<()> {
    let Some(bytes) = optional(directory, MODULES)? else { return Ok(()) };
    for module in parsed::<Vec<Module>>(directory, MODULES, &bytes)? {
        match module.kind.rsplit('.').next().unwrap_or_default() {
            "Transformer" if module.path.is_empty() => {}
            "Normalize" => {}
            "Pooling" => {
                let name = format!("{}/{CONFIG}", module.path);
                let pooling: Map<String, Value> = parsed(directory, &name, &required(directory, &name)?)?;
                // Each way of pooling is a field that says whether it is used. Newer models have others than are known here.
                let used = pooling.iter().filter(|(field, is_used)| {
                    field.starts_with("pooling_mode_") && **is_used == Value::Bool(true)
                });
                if !used.map(|(field, _)| field.as_str()).eq(["pooling_mode_mean_tokens"]) {
                    return Err(unsupported(directory, "pooling", "another one", "mean"));
                }
            }
            _ => {
                let supported = "Transformer, Pooling and Normalize";
                return Err(unsupported(directory, "step", &module.kind, supported));
            }
        }
    }
    Ok(())
}

fn unsupported(directory: &Path, what: &str, found: &str, supported: &str) -> PulseDBError {
    refused(directory, format_args!("its {what} is {found}, and only {supported} can be run"))
}
