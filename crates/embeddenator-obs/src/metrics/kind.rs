//! The kinds of metric.

/// The kind of a metric, as OpenTelemetry divides instruments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A sum that only rises.
    Counter,
    /// A sum that rises and falls, such as memory in use; a gauge to the facade and to Prometheus.
    UpDownCounter,
    /// A current value that makes no sense when added up, such as an age.
    Gauge,
    /// A distribution of values.
    Histogram,
}
