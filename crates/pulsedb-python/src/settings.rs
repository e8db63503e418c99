//! Settings of a database handle, from the dataclass `Config`.

use std::path::PathBuf;

use pulsedb::{
    ActivityConfig, Config, DecayConfig, EmbeddingDimension, EmbeddingProvider, LogConfig, SearchConfig,
    SyncMode, VectorConfig, WatchConfig,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::arguments::{id, number, text, whole};
use crate::classes::Class;
use crate::errors;
use crate::moments::span;
use crate::parts::Parts;
use crate::queries;

static CONFIG: Class = Class::of_records("Config");

/// The settings that the dataclass names; those of the crate where there is none.
pub(crate) fn config(object: Option<&Bound<'_, PyAny>>) -> PyResult<Config> {
    let Some(object) = object else { return Ok(Config::default()) };
    if !CONFIG.has(object)? {
        let kind = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!("a pulsedb.Config is wanted, not {kind}")));
    }
    let parts = Parts(object);
    let time = |name: &str| parts.read(name, span);
    Ok(Config {
        embedding_provider: provider(parts)?,
        embedding_dimension: EmbeddingDimension::Custom(parts.read("dimension", whole)?),
        default_collective: parts.given("default_collective", id)?,
        map_size_gb: parts.read("map_size_gb", whole)?,
        sync_mode: sync_mode(parts)?,
        log: LogConfig { max_age: time("log_max_age")?, max_rows: parts.read("log_max_rows", whole)? },
        vector: VectorConfig {
            rescore: parts.read("rescore", whole)?,
            seal_rows: parts.read("seal_rows", whole)?,
        },
        search: SearchConfig {
            signals: parts.read("signals", queries::signal_weights)?,
            context: parts.read("context", queries::context_weights)?,
            bm25_k1: parts.read("bm25_k1", number)?,
            bm25_b: parts.read("bm25_b", number)?,
        },
        watch: WatchConfig {
            in_process: parts.is("watch_in_process")?,
            poll_interval_ms: parts.read("watch_poll_interval_ms", whole)?,
            buffer_size: parts.read("watch_buffer_size", whole)?,
        },
        decay: DecayConfig {
            half_life: time("half_life")?,
            freq_weight: parts.read("freq_weight", number)?,
            default_recall_weights: parts.given("recall_weights", queries::recall_weights)?,
        },
        activity: ActivityConfig { stale_threshold: time("stale_threshold")? },
        read_only: parts.is("read_only")?,
    })
}

fn provider(parts: Parts<'_, '_>) -> PyResult<EmbeddingProvider> {
    let name = parts.read("embeddings", text)?;
    match name.as_str() {
        "builtin" => {
            let model_path = parts.given("model_path", |_, path| path.extract::<PathBuf>())?;
            Ok(EmbeddingProvider::Builtin { model_path })
        }
        "external" => Ok(EmbeddingProvider::External),
        _ => {
            let reason = format!("`{name}` is neither builtin nor external");
            Err(errors::refused(parts.0.py(), "embeddings", reason))
        }
    }
}

fn sync_mode(parts: Parts<'_, '_>) -> PyResult<SyncMode> {
    let name = parts.read("sync", text)?;
    match name.as_str() {
        "normal" => Ok(SyncMode::Normal),
        "fast" => Ok(SyncMode::Fast),
        _ => Err(errors::refused(parts.0.py(), "sync", format!("`{name}` is neither normal nor fast"))),
    }
}
