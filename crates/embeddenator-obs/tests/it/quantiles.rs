//! Quantiles and buckets of recorded values, compared with the sorted values themselves.

use embeddenator_obs::metrics::{Summary, Value};
use embeddenator_obs::{Recorder, facade};
use proptest::prelude::*;

/// Cells are at most this share of their value wide.
const WIDTH: f64 = 1.0 / 128.0;

fn summary_of(recorder: &Recorder, name: &str) -> Summary {
    match &recorder.snapshot().find(name).expect("it was recorded").series[0].value {
        Value::Distribution(summary) => summary.clone(),
        other => panic!("not a histogram: {other:?}"),
    }
}

fn recorded(unit: Option<facade::Unit>, values: &[f64]) -> Summary {
    let recorder = Recorder::new();
    recorder.within(|| {
        if let Some(unit) = unit {
            facade::describe_histogram!("h", unit, "");
        }
        let histogram = facade::histogram!("h");
        for &value in values {
            histogram.record(value);
        }
    });
    summary_of(&recorder, "h")
}

/// The value of rank `ceil(n * thousandths / 1000)` among sorted values.
fn exact(sorted: &[f64], thousandths: usize) -> f64 {
    sorted[(sorted.len() * thousandths).div_ceil(1000).max(1) - 1]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn quantiles_are_those_of_the_sorted_values(exponents in prop::collection::vec(-8.9_f64..5.0, 1..700)) {
        // From nanoseconds to a day in seconds, spread over all magnitudes; whole nanoseconds, so
        // that the oracle is exact.
        let mut values: Vec<f64> =
            exponents.iter().map(|exponent| (10_f64.powf(*exponent) * 1e9).round() / 1e9).collect();
        let summary = recorded(Some(facade::Unit::Seconds), &values);
        values.sort_by(f64::total_cmp);
        let found = summary.quantiles.expect("there are values");

        prop_assert_eq!(summary.count, values.len() as u64);
        prop_assert_eq!(summary.saturated, 0);
        prop_assert_eq!(found.min, values[0]);
        prop_assert_eq!(found.max, values[values.len() - 1]);
        for (got, thousandths) in
            [(found.p50, 500), (found.p90, 900), (found.p99, 990), (found.p999, 999)]
        {
            let true_value = exact(&values, thousandths);
            prop_assert!(got >= true_value, "{thousandths}: {got} below {true_value}");
            prop_assert!(got <= true_value * (1.0 + WIDTH) + 1e-9, "{thousandths}: {got} above {true_value}");
        }
        let sum: f64 = values.iter().sum();
        prop_assert!((summary.sum - sum).abs() <= sum * 1e-12 + 1e-9);
    }

    #[test]
    fn buckets_count_the_values_up_to_their_bound(values in prop::collection::vec(0_u32..20_000, 0..300)) {
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let summary = recorded(Some(facade::Unit::Count), &values);
        let mut below = f64::NEG_INFINITY;
        let uppers = summary.bounds.iter().copied().chain([f64::INFINITY]);
        prop_assert_eq!(summary.buckets.len(), summary.bounds.len() + 1);
        for (upper, &counted) in uppers.zip(&summary.buckets) {
            let expected = values.iter().filter(|&&value| value > below && value <= upper).count();
            prop_assert_eq!(counted, expected as u64, "up to {}", upper);
            below = upper;
        }
    }
}

#[test]
fn small_counts_are_exact() {
    // Below 256 steps each value has a cell of its own.
    let values: Vec<f64> = (1..=100).map(f64::from).collect();
    let found = recorded(Some(facade::Unit::Count), &values).quantiles.expect("there are values");
    assert_eq!(
        (found.min, found.p50, found.p90, found.p99, found.p999, found.max),
        (1.0, 50.0, 90.0, 99.0, 100.0, 100.0)
    );
}

#[test]
fn thousandth_rank_is_not_rounded_by_floating_point() {
    let values: Vec<f64> = (1..=1000).map(|value| f64::from(value % 250)).collect();
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    let found = recorded(Some(facade::Unit::Count), &values).quantiles.expect("there are values");
    assert_eq!(found.p999, exact(&sorted, 999));
}

#[test]
fn unknown_units_keep_fractions_and_large_values() {
    for unit in [None, Some(facade::Unit::Percent), Some(facade::Unit::GigabitsPerSecond)] {
        let found = recorded(unit, &[0.25, 0.75, 3e9]).quantiles.expect("there are values");
        assert_eq!((found.min, found.max), (0.25, 3e9), "{unit:?}");
        assert!((found.p50 - 0.75).abs() <= 0.75 * WIDTH, "{unit:?}: {}", found.p50);
    }
}

#[test]
fn every_unit_of_the_facade_keeps_its_values() {
    use facade::Unit;
    let units = [
        Unit::Count,
        Unit::Percent,
        Unit::Seconds,
        Unit::Milliseconds,
        Unit::Microseconds,
        Unit::Nanoseconds,
        Unit::Tebibytes,
        Unit::Gibibytes,
        Unit::Mebibytes,
        Unit::Kibibytes,
        Unit::Bytes,
        Unit::TerabitsPerSecond,
        Unit::GigabitsPerSecond,
        Unit::MegabitsPerSecond,
        Unit::KilobitsPerSecond,
        Unit::BitsPerSecond,
        Unit::CountPerSecond,
    ];
    for unit in units {
        let known = embeddenator_obs::metrics::Unit::from(unit);
        assert!(!known.ucum().is_empty(), "{unit:?}");
        assert_eq!(known.facade(), Some(unit));
        let summary = recorded(Some(unit), &[3.0, 4000.0]);
        assert_eq!(summary.quantiles.map(|found| (found.min, found.max)), Some((3.0, 4000.0)), "{unit:?}");
        assert_eq!(summary.sum, 4003.0, "{unit:?}");
    }
}

#[test]
fn histogram_without_values_has_no_quantiles() {
    let summary = recorded(None, &[]);
    assert_eq!((summary.count, summary.sum, summary.quantiles), (0, 0.0, None));
}

#[test]
fn values_out_of_range_are_counted_at_the_end_of_the_range() {
    let recorder = Recorder::new();
    recorder.within(|| {
        let histogram = facade::histogram!(embeddenator_obs::metrics::names::SEARCH_DURATION);
        for value in [f64::INFINITY, 1e300, -1.0, f64::NEG_INFINITY, 0.5] {
            histogram.record(value);
        }
        histogram.record(f64::NAN);
        histogram.record_many(f64::NAN, 2);
    });
    let summary = summary_of(&recorder, "embeddenator.search.duration");
    assert_eq!(summary.count, 5);
    assert_eq!(summary.buckets.iter().sum::<u64>(), 5);
    let found = summary.quantiles.expect("there are values");
    assert_eq!(found.min, 0.0);
    assert_eq!(found.max, (1_u64 << 53) as f64 / 1e9);
    assert_eq!(count_of(&recorder, "embeddenator.obs.values.saturated"), 4);
    assert_eq!(count_of(&recorder, "embeddenator.obs.values.refused"), 3);
}

#[test]
fn counting_to_the_limit_saturates() {
    let recorder = Recorder::new();
    recorder.within(|| {
        let histogram = facade::histogram!("h");
        histogram.record_many(1.0, usize::MAX);
        histogram.record_many(2.0, usize::MAX);
        histogram.record(3.0);
    });
    let summary = summary_of(&recorder, "h");
    assert_eq!(summary.count, embeddenator_obs::limits::COUNT_MAX);
    assert_eq!(summary.buckets.iter().sum::<u64>(), summary.count);
    assert_eq!(summary.quantiles.map(|found| (found.p50, found.max)), Some((1.0, 1.0)));
}

#[test]
fn recording_zero_times_leaves_no_trace() {
    let recorder = Recorder::new();
    recorder.within(|| facade::histogram!("h").record_many(7.0, 0));
    let summary = summary_of(&recorder, "h");
    assert_eq!((summary.count, summary.buckets.iter().sum::<u64>()), (0, 0));
}

fn count_of(recorder: &Recorder, name: &str) -> u64 {
    match recorder.snapshot().find(name).map(|metric| metric.series[0].value.clone()) {
        Some(Value::Count(count)) => count,
        other => panic!("{name}: {other:?}"),
    }
}
