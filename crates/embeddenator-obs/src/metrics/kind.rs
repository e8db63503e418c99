//! What a metric is.

/// What a metric is, as OpenTelemetry divides instruments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A sum that only rises.
    Counter,
    /// A sum that rises and falls, such as memory in use; a gauge to the facade and to Prometheus.
    UpDownCounter,
    /// A value of this moment that makes no sense when added up, such as an age.
    Gauge,
    /// How values are distributed.
    Histogram,
}
