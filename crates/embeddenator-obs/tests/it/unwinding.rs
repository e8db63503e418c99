//! What may cross threads and panics.

use std::panic::{RefUnwindSafe, UnwindSafe, catch_unwind};

use embeddenator_obs::metrics::Value;
use embeddenator_obs::{Error, HiResTimer, LatencyHistogram, LatencyRecorder, Recorder, Snapshot, facade};

#[test]
fn types_cross_threads_and_panics() {
    fn holds<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
    fn crosses_threads<T: Send + Sync + 'static>() {}

    holds::<Recorder>();
    holds::<Snapshot>();
    holds::<LatencyHistogram>();
    holds::<LatencyRecorder>();
    holds::<HiResTimer>();
    crosses_threads::<Error>();
}

#[test]
fn what_a_panicking_thread_recorded_is_kept() {
    let recorder = Recorder::new();
    let outcome = catch_unwind(|| {
        recorder.within(|| {
            facade::counter!("before").increment(3);
            facade::histogram!("before.h").record(1.0);
            panic!("the work fails");
        });
    });
    assert!(outcome.is_err());
    recorder.within(|| facade::counter!("before").increment(4));
    let snapshot = recorder.snapshot();
    assert_eq!(snapshot.find("before").map(|metric| metric.series[0].value.clone()), Some(Value::Count(7)));
    assert!(snapshot.find("before.h").is_some());
    assert!(snapshot.find("embeddenator.obs.states.replaced").is_none());
}
