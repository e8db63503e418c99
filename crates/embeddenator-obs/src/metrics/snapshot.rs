//! The contents of a recorder at one moment, in the order in which they are shown.

use crate::metrics::{Kind, Unit};

/// Every metric of a recorder at one moment: plain, sorted data in which every number is finite.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The metrics, sorted by name, then by kind.
    pub metrics: Vec<Metric>,
}

impl Snapshot {
    /// The metric with this name, if the recorder has it.
    pub fn find(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }
}

/// One metric: its series differ only in their labels.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Metric {
    /// The name, as it was recorded.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What it counts or measures.
    pub unit: Unit,
    /// What it means, in one sentence; empty if it was not described.
    pub description: String,
    /// Its series, sorted by labels; never empty.
    pub series: Vec<Series>,
}

/// The value of a metric for one set of labels.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Series {
    /// The labels, sorted by name, each name once.
    pub labels: Vec<Label>,
    /// The value.
    pub value: Value,
}

/// A name and a value that split a metric into series.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Label {
    /// The name, as it was recorded.
    pub name: String,
    /// The value, any text.
    pub value: String,
}

/// The value of a series.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// The value of a counter.
    Count(u64),
    /// The value of a gauge or an up-down counter; finite.
    Number(f64),
    /// The values of a histogram.
    Distribution(Summary),
}

/// What a histogram counted, in the unit of its metric.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// How many values.
    pub count: u64,
    /// Their sum, with each value rounded to a step of the histogram: a nanosecond for times, one
    /// for counts, a millionth for anything else.
    pub sum: f64,
    /// How many values were above the range of the histogram and counted as its highest.
    pub saturated: u64,
    /// The quantiles; `None` if nothing was counted.
    pub quantiles: Option<Quantiles>,
    /// The upper bounds of the buckets, inclusive, ascending.
    pub bounds: Vec<f64>,
    /// The number of values in each bucket. There is one more bucket than bounds: the last one is
    /// open.
    pub buckets: Vec<u64>,
}

/// Quantiles: at most 1/128 above the true value, or half a step of the histogram, and never outside the extremes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Quantiles {
    /// The lowest value.
    pub min: f64,
    /// Half of all values are at most this.
    pub p50: f64,
    /// 90% of all values are at most this.
    pub p90: f64,
    /// 99% of all values are at most this.
    pub p99: f64,
    /// 99.9% of all values are at most this.
    pub p999: f64,
    /// The highest value.
    pub max: f64,
}
