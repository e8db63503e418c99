//! A snapshot as one JSON document, for programs and for people with `jq`.
//!
//! ```text
//! {"version": 1,
//!  "metrics": [
//!    {"name": "embeddenator.searches",
//!     "kind": "counter",                      counter | updowncounter | gauge | histogram
//!     "unit": "{search}",                     a UCUM code; empty if unknown
//!     "description": "Searches that returned.",
//!     "series": [
//!       {"labels": {"embeddenator.index.kind": "flat"},
//!        "value": 3}]},                       a histogram has, instead of `value`,
//!                                             "count" "sum" "saturated",
//!                                             and, if not empty, "min" "p50" "p90" "p99" "p999" "max"
//!  ]}
//! ```
//!
//! Metrics are sorted by name, series by labels. Counts are exact up to `u64::MAX`; readers that
//! know only doubles round them above 2^53. There are no nulls, and all numbers are finite. Within
//! a version members may be added, but none is changed or removed.

use serde_json::{Map, Value as Json, json};

use crate::metrics::{Kind, Metric, Series, Snapshot, Summary, Value};

/// The version of the document format.
pub const VERSION: u32 = 1;

/// A snapshot as a document; its `Display` form is JSON on one line.
///
/// ```
/// use embeddenator_obs::{Recorder, facade, json};
///
/// let recorder = Recorder::new();
/// recorder.within(|| facade::gauge!("queue.length").set(4));
/// let document = json::document(&recorder.snapshot());
/// assert_eq!(document["metrics"][0]["series"][0]["value"], 4.0);
/// println!("{document}");
/// ```
pub fn document(snapshot: &Snapshot) -> Json {
    let metrics: Vec<Json> = snapshot.metrics.iter().map(metric).collect();
    json!({ "version": VERSION, "metrics": metrics })
}

fn metric(metric: &Metric) -> Json {
    let kind = match metric.kind {
        Kind::Counter => "counter",
        Kind::UpDownCounter => "updowncounter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    let series: Vec<Json> = metric.series.iter().map(one_series).collect();
    json!({
        "name": metric.name,
        "kind": kind,
        "unit": metric.unit.ucum(),
        "description": metric.description,
        "series": series,
    })
}

fn one_series(series: &Series) -> Json {
    let labels: Map<String, Json> =
        series.labels.iter().map(|label| (label.name.clone(), Json::from(label.value.as_str()))).collect();
    let mut members = match &series.value {
        Value::Count(count) => Map::from_iter([("value".to_owned(), Json::from(*count))]),
        Value::Number(value) => Map::from_iter([("value".to_owned(), Json::from(*value))]),
        Value::Distribution(summary) => distribution(summary),
    };
    members.insert("labels".to_owned(), Json::Object(labels));
    Json::Object(members)
}

fn distribution(summary: &Summary) -> Map<String, Json> {
    let mut members = Map::new();
    let mut put = |name: &str, value: Json| members.insert(name.to_owned(), value);
    put("count", summary.count.into());
    put("sum", summary.sum.into());
    put("saturated", summary.saturated.into());
    if let Some(found) = summary.quantiles {
        put("min", found.min.into());
        put("p50", found.p50.into());
        put("p90", found.p90.into());
        put("p99", found.p99.into());
        put("p999", found.p999.into());
        put("max", found.max.into());
    }
    members
}
