//! What a recorder held at one moment, in the order in which it is shown.

use crate::metrics::{Kind, Unit};

/// Every metric of a recorder at one moment: plain data, ordered, and without a number that is not finite.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// By name, then by kind.
    pub metrics: Vec<Metric>,
}

impl Snapshot {
    /// The metric of a name, if the recorder has met it.
    pub fn find(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }
}

/// One metric: its series differ in labels only.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Metric {
    /// The name, as it was recorded.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What it counts or measures.
    pub unit: Unit,
    /// What it means, in a sentence; empty when nobody said.
    pub description: String,
    /// By labels; never empty.
    pub series: Vec<Series>,
}

/// The value of a metric for one set of labels.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Series {
    /// By name, each name once.
    pub labels: Vec<Label>,
    /// The value.
    pub value: Value,
}

/// A name and a value that divide a metric.
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
    /// Of a counter.
    Count(u64),
    /// Of a gauge or an up-down counter; finite.
    Number(f64),
    /// Of a histogram.
    Distribution(Summary),
}

/// What a histogram counted, in the unit of its metric.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// How many values.
    pub count: u64,
    /// Their sum, each value rounded to a step of the histogram: a nanosecond of a time, one of what is counted, a
    /// millionth of all else.
    pub sum: f64,
    /// How many values were beyond what the histogram holds, and taken as the highest.
    pub saturated: u64,
    /// `None` when nothing was counted.
    pub quantiles: Option<Quantiles>,
    /// The upper bounds of the buckets, inclusive, rising.
    pub bounds: Vec<f64>,
    /// How many values each bucket has, one more than there are bounds: the last bucket is open.
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
    /// Nine of ten are at most this.
    pub p90: f64,
    /// Ninety-nine of a hundred are at most this.
    pub p99: f64,
    /// All but one of a thousand are at most this.
    pub p999: f64,
    /// The highest value.
    pub max: f64,
}
