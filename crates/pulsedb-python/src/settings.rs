//! Settings of a database handle, from the dataclass `Config`.

use std::path::PathBuf;

use pulsedb::{
    ActivityConfig, CollectiveId, Config, DecayConfig, EmbeddingDimension, EmbeddingProvider, LogConfig,
    SearchConfig, SyncMode, VectorConfig, WatchConfig,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::arguments::{Count, Id, Number, Sequence, Text, span};
use crate::classes::Class;
use crate::errors;
use crate::inputs::given;
use crate::queries;

static CONFIG: Class = Class::of_records("Config");

/// The settings that the dataclass names; those of the crate where there is none.
pub(crate) fn config(object: Option<&Bound<'_, PyAny>>) -> PyResult<Config> {
    let Some(object) = object else { return Ok(Config::default()) };
    if !CONFIG.has(object)? {
        let kind = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!("a pulsedb.Config is wanted, not {kind}")));
    }
    let count = |name: &str| Ok::<_, PyErr>(object.getattr(name)?.extract::<Count>()?.0);
    let sequence = |name: &str| Ok::<_, PyErr>(object.getattr(name)?.extract::<Sequence>()?.0);
    let number = |name: &str| Ok::<_, PyErr>(object.getattr(name)?.extract::<Number>()?.0);
    let time = |name: &str| span(name, &object.getattr(name)?);
    let default_collective = given(object, "default_collective")?;
    let recall = given(object, "recall_weights")?.map(|weights| queries::recall_weights(&weights));
    Ok(Config {
        embedding_provider: provider(object)?,
        embedding_dimension: EmbeddingDimension::Custom(count("dimension")?),
        default_collective: default_collective
            .map(|id| id.extract::<Id<CollectiveId>>())
            .transpose()?
            .map(|id| id.0),
        map_size_gb: count("map_size_gb")?,
        sync_mode: sync_mode(object)?,
        log: LogConfig { max_age: time("log_max_age")?, max_rows: sequence("log_max_rows")? },
        vector: VectorConfig { rescore: count("rescore")?, seal_rows: count("seal_rows")? },
        search: SearchConfig {
            signals: queries::signal_weights(&object.getattr("signals")?)?,
            context: queries::context_weights(&object.getattr("context")?)?,
            bm25_k1: number("bm25_k1")?,
            bm25_b: number("bm25_b")?,
        },
        watch: WatchConfig {
            in_process: object.getattr("watch_in_process")?.is_truthy()?,
            poll_interval_ms: sequence("watch_poll_interval_ms")?,
            buffer_size: count("watch_buffer_size")?,
        },
        decay: DecayConfig {
            half_life: time("half_life")?,
            freq_weight: number("freq_weight")?,
            default_recall_weights: recall.transpose()?,
        },
        activity: ActivityConfig { stale_threshold: time("stale_threshold")? },
        read_only: object.getattr("read_only")?.is_truthy()?,
    })
}

fn provider(object: &Bound<'_, PyAny>) -> PyResult<EmbeddingProvider> {
    let Text(name) = object.getattr("embeddings")?.extract()?;
    match name.as_str() {
        "builtin" => {
            let model_path = given(object, "model_path")?.map(|path| path.extract::<PathBuf>());
            Ok(EmbeddingProvider::Builtin { model_path: model_path.transpose()? })
        }
        "external" => Ok(EmbeddingProvider::External),
        _ => {
            let reason = format!("`{name}` is neither builtin nor external");
            Err(errors::refused(object.py(), "embeddings", reason))
        }
    }
}

fn sync_mode(object: &Bound<'_, PyAny>) -> PyResult<SyncMode> {
    let Text(name) = object.getattr("sync")?.extract()?;
    match name.as_str() {
        "normal" => Ok(SyncMode::Normal),
        "fast" => Ok(SyncMode::Fast),
        _ => Err(errors::refused(object.py(), "sync", format!("`{name}` is neither normal nor fast"))),
    }
}
