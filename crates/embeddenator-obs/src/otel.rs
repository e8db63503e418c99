//! A snapshot as an OTLP metrics document in JSON, for an OpenTelemetry collector that reads a file or standard input.
//!
//! The shape is the protobuf JSON mapping of `ExportMetricsServiceRequest` (OpenTelemetry protocol
//! 1): one resource, one scope, names and units as recorded, sums cumulative since the start.
//! Counters are monotonic integer sums, up-down counters are non-monotonic sums, and histograms
//! have explicit bounds. There is no client here: the collector's `otlpjsonfile` receiver reads one
//! document per line.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value as Json, json};

use crate::metrics::names::OVERFLOW;
use crate::metrics::{Kind, Label, Metric, Series, Snapshot, Summary, Value};

/// Sums count since the start of the recorder: `AGGREGATION_TEMPORALITY_CUMULATIVE`.
const CUMULATIVE: u32 = 2;

/// What is measured: the attributes of an OpenTelemetry resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    attributes: BTreeMap<String, String>,
}

impl Resource {
    /// A service with this `service.name`, and with `telemetry.sdk.name`, `.language` and
    /// `.version`.
    pub fn new(service_name: &str) -> Self {
        let given = [
            ("service.name", service_name),
            ("telemetry.sdk.language", "rust"),
            ("telemetry.sdk.name", env!("CARGO_PKG_NAME")),
            ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
        ];
        let attributes = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { attributes }
    }

    /// The same with one more attribute, such as `service.version`; an existing attribute is
    /// replaced.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.attributes.insert(name.to_owned(), value.to_owned());
        self
    }
}

/// The time that a snapshot covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// When the recorder was created.
    pub start: SystemTime,
    /// When the snapshot was taken.
    pub end: SystemTime,
}

/// A snapshot as a document; its `Display` form is JSON on one line.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use embeddenator_obs::metrics::{IndexKind, record_search};
/// use embeddenator_obs::otel::{self, Period, Resource};
/// use embeddenator_obs::Recorder;
///
/// let recorder = Recorder::new();
/// recorder.within(|| record_search(IndexKind::Flat, Duration::from_micros(62)));
/// let period = Period { start: UNIX_EPOCH, end: UNIX_EPOCH + Duration::from_secs(9) };
/// let document = otel::document(&recorder.snapshot(), &Resource::new("example"), period);
/// let metrics = &document["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
/// assert_eq!(metrics[0]["name"], "embeddenator.search.duration");
/// assert_eq!(metrics[0]["unit"], "s");
/// ```
pub fn document(snapshot: &Snapshot, resource: &Resource, period: Period) -> Json {
    let metrics: Vec<Json> = snapshot.metrics.iter().map(|one| metric(one, period)).collect();
    let of_resource = resource.attributes.iter().map(|(name, value)| attribute(name, value));
    json!({
        "resourceMetrics": [{
            "resource": { "attributes": of_resource.collect::<Vec<Json>>() },
            "scopeMetrics": [{
                "scope": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
                "metrics": metrics,
            }],
        }],
    })
}

fn metric(metric: &Metric, period: Period) -> Json {
    let points: Vec<Json> = metric.series.iter().map(|series| point(series, metric.kind, period)).collect();
    let (kind, data) = match metric.kind {
        Kind::Counter | Kind::UpDownCounter => {
            let monotonic = metric.kind == Kind::Counter;
            let data = json!({ "aggregationTemporality": CUMULATIVE, "isMonotonic": monotonic, "dataPoints": points });
            ("sum", data)
        }
        Kind::Gauge => ("gauge", json!({ "dataPoints": points })),
        Kind::Histogram => {
            ("histogram", json!({ "aggregationTemporality": CUMULATIVE, "dataPoints": points }))
        }
    };
    let mut document =
        json!({ "name": metric.name, "description": metric.description, "unit": metric.unit.ucum() });
    document[kind] = data;
    document
}

fn point(series: &Series, kind: Kind, period: Period) -> Json {
    let attributes: Vec<Json> =
        series.labels.iter().map(|Label { name, value }| attribute(name, value)).collect();
    let mut point = json!({ "attributes": attributes, "timeUnixNano": nanoseconds(period.end) });
    if kind != Kind::Gauge {
        point["startTimeUnixNano"] = nanoseconds(period.start);
    }
    match &series.value {
        Value::Count(count) => point["asInt"] = integer(i64::try_from(*count).unwrap_or(i64::MAX)),
        Value::Number(value) => point["asDouble"] = json!(value),
        Value::Distribution(summary) => distribution(&mut point, summary),
    }
    point
}

fn distribution(point: &mut Json, summary: &Summary) {
    point["count"] = integer(summary.count);
    point["sum"] = json!(summary.sum);
    point["bucketCounts"] = summary.buckets.iter().map(integer).collect();
    point["explicitBounds"] = json!(summary.bounds);
    if let Some(found) = summary.quantiles {
        point["min"] = json!(found.min);
        point["max"] = json!(found.max);
    }
}

fn attribute(name: &str, value: &str) -> Json {
    // The one label that OpenTelemetry defines as a boolean.
    if name == OVERFLOW && value == "true" {
        return json!({ "key": name, "value": { "boolValue": true } });
    }
    json!({ "key": name, "value": { "stringValue": value } })
}

/// 64-bit integers are strings in the JSON mapping of protobuf.
fn integer(value: impl std::fmt::Display) -> Json {
    Json::String(value.to_string())
}

/// Nanoseconds since 1970; zero, which means unknown in OTLP, before 1970 or after the year 2554.
fn nanoseconds(time: SystemTime) -> Json {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    integer(u64::try_from(since.as_nanos()).unwrap_or(0))
}
