//! A snapshot as Prometheus text (exposition format 0.0.4), for a scraper or the node exporter's text files.
//!
//! Names follow OpenTelemetry's rules for Prometheus: `embeddenator.search.duration` in seconds
//! becomes `embeddenator_search_duration_seconds`, and counters end in `_total`. Histograms are
//! summaries with the quantiles 0.5, 0.9, 0.99, 0.999 and 1, the last being the exact maximum; an
//! empty histogram has no quantiles, since they would be NaN.
//!
//! Names and labels that these rules make equal are kept apart, never merged: a metric gets a
//! number at the end of its name, a series the label `series`. The numbers follow the order of the
//! snapshot, so they may change when another such metric or series appears: give metrics names that
//! differ in letters or digits.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::metrics::{Kind, Label, Metric, Snapshot, Summary, Value};

/// The media type of the text from [`render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Renders a snapshot; the text is empty if it has no metrics.
///
/// ```
/// use embeddenator_obs::{Recorder, facade, prometheus};
///
/// let recorder = Recorder::new();
/// recorder.within(|| facade::counter!("http.requests", "http.route" => "/a\"b").increment(3));
/// let text = prometheus::render(&recorder.snapshot());
/// assert_eq!(
///     text,
///     "# TYPE http_requests_total counter\nhttp_requests_total{http_route=\"/a\\\"b\"} 3\n",
/// );
/// ```
pub fn render(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    let mut taken = HashSet::new();
    for metric in &snapshot.metrics {
        let name = family_name(metric, &mut taken);
        family(&mut text, metric, &name);
    }
    text
}

/// A name for the metric such that its samples share no name with those of other metrics.
fn family_name(metric: &Metric, taken: &mut HashSet<String>) -> String {
    let sanitised = metric_name(&metric.name);
    // `total` goes after the unit.
    let total = if metric.kind == Kind::Counter { "_total" } else { "" };
    let base = sanitised.strip_suffix(total).unwrap_or(&sanitised);
    let mut number = 1;
    loop {
        let numbered = if number == 1 { base.to_owned() } else { format!("{base}_{number}") };
        let name = with_suffixes(numbered, metric);
        let samples = samples_of(&name, metric.kind);
        if samples.iter().all(|sample| !taken.contains(sample)) {
            taken.extend(samples);
            return name;
        }
        number += 1;
    }
}

fn with_suffixes(mut name: String, metric: &Metric) -> String {
    if let Some(unit) = metric.unit.prometheus_suffix() {
        append(&mut name, unit);
    }
    if metric.kind == Kind::Counter {
        append(&mut name, "total");
    }
    name
}

/// Appends a word unless the name already ends with it.
fn append(name: &mut String, word: &str) {
    let present = name.strip_suffix(word).is_some_and(|rest| rest.ends_with('_'));
    if !present {
        name.push('_');
        name.push_str(word);
    }
}

/// The sample names that a metric uses.
fn samples_of(name: &str, kind: Kind) -> Vec<String> {
    let mut samples = vec![name.to_owned()];
    if kind == Kind::Histogram {
        samples.extend([format!("{name}_sum"), format!("{name}_count")]);
    }
    samples
}

fn family(text: &mut String, metric: &Metric, name: &str) {
    if !metric.description.is_empty() {
        put(text, format_args!("# HELP {name} {}\n", help(&metric.description)));
    }
    let kind = match metric.kind {
        Kind::Counter => "counter",
        Kind::UpDownCounter | Kind::Gauge => "gauge",
        Kind::Histogram => "summary",
    };
    put(text, format_args!("# TYPE {name} {kind}\n"));
    let mut seen = HashSet::new();
    for series in &metric.series {
        let labels = distinct(labels(&series.labels, metric.kind), &mut seen);
        match &series.value {
            Value::Count(count) => put(text, format_args!("{name}{} {count}\n", braced(&labels))),
            Value::Number(value) => put(text, format_args!("{name}{} {}\n", braced(&labels), number(*value))),
            Value::Distribution(summary) => distribution(text, name, &labels, summary),
        }
    }
}

fn distribution(text: &mut String, name: &str, labels: &str, summary: &Summary) {
    if let Some(found) = summary.quantiles {
        let comma = if labels.is_empty() { "" } else { "," };
        let quantiles = [
            ("0.5", found.p50),
            ("0.9", found.p90),
            ("0.99", found.p99),
            ("0.999", found.p999),
            ("1", found.max),
        ];
        for (quantile, value) in quantiles {
            let value = number(value);
            put(text, format_args!("{name}{{{labels}{comma}quantile=\"{quantile}\"}} {value}\n"));
        }
    }
    let labels = braced(labels);
    put(text, format_args!("{name}_sum{labels} {}\n", number(summary.sum)));
    put(text, format_args!("{name}_count{labels} {}\n", summary.count));
}

/// The labels as text, without braces. Labels that are the same to Prometheus give the same text:
/// they are sorted by the name that Prometheus sees, and those with empty values are left out.
/// Labels whose names become equal are joined, as OpenTelemetry specifies.
fn labels(labels: &[Label], kind: Kind) -> String {
    let mut named: Vec<(String, String)> = Vec::new();
    for label in labels {
        let name = label_name(&label.name, kind);
        match named.iter_mut().find(|(other, _)| *other == name) {
            Some((_, value)) => {
                value.push(';');
                value.push_str(&label.value);
            }
            None => named.push((name, label.value.clone())),
        }
    }
    named.retain(|(_, value)| !value.is_empty());
    named.sort();
    let written: Vec<String> =
        named.iter().map(|(name, value)| format!("{name}=\"{}\"", label_value(value))).collect();
    written.join(",")
}

/// The labels, plus one more if another series of the metric has the same ones.
fn distinct(labels: String, seen: &mut HashSet<String>) -> String {
    let mut candidate = labels.clone();
    let mut number = 1;
    while !seen.insert(candidate.clone()) {
        number += 1;
        let comma = if labels.is_empty() { "" } else { "," };
        candidate = format!("{labels}{comma}series=\"{number}\"");
    }
    candidate
}

fn braced(labels: &str) -> String {
    if labels.is_empty() { String::new() } else { format!("{{{labels}}}") }
}

/// `[a-zA-Z_][a-zA-Z0-9_]*`: colons are replaced too, since they are for recording rules.
fn metric_name(name: &str) -> String {
    let mut sanitised: String =
        name.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect();
    if !sanitised.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        sanitised.insert(0, '_');
    }
    sanitised
}

fn label_name(name: &str, kind: Kind) -> String {
    let sanitised = metric_name(name);
    // Names that start with two underscores belong to Prometheus, `quantile` belongs to summaries,
    // and `series` is ours.
    let reserved = sanitised.starts_with("__")
        || sanitised == "series"
        || (sanitised == "quantile" && kind == Kind::Histogram);
    if reserved { format!("label_{}", sanitised.trim_start_matches('_')) } else { sanitised }
}

fn label_value(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn help(description: &str) -> String {
    description.replace('\\', "\\\\").replace('\n', "\\n")
}

/// A finite number, exact and short: with an exponent where there would be many digits.
fn number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-5..1e17).contains(&size) { format!("{value}") } else { format!("{value:e}") }
}

fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a string cannot fail");
}
