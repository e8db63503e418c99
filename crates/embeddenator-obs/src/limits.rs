//! Every limit, with its reason.
//!
//! Together they bound what a recorder may hold, whatever names and labels it is given: at most
//! [`HISTOGRAM_SERIES_MAX`] histograms of some 48 KB, and twice [`SERIES_MAX`] counters and gauges whose labels have
//! at most [`LABELS_MAX`] x ([`LABEL_NAME_BYTES_MAX`] + [`LABEL_VALUE_BYTES_MAX`]) bytes: 24 MB each way. With
//! what keeps them (names, pointers, the allocator's share) a recorder filled to all limits takes some 60 MB.

/// Bytes in the name of a metric: what OpenTelemetry allows for an instrument. A longer name is refused and counted.
pub const NAME_BYTES_MAX: usize = 255;

/// Labels of a series. More go to the overflow series of their metric: nobody groups by nine labels.
pub const LABELS_MAX: usize = 8;

/// Bytes in the name of a label; semantic conventions stay below 64.
pub const LABEL_NAME_BYTES_MAX: usize = 128;

/// Bytes in the value of a label: enough for an error's type or an index's name. Longer ones are contents, not
/// labels, and go to the overflow series.
pub const LABEL_VALUE_BYTES_MAX: usize = 256;

/// Bytes of a description that are kept; one line of help.
pub const DESCRIPTION_BYTES_MAX: usize = 1024;

/// Series of one metric, the overflow series included. Labels are for what a person compares; OpenTelemetry's
/// default of 2000 is for servers.
pub const SERIES_PER_METRIC_MAX: usize = 256;

/// Names of one kind of metric.
pub const METRICS_MAX: usize = 512;

/// Series of counters, and as many of gauges. A new series copies the table that readers see, so this also bounds
/// that copy to tens of microseconds.
pub const SERIES_MAX: usize = 4096;

/// Series of histograms, which weigh some 48 KB each: 24 MB in all.
pub const HISTOGRAM_SERIES_MAX: usize = 512;

/// The highest value of a metric's histogram, in its finest step: 104 days of nanoseconds, 9 PB, or 9 * 10^9 in
/// steps of 10^-6. Integers up to here are exact in an `f64`.
pub const VALUE_MAX: u64 = 1 << 53;

/// The number of values that one histogram counts: exact in an `f64`, and 28 years at ten million a second.
pub const COUNT_MAX: u64 = 1 << 53;

/// The highest value of a [`LatencyHistogram`](crate::LatencyHistogram) in nanoseconds: one hour.
pub const LATENCY_NS_MAX: u64 = 3_600_000_000_000;

/// Characters of a refused log filter that an error repeats.
pub const FILTER_SHOWN_CHARACTERS: usize = 128;
