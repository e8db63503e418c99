//! Latencies: a histogram of durations for one owner, and one for threads to share.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::limits::LATENCY_NS_MAX;
use crate::lock::{Renewed, Replacements};
use crate::metrics::distribution::{Distribution, Shape};

const SHAPE: Shape = Shape { highest: LATENCY_NS_MAX, digits: 3 };

/// The usual percentiles of a latency, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percentiles {
    /// Half of all durations are at most this.
    pub p50_ns: u64,
    /// 90% of all durations are at most this.
    pub p90_ns: u64,
    /// 99% of all durations are at most this.
    pub p99_ns: u64,
    /// 99.9% of all durations are at most this.
    pub p999_ns: u64,
    /// The longest duration, exact.
    pub max_ns: u64,
}

/// A histogram of durations from 0 ns to one hour, in a fixed 264 KB.
///
/// Percentiles are at most 1/1024 above the true value and never below it; count, sum, minimum and
/// maximum are exact. A duration of more than an hour counts as an hour, and
/// [`saturated`](Self::saturated) counts it too. The cells are those of `HdrHistogram` with three
/// digits.
///
/// ```
/// use std::time::Duration;
/// use embeddenator_obs::LatencyHistogram;
///
/// let mut first = LatencyHistogram::new();
/// first.record(Duration::from_micros(120));
/// let mut second = LatencyHistogram::new();
/// second.record_ns(80_000);
/// first.merge(&second);
/// assert_eq!(first.count(), 2);
/// assert_eq!(first.percentiles().unwrap().max_ns, 120_000);
/// ```
#[derive(Clone, Debug)]
pub struct LatencyHistogram {
    distribution: Distribution,
}

impl LatencyHistogram {
    /// An empty histogram.
    pub fn new() -> Self {
        Self { distribution: Distribution::new(SHAPE) }
    }

    /// Counts a duration.
    pub fn record(&mut self, duration: Duration) {
        self.record_ns(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Counts a duration in nanoseconds.
    pub fn record_ns(&mut self, nanoseconds: u64) {
        self.distribution.record(nanoseconds, 1);
    }

    /// Adds everything that another histogram counted. The order of merging makes no difference.
    pub fn merge(&mut self, other: &Self) {
        self.distribution.merge(&other.distribution);
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.distribution.count()
    }

    /// The sum of all durations in nanoseconds.
    pub fn sum_ns(&self) -> u128 {
        self.distribution.sum()
    }

    /// How many durations were longer than an hour, or came after
    /// [`limits::COUNT_MAX`](crate::limits::COUNT_MAX) others.
    pub fn saturated(&self) -> u64 {
        self.distribution.saturated()
    }

    /// The shortest duration in nanoseconds, exact; `None` if nothing was counted.
    pub fn min_ns(&self) -> Option<u64> {
        self.distribution.extremes().map(|(least, _)| least)
    }

    /// The percentiles; `None` if nothing was counted.
    pub fn percentiles(&self) -> Option<Percentiles> {
        let found = self.distribution.quantiles([500, 900, 990, 999, 1000])?;
        Some(Percentiles {
            p50_ns: found[0],
            p90_ns: found[1],
            p99_ns: found[2],
            p999_ns: found[3],
            max_ns: found[4],
        })
    }
}

impl Default for LatencyHistogram {
    fn default() -> Self {
        Self::new()
    }
}

/// A [`LatencyHistogram`] that threads share; clones record into the same one.
///
/// It takes the memory of one histogram, whatever is recorded. If a thread panics inside its lock,
/// the durations so far are lost: the histogram starts over, and [`replaced`](Self::replaced)
/// counts that.
///
/// ```
/// use embeddenator_obs::LatencyRecorder;
///
/// let recorder = LatencyRecorder::new();
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| recorder.record_ns(1500));
///     }
/// });
/// assert_eq!(recorder.snapshot().count(), 4);
/// ```
#[derive(Clone, Debug)]
pub struct LatencyRecorder {
    histogram: Arc<Renewed<LatencyHistogram>>,
    replacements: Replacements,
}

impl LatencyRecorder {
    /// An empty recorder.
    pub fn new() -> Self {
        let replacements = Replacements::default();
        let histogram = Renewed::new(LatencyHistogram::new, Arc::clone(&replacements));
        Self { histogram: Arc::new(histogram), replacements }
    }

    /// Counts a duration.
    pub fn record(&self, duration: Duration) {
        self.histogram.lock().record(duration);
    }

    /// Counts a duration in nanoseconds.
    pub fn record_ns(&self, nanoseconds: u64) {
        self.histogram.lock().record_ns(nanoseconds);
    }

    /// A copy of what has been counted so far.
    pub fn snapshot(&self) -> LatencyHistogram {
        self.histogram.lock().clone()
    }

    /// Takes what has been counted so far and leaves an empty histogram: each duration is in
    /// exactly one result.
    pub fn take(&self) -> LatencyHistogram {
        let empty = LatencyHistogram::new();
        std::mem::replace(&mut *self.histogram.lock(), empty)
    }

    /// How often the histogram was replaced because a thread panicked while holding the lock.
    pub fn replaced(&self) -> u64 {
        self.replacements.load(Ordering::Relaxed)
    }
}

impl Default for LatencyRecorder {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn latencies_start_over_after_a_panic_inside_their_lock() {
        let recorder = LatencyRecorder::new();
        recorder.record_ns(10);
        let outcome = catch_unwind(|| {
            let mut guard = recorder.histogram.lock();
            guard.record_ns(20);
            panic!("inside the lock");
        });
        assert!(outcome.is_err());
        assert_eq!(recorder.snapshot().count(), 0);
        recorder.record_ns(30);
        assert_eq!(recorder.snapshot().percentiles().map(|found| found.max_ns), Some(30));
        assert_eq!(recorder.replaced(), 1);
    }
}
