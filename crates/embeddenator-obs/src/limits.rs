//! Every limit of the crate, with its reason.
//!
//! Together they bound the memory of a recorder, whatever names and labels it is given: at most
//! [`HISTOGRAM_SERIES_MAX`] histograms of about 48 KB, and twice [`SERIES_MAX`] counters and gauges
//! whose labels have at most [`LABELS_MAX`] x ([`LABEL_NAME_BYTES_MAX`] +
//! [`LABEL_VALUE_BYTES_MAX`]) bytes: 24 MB for each of the two. With names, pointers and the
//! allocator's overhead, a recorder filled to all limits takes about 60 MB.

/// Bytes in the name of a metric: OpenTelemetry's limit for an instrument. Metrics with longer
/// names are refused and counted.
pub const NAME_BYTES_MAX: usize = 255;

/// Labels of a series. A series with more goes to the overflow series of its metric: nobody groups
/// by nine labels.
pub const LABELS_MAX: usize = 8;

/// Bytes in the name of a label; semantic conventions stay below 64.
pub const LABEL_NAME_BYTES_MAX: usize = 128;

/// Bytes in the value of a label: enough for an error type or an index name. Longer values are
/// content, not labels, and go to the overflow series.
pub const LABEL_VALUE_BYTES_MAX: usize = 256;

/// Bytes kept of a description: one line of help.
pub const DESCRIPTION_BYTES_MAX: usize = 1024;

/// Series of one metric, including the overflow series. Labels are for what a person compares;
/// OpenTelemetry's default of 2000 is for servers.
pub const SERIES_PER_METRIC_MAX: usize = 256;

/// Metrics of one kind.
pub const METRICS_MAX: usize = 512;

/// Series of counters, and as many of gauges. Adding a series copies the table that readers see, so
/// this also bounds that copy to tens of microseconds.
pub const SERIES_MAX: usize = 4096;

/// Series of histograms, which take about 48 KB each: 24 MB in total.
pub const HISTOGRAM_SERIES_MAX: usize = 512;

/// The highest value of a metric's histogram, in its smallest step: 104 days in nanoseconds, 9 PB
/// in bytes, or 9 * 10^9 in steps of 10^-6. Integers up to this value are exact in an `f64`.
pub const VALUE_MAX: u64 = 1 << 53;

/// The number of values that one histogram counts: exact in an `f64`, and enough for 28 years at
/// ten million a second.
pub const COUNT_MAX: u64 = 1 << 53;

/// The highest value of a [`LatencyHistogram`](crate::LatencyHistogram) in nanoseconds: one hour.
pub const LATENCY_NS_MAX: u64 = 3_600_000_000_000;

/// Characters of an invalid log filter that the error repeats.
pub const FILTER_SHOWN_CHARACTERS: usize = 128;
