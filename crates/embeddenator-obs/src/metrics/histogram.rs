//! The cell of a histogram: values in any unit, kept as whole steps of that unit.

use ::metrics::HistogramFn;

use crate::limits::VALUE_MAX;
use crate::lock::Renewed;
use crate::metrics::distribution::{Distribution, Shape};
use crate::metrics::health::{Health, count};
use crate::metrics::snapshot::{Quantiles, Summary};
use crate::metrics::unit::Unit;

const SHAPE: Shape = Shape { highest: VALUE_MAX, digits: 2 };

/// How many upper bounds divide a histogram into buckets.
const BOUNDS: usize = 15;

/// Bounds of times, in nanoseconds. From a millisecond up these are the ones that the semantic
/// conventions advise for `db.client.operation.duration`; searches in memory need the decades
/// below.
const BOUNDS_NS: [u64; BOUNDS] = [
    1_000,
    10_000,
    50_000,
    100_000,
    500_000,
    1_000_000,
    5_000_000,
    10_000_000,
    50_000_000,
    100_000_000,
    500_000_000,
    1_000_000_000,
    5_000_000_000,
    10_000_000_000,
    60_000_000_000,
];

/// Bounds of everything else: the default of OpenTelemetry's SDKs.
const BOUNDS_PLAIN: [f64; BOUNDS] = [
    0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1_000.0, 2_500.0, 5_000.0, 7_500.0,
    10_000.0,
];

/// Values of one series: threads record, a snapshot summarises.
#[derive(Debug)]
pub(crate) struct HistogramCell {
    tally: Renewed<Tally>,
    /// Steps per unit.
    steps: f64,
    /// Upper bounds of the buckets, inclusive, in steps.
    bounds: [u64; BOUNDS],
    health: Health,
}

/// What has been counted, in steps.
#[derive(Clone, Debug)]
struct Tally {
    distribution: Distribution,
    /// The last bucket has no upper bound.
    buckets: [u64; BOUNDS + 1],
}

impl Tally {
    fn new() -> Self {
        Self { distribution: Distribution::new(SHAPE), buckets: [0; BOUNDS + 1] }
    }
}

impl HistogramCell {
    pub(crate) fn new(unit: Unit, health: Health) -> Self {
        let steps = unit.steps();
        let bounds =
            if unit.is_time() { BOUNDS_NS } else { BOUNDS_PLAIN.map(|bound| (bound * steps) as u64) };
        Self { tally: Renewed::new(Tally::new, health.states_replaced.clone()), steps, bounds, health }
    }

    /// What has been recorded so far, in the unit.
    pub(crate) fn summary(&self) -> Summary {
        // Copied inside the lock, computed outside.
        let Tally { distribution, buckets } = self.tally.lock().clone();
        let extremes = distribution.extremes().zip(distribution.quantiles([500, 900, 990, 999]));
        let quantiles = extremes.map(|((least, greatest), [p50, p90, p99, p999])| Quantiles {
            min: self.in_unit(least),
            p50: self.in_unit(p50),
            p90: self.in_unit(p90),
            p99: self.in_unit(p99),
            p999: self.in_unit(p999),
            max: self.in_unit(greatest),
        });
        Summary {
            count: distribution.count(),
            sum: distribution.sum() as f64 / self.steps,
            saturated: distribution.saturated(),
            quantiles,
            bounds: self.bounds.iter().map(|&bound| self.in_unit(bound)).collect(),
            buckets: buckets.to_vec(),
        }
    }

    fn in_unit(&self, steps: u64) -> f64 {
        steps as f64 / self.steps
    }
}

impl HistogramFn for HistogramCell {
    fn record(&self, value: f64) {
        self.record_many(value, 1);
    }

    fn record_many(&self, value: f64, times: usize) {
        let times = times as u64;
        if times == 0 {
            return;
        }
        if value.is_nan() {
            count(&self.health.values_refused, times);
            return;
        }
        // The conversion saturates: negative values become zero, and values too large for a `u64`
        // its maximum.
        let steps = (value * self.steps).round() as u64;
        let mut tally = self.tally.lock();
        let before = tally.distribution.count();
        let bent = tally.distribution.record(steps, times);
        let taken = tally.distribution.count() - before;
        tally.buckets[self.bounds.partition_point(|&bound| bound < steps)] += taken;
        drop(tally);
        if bent > 0 || value < 0.0 {
            count(&self.health.values_saturated, if value < 0.0 { times } else { bent });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn histogram_starts_over_after_a_panic_inside_its_lock() {
        let health = Health::default();
        let cell = HistogramCell::new(Unit::SECONDS, health.clone());
        cell.record(1.0);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut tally = cell.tally.lock();
            tally.distribution.record(5, 1);
            panic!("inside the lock, before the bucket was counted");
        }));
        assert!(outcome.is_err());
        cell.record(2.0);
        let summary = cell.summary();
        assert_eq!((summary.count, summary.buckets.iter().sum::<u64>()), (1, 1));
        assert_eq!(summary.quantiles.map(|found| found.max), Some(2.0));
        assert_eq!(health.states_replaced.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn bounds_rise() {
        assert!(BOUNDS_NS.is_sorted_by(|low, high| low < high));
        assert!(BOUNDS_PLAIN.is_sorted_by(|low, high| low < high));
    }
}
