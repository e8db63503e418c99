//! Counters, gauges and histograms: their stable names, the functions that record them, and snapshots of a recorder.
//!
//! [`names`] is the table; [`record_search`] and its neighbours record the common things without
//! spelling out a name. All of them go through the [`facade`](crate::facade), so they cost almost
//! nothing until a recorder is installed, this crate's or any other of the `metrics` ecosystem.

mod distribution;
mod health;
mod histogram;
mod kind;
mod latency;
pub mod names;
mod operations;
mod process;
mod recorder;
mod scalar;
mod snapshot;
mod table;
mod unit;

pub use kind::Kind;
pub use latency::{LatencyHistogram, LatencyRecorder, Percentiles};
pub use operations::{
    IndexKind, count_codes_compared, count_encoded_bytes, count_index_rebuild, record_database_operation,
    record_index_build, record_search,
};
pub use process::record_process;
pub use recorder::Recorder;
pub use snapshot::{Label, Metric, Quantiles, Series, Snapshot, Summary, Value};
pub use unit::Unit;

/// Gives the current recorder the unit and description of every metric in [`names::TABLE`].
///
/// This crate's [`Recorder`] already knows the table; call this for another recorder of the
/// ecosystem, after installing it.
///
/// ```
/// embeddenator_obs::metrics::describe_all(); // no effect here, since nothing listens
/// ```
pub fn describe_all() {
    for name in names::TABLE {
        let (unit, description) = (name.unit.facade(), name.description);
        match (name.kind, unit) {
            (Kind::Counter, Some(unit)) => ::metrics::describe_counter!(name.name, unit, description),
            (Kind::Counter, None) => ::metrics::describe_counter!(name.name, description),
            (Kind::Gauge | Kind::UpDownCounter, Some(unit)) => {
                ::metrics::describe_gauge!(name.name, unit, description);
            }
            (Kind::Gauge | Kind::UpDownCounter, None) => ::metrics::describe_gauge!(name.name, description),
            (Kind::Histogram, Some(unit)) => ::metrics::describe_histogram!(name.name, unit, description),
            (Kind::Histogram, None) => ::metrics::describe_histogram!(name.name, description),
        }
    }
}
