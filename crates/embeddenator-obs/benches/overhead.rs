//! What measuring costs, without a listener and with this crate's recorder.
//!
//! `cargo bench -p embeddenator-obs --bench overhead`

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use embeddenator_obs::metrics::{IndexKind, Value, count_codes_compared, names, record_search};
use embeddenator_obs::{HiResTimer, LatencyRecorder, Recorder, Span, facade, json, prometheus};

/// The facade without a recorder: the cost to a library that is not observed.
fn nothing_listens(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("nothing_listens");
    group.bench_function("empty_loop", |bencher| bencher.iter(|| black_box(1)));
    group.bench_function("counter", |bencher| {
        bencher.iter(|| facade::counter!(names::CODES_COMPARED).increment(black_box(1)));
    });
    group.bench_function("histogram", |bencher| {
        bencher.iter(|| facade::histogram!(names::SEARCH_DURATION).record(black_box(1e-6)));
    });
    group.bench_function("span", |bencher| {
        bencher.iter(|| Span::start(facade::histogram!(names::SEARCH_DURATION)));
    });
    group.bench_function("record_search", |bencher| {
        bencher.iter(|| record_search(IndexKind::Flat, black_box(Duration::from_nanos(62))));
    });
    group.bench_function("count_codes_compared", |bencher| {
        bencher.iter(|| count_codes_compared(black_box(1)));
    });
    group.bench_function("tracing_span", |bencher| {
        bencher.iter(|| tracing::info_span!("search", index = black_box(1)).entered());
    });
    group.bench_function("tracing_event", |bencher| {
        bencher.iter(|| tracing::debug!(index = black_box(1), "searched"));
    });
    group.finish();
}

/// This crate's recorder, looking up the series each time as the macros do, and with handles that
/// are kept.
fn recorder_listens(criterion: &mut Criterion) {
    let recorder = Recorder::new();
    recorder.within(|| {
        let mut group = criterion.benchmark_group("recorder_listens");
        group.bench_function("counter", |bencher| {
            bencher.iter(|| facade::counter!(names::CODES_COMPARED).increment(black_box(1)));
        });
        let counter = facade::counter!(names::SEARCHES);
        group.bench_function("counter_kept", |bencher| bencher.iter(|| counter.increment(black_box(1))));
        let gauge = facade::gauge!("gauge");
        group.bench_function("gauge_kept", |bencher| bencher.iter(|| gauge.set(black_box(1.0))));
        group.bench_function("histogram", |bencher| {
            bencher.iter(|| facade::histogram!(names::SEARCH_DURATION).record(black_box(1e-6)));
        });
        let histogram = facade::histogram!(names::INDEX_BUILD_DURATION);
        group.bench_function("histogram_kept", |bencher| bencher.iter(|| histogram.record(black_box(1e-6))));
        group.bench_function("span", |bencher| {
            bencher.iter(|| Span::start(facade::histogram!(names::SEARCH_DURATION)));
        });
        group.bench_function("span_kept", |bencher| bencher.iter(|| Span::start(histogram.clone())));
        group.bench_function("record_search", |bencher| {
            bencher.iter(|| record_search(IndexKind::Flat, black_box(Duration::from_nanos(62))));
        });
        group.bench_function("count_codes_compared", |bencher| {
            bencher.iter(|| count_codes_compared(black_box(1)));
        });
        group.finish();
    });
    let snapshot = recorder.snapshot();
    let searches = snapshot.find(names::CODES_COMPARED).map(|metric| metric.series[0].value.clone());
    assert!(searches.is_none_or(|value| matches!(value, Value::Count(count) if count > 0)));
}

/// The clocks, a start and a stop each, and what a timer reports about itself.
fn timers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("timer");
    for (name, timer) in [("best", HiResTimer::new()), ("system", HiResTimer::system())] {
        group.bench_function(name, |bencher| bencher.iter(|| timer.elapsed_ns(black_box(timer.start()))));
        eprintln!("timer/{name} reads {:?}, says of itself {:?}", timer.source(), timer.overhead());
    }
    group.bench_function("std_instant", |bencher| bencher.iter(|| black_box(Instant::now()).elapsed()));
    let latencies = LatencyRecorder::new();
    group.bench_function("latency_recorder", |bencher| {
        bencher.iter(|| latencies.record_ns(black_box(62_000)));
    });
    group.finish();
}

/// A snapshot of forty series, ten of them histograms, and its renderings.
fn outputs(criterion: &mut Criterion) {
    let recorder = Recorder::new();
    recorder.within(|| {
        for series in 0..30 {
            facade::counter!("counter", "n" => series.to_string()).increment(series);
        }
        for series in 0..10 {
            let histogram = facade::histogram!("histogram", "n" => series.to_string());
            (0..1000).for_each(|value| histogram.record(f64::from(value)));
        }
    });
    let snapshot = recorder.snapshot();
    assert_eq!(snapshot.metrics.len(), 2);
    let mut group = criterion.benchmark_group("outputs_40_series");
    group.bench_function("snapshot", |bencher| bencher.iter(|| recorder.snapshot()));
    group.bench_function("prometheus", |bencher| bencher.iter(|| prometheus::render(&snapshot)));
    group.bench_function("json", |bencher| bencher.iter(|| json::document(&snapshot).to_string()));
    group.finish();
}

criterion_group!(benches, nothing_listens, recorder_listens, timers, outputs);
criterion_main!(benches);
