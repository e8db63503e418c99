//! Timers and spans, on a clock that the test moves and on the machine's clocks.

use std::time::{Duration, Instant};

use embeddenator_obs::metrics::Value;
use embeddenator_obs::timer::ClockSource;
use embeddenator_obs::{HiResTimer, Recorder, Span, facade};

fn recorded(recorder: &Recorder, name: &str) -> Option<(u64, f64)> {
    match &recorder.snapshot().find(name)?.series[0].value {
        Value::Distribution(summary) => Some((summary.count, summary.sum)),
        other => panic!("not a histogram: {other:?}"),
    }
}

#[test]
fn span_records_its_life_in_seconds() {
    let recorder = Recorder::new();
    let (timer, clock) = HiResTimer::manual();
    recorder.within(|| {
        let span = Span::start_on(&timer, facade::histogram!("work.duration"));
        assert!(span.listens());
        clock.advance(Duration::from_millis(250));
        drop(span);
        let span = Span::start_on(&timer, facade::histogram!("work.duration"));
        clock.advance(Duration::from_millis(500));
        assert_eq!(span.finish(), Some(Duration::from_millis(500)));
        let span = Span::start_on(&timer, facade::histogram!("work.duration"));
        clock.advance(Duration::from_secs(9));
        span.cancel();
    });
    assert_eq!(recorded(&recorder, "work.duration"), Some((2, 0.75)));
}

#[test]
fn span_without_a_listener_does_not_read_the_clock() {
    let span = Span::start(facade::Histogram::noop());
    assert!(!span.listens());
    assert_eq!(span.finish(), None);
}

#[test]
fn asking_whether_anything_listens_leaves_no_trace() {
    let recorder = Recorder::new();
    recorder.within(|| Span::start(facade::histogram!("asked")).cancel());
    assert_eq!(recorded(&recorder, "asked"), Some((0, 0.0)));
}

#[test]
fn span_dropped_by_a_panic_records() {
    let recorder = Recorder::new();
    let (timer, clock) = HiResTimer::manual();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        recorder.within(|| {
            let _span = Span::start_on(&timer, facade::histogram!("fails"));
            clock.advance(Duration::from_secs(2));
            panic!("the work fails");
        });
    }));
    assert!(outcome.is_err());
    assert_eq!(recorded(&recorder, "fails"), Some((1, 2.0)));
}

#[test]
fn time_that_runs_backwards_counts_as_zero() {
    let (timer, clock) = HiResTimer::manual();
    clock.set(Duration::from_secs(5));
    let start = timer.start();
    clock.set(Duration::from_secs(3));
    assert_eq!((timer.elapsed_ns(start), timer.source()), (0, ClockSource::Manual));
    clock.set(Duration::MAX);
    clock.advance(Duration::MAX);
    assert_eq!(timer.elapsed_ns(start), u64::MAX - 5_000_000_000);
}

#[test]
fn clocks_of_the_machine_never_run_backwards() {
    for timer in [HiResTimer::new(), HiResTimer::system()] {
        let start = timer.start();
        let mut before = 0;
        for _ in 0..100_000 {
            let now = timer.elapsed_ns(start);
            assert!(now >= before, "{:?}: {now} after {before}", timer.source());
            before = now;
        }
        assert!(before > 0, "{:?} stands still", timer.source());
    }
}

#[test]
fn clocks_of_the_machine_agree_with_the_systems() {
    for timer in [HiResTimer::new(), HiResTimer::default(), HiResTimer::system()] {
        // Each end is between two readings of the system's clock, so an interruption cannot fail
        // the test.
        let earliest = Instant::now();
        let start = timer.start();
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(5) {
            std::hint::spin_loop();
        }
        let least = began.elapsed().as_secs_f64();
        let measured = timer.elapsed(start).as_secs_f64();
        let most = earliest.elapsed().as_secs_f64();
        assert!(measured >= least * 0.99 && measured <= most * 1.01, "{least} <= {measured} <= {most}");
    }
}

#[test]
fn overhead_is_positive_and_ordered() {
    for timer in [HiResTimer::new(), HiResTimer::system()] {
        let overhead = timer.overhead();
        assert!(overhead.least_ns > 0.0 && overhead.least_ns <= overhead.median_ns, "{overhead:?}");
    }
}
