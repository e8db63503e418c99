//! The three outputs of one recorder, compared with files byte by byte or, for JSON, member by member.
//!
//! `EMBEDDENATOR_OBS_BLESS=1 cargo test -p embeddenator-obs golden` rewrites the files; review the
//! difference before you commit it, since other programs parse these outputs.

use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use embeddenator_obs::metrics::{self, IndexKind, names};
use embeddenator_obs::otel::{self, Period, Resource};
use embeddenator_obs::{Recorder, Snapshot, facade, json, prometheus};

fn snapshot() -> Snapshot {
    let recorder = Recorder::new();
    recorder.within(|| {
        for microseconds in [60, 62, 65, 900] {
            metrics::record_search(IndexKind::Flat, Duration::from_micros(microseconds));
        }
        metrics::record_search(IndexKind::Hierarchy, Duration::from_nanos(850));
        metrics::count_codes_compared(80_000);
        metrics::count_encoded_bytes(1 << 20);
        metrics::record_index_build(IndexKind::Hierarchy, Duration::from_millis(480));
        metrics::count_index_rebuild(IndexKind::Hierarchy);
        metrics::record_database_operation("pulsedb", "search_similar", Duration::from_micros(2120));
        facade::gauge!(names::PROCESS_UPTIME).set(12.5);
        facade::gauge!(names::PROCESS_MEMORY_USAGE).set(5_640_192);
        facade::describe_counter!("other.errors", facade::Unit::Count, "Errors of\nsomebody \\ else.");
        facade::counter!("other.errors", "error.type" => "a \"quoted\\\n\u{e9}").increment(3);
        facade::histogram!("other.idle").record_many(1.0, 0);
        facade::gauge!("other.refused").set(f64::NAN);
    });
    recorder.snapshot()
}

/// The text of a golden file, which is rewritten first if that was asked for.
fn golden(name: &str, found: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(name);
    if std::env::var_os("EMBEDDENATOR_OBS_BLESS").is_some() {
        fs::write(&path, found).expect("the golden file can be written");
    }
    fs::read_to_string(&path).expect("the golden file is there")
}

/// Compares documents as JSON values: the order of members has no meaning, and depends on features
/// of other crates.
fn compare_documents(name: &str, document: &serde_json::Value) {
    let text = golden(name, &format!("{document:#}\n"));
    let expected: serde_json::Value = serde_json::from_str(&text).expect("the golden file is JSON");
    assert_eq!(*document, expected, "{name} changed: other programs parse it");
    let through_text: serde_json::Value = serde_json::from_str(&document.to_string()).expect("it is JSON");
    assert_eq!(through_text, expected, "{name} changed on its way through text");
}

#[test]
fn prometheus_text_is_the_golden_one() {
    let text = prometheus::render(&snapshot());
    crate::parser::parse(&text).expect("it is well-formed");
    assert_eq!(text, golden("metrics.prom", &text), "metrics.prom changed: other programs parse it");
}

#[test]
fn json_document_is_the_golden_one() {
    compare_documents("metrics.json", &json::document(&snapshot()));
}

#[test]
fn otlp_document_is_the_golden_one() {
    let period = Period {
        start: UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        end: UNIX_EPOCH + Duration::from_millis(1_700_000_012_500),
    };
    let resource = Resource::new("embeddenator").with("service.version", "0.2.0");
    compare_documents("metrics.otlp.json", &otel::document(&snapshot(), &resource, period));
}

#[test]
fn otlp_histograms_have_a_bucket_more_than_bounds_and_count_them_all() {
    let period = Period { start: UNIX_EPOCH, end: UNIX_EPOCH };
    let document = otel::document(&snapshot(), &Resource::new("x"), period);
    let metrics = document["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array().expect("a list");
    let mut seen = 0;
    for point in metrics.iter().filter_map(|metric| metric["histogram"]["dataPoints"].as_array()).flatten() {
        let buckets = point["bucketCounts"].as_array().expect("a list");
        let bounds = point["explicitBounds"].as_array().expect("a list");
        assert_eq!(buckets.len(), bounds.len() + 1);
        let number = |value: &serde_json::Value| -> u64 {
            value.as_str().and_then(|digits| digits.parse().ok()).expect("a string of digits")
        };
        assert_eq!(buckets.iter().map(number).sum::<u64>(), number(&point["count"]));
        seen += 1;
    }
    assert_eq!(seen, 5);
}

#[test]
fn empty_recorder_renders_valid_documents() {
    let empty = Recorder::new().snapshot();
    assert_eq!(json::document(&empty), serde_json::json!({ "version": 1, "metrics": [] }));
    let period = Period { start: UNIX_EPOCH, end: UNIX_EPOCH };
    let document = otel::document(&empty, &Resource::new("x"), period);
    assert_eq!(document["resourceMetrics"][0]["scopeMetrics"][0]["metrics"], serde_json::json!([]));
}

#[test]
fn otlp_integers_beyond_its_range_are_its_largest_and_times_before_1970_are_unknown() {
    let recorder = Recorder::new();
    recorder.within(|| facade::counter!("c").absolute(u64::MAX));
    let period = Period { start: UNIX_EPOCH - Duration::from_secs(1), end: UNIX_EPOCH };
    let document = otel::document(&recorder.snapshot(), &Resource::new("x"), period);
    let point = &document["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["sum"]["dataPoints"][0];
    assert_eq!(point["asInt"], i64::MAX.to_string());
    assert_eq!(point["startTimeUnixNano"], "0");
}

#[test]
fn otlp_overflow_is_a_boolean() {
    let recorder = Recorder::new();
    recorder.within(|| facade::counter!("c", "long" => "v".repeat(1000)).increment(1));
    let period = Period { start: UNIX_EPOCH, end: UNIX_EPOCH };
    let document = otel::document(&recorder.snapshot(), &Resource::new("x"), period);
    let point = &document["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["sum"]["dataPoints"][0];
    let expected = serde_json::json!([{ "key": "otel.metric.overflow", "value": { "boolValue": true } }]);
    assert_eq!(point["attributes"], expected);
}
