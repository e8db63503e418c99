//! Threads record at the same time, and nothing is lost.

use std::thread;

use embeddenator_obs::metrics::Value;
use embeddenator_obs::{LatencyRecorder, Recorder, facade};

const THREADS: u64 = 8;
const ROUNDS: u64 = 20_000;

#[test]
fn increments_of_threads_add_up_exactly() {
    let recorder = Recorder::new();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let recorder = &recorder;
            scope.spawn(move || {
                recorder.within(|| {
                    let kept = facade::counter!("kept");
                    for round in 0..ROUNDS {
                        kept.increment(2);
                        facade::counter!("looked.up", "parity" => if round % 2 == 0 { "even" } else { "odd" })
                            .increment(1);
                        facade::gauge!("level").increment(1.0);
                        facade::histogram!("values").record((thread * ROUNDS + round) as f64);
                    }
                });
            });
        }
    });

    let snapshot = recorder.snapshot();
    let values = |name: &str| -> Vec<Value> {
        let metric = snapshot.find(name).expect("it was recorded");
        metric.series.iter().map(|series| series.value.clone()).collect()
    };
    let all = THREADS * ROUNDS;
    assert_eq!(values("kept"), [Value::Count(2 * all)]);
    assert_eq!(values("looked.up"), [Value::Count(all / 2), Value::Count(all / 2)]);
    assert_eq!(values("level"), [Value::Number(all as f64)]);
    let [Value::Distribution(summary)] = &values("values")[..] else { panic!("one histogram") };
    assert_eq!(summary.count, all);
    assert_eq!(summary.buckets.iter().sum::<u64>(), all);
    assert_eq!(summary.sum, (all * (all - 1) / 2) as f64);
}

#[test]
fn snapshots_while_threads_record_are_whole_and_never_fall() {
    let recorder = Recorder::new();
    let seen = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    recorder.within(|| {
                        for round in 0..ROUNDS {
                            facade::counter!("c", "n" => (round % 300).to_string()).increment(1);
                            facade::histogram!("h").record(round as f64);
                        }
                    });
                })
            })
            .collect();
        let mut seen = (0, 0);
        let mut last = false;
        while !last {
            // Once more after the end, so that the last one holds everything.
            last = threads.iter().all(thread::ScopedJoinHandle::is_finished);
            let now = whole(&recorder);
            assert!(now.0 >= seen.0 && now.1 >= seen.1, "{now:?} after {seen:?}");
            seen = now;
        }
        seen
    });
    assert_eq!(seen, (THREADS * ROUNDS, THREADS * ROUNDS));
}

/// The totals of a snapshot's counters and histograms, each of which must be consistent in itself.
fn whole(recorder: &Recorder) -> (u64, u64) {
    let mut counted = (0, 0);
    for series in recorder.snapshot().metrics.iter().flat_map(|metric| &metric.series) {
        match &series.value {
            Value::Count(count) => counted.0 += count,
            Value::Distribution(summary) => {
                assert_eq!(summary.buckets.iter().sum::<u64>(), summary.count);
                assert_eq!(summary.quantiles.is_some(), summary.count > 0);
                counted.1 += summary.count;
            }
            other => panic!("nobody recorded {other:?}"),
        }
    }
    counted
}

#[test]
fn series_that_threads_ask_for_at_once_are_created_once() {
    let recorder = Recorder::new();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                recorder.within(|| {
                    for number in 0..100 {
                        facade::counter!("series", "number" => format!("{number:02}")).increment(1);
                    }
                });
            });
        }
    });
    let snapshot = recorder.snapshot();
    let series = &snapshot.find("series").expect("it was recorded").series;
    assert_eq!(series.len(), 100);
    assert!(series.iter().all(|series| series.value == Value::Count(THREADS)));
    assert!(series.is_sorted_by(|a, b| a.labels < b.labels));
}

#[test]
fn shared_latencies_are_all_counted_once_each() {
    let recorder = LatencyRecorder::new();
    let taken = thread::scope(|scope| {
        for thread in 0..THREADS {
            let recorder = recorder.clone();
            scope.spawn(move || (0..ROUNDS).for_each(|round| recorder.record_ns(thread * ROUNDS + round)));
        }
        // What is taken meanwhile is no longer in the recorder.
        recorder.take()
    });
    let mut all = recorder.snapshot();
    all.merge(&taken);
    let n = THREADS * ROUNDS;
    assert_eq!(all.count(), n);
    assert_eq!(all.sum_ns(), u128::from(n * (n - 1) / 2));
    assert_eq!(all.percentiles().map(|found| found.max_ns), Some(n - 1));
    assert_eq!(recorder.replaced(), 0);
}
