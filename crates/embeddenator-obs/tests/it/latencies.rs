//! Latency histograms, compared with the sorted durations themselves.

use std::time::Duration;

use embeddenator_obs::limits::LATENCY_NS_MAX;
use embeddenator_obs::{LatencyHistogram, LatencyRecorder};
use proptest::prelude::*;

fn histogram(durations: &[u64]) -> LatencyHistogram {
    let mut histogram = LatencyHistogram::new();
    for &duration in durations {
        histogram.record_ns(duration);
    }
    histogram
}

fn durations() -> impl Strategy<Value = Vec<u64>> {
    // Uniform in the magnitude, so that every cell size occurs.
    prop::collection::vec((0_u32..42, any::<u64>()), 1..500).prop_map(|pairs| {
        let shifted = pairs.into_iter().map(|(bits, value)| (value >> (63 - bits)).min(LATENCY_NS_MAX));
        shifted.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn percentiles_are_those_of_the_sorted_durations(mut all in durations()) {
        let histogram = histogram(&all);
        all.sort_unstable();
        let found = histogram.percentiles().expect("there are durations");
        let pairs = [(found.p50_ns, 500), (found.p90_ns, 900), (found.p99_ns, 990), (found.p999_ns, 999)];
        for (got, thousandths) in pairs {
            let exact = all[(all.len() * thousandths).div_ceil(1000) - 1];
            prop_assert!(got >= exact && got - exact <= exact / 1024, "{}: {} for {}", thousandths, got, exact);
        }
        prop_assert_eq!(histogram.min_ns(), all.first().copied());
        prop_assert_eq!(Some(found.max_ns), all.last().copied());
        prop_assert_eq!(histogram.sum_ns(), all.iter().map(|&each| u128::from(each)).sum::<u128>());
    }

    #[test]
    fn merging_is_recording_both_in_any_order(left in durations(), right in durations()) {
        let mut merged = histogram(&left);
        merged.merge(&histogram(&right));
        let mut other_way = histogram(&right);
        other_way.merge(&histogram(&left));
        let together = histogram(&[left, right].concat());
        for each in [&merged, &other_way] {
            prop_assert_eq!(each.count(), together.count());
            prop_assert_eq!(each.sum_ns(), together.sum_ns());
            prop_assert_eq!(each.min_ns(), together.min_ns());
            prop_assert_eq!(each.percentiles(), together.percentiles());
        }
    }
}

#[test]
fn more_than_an_hour_counts_as_an_hour_and_is_reported() {
    let mut histogram = LatencyHistogram::new();
    histogram.record(Duration::MAX);
    histogram.record(Duration::from_hours(1));
    assert_eq!((histogram.count(), histogram.saturated()), (2, 1));
    assert_eq!(histogram.percentiles().map(|found| found.max_ns), Some(LATENCY_NS_MAX));
    let mut merged = LatencyHistogram::new();
    merged.merge(&histogram);
    merged.merge(&histogram);
    assert_eq!((merged.count(), merged.saturated()), (4, 2));
}

#[test]
fn empty_histograms_have_no_percentiles_and_merge() {
    let mut empty = LatencyHistogram::default();
    empty.merge(&LatencyHistogram::new());
    assert_eq!((empty.count(), empty.min_ns(), empty.percentiles()), (0, None, None));
    let mut one = histogram(&[0]);
    one.merge(&empty);
    assert_eq!((one.count(), one.min_ns()), (1, Some(0)));
    assert_eq!(one.percentiles().map(|found| (found.p50_ns, found.max_ns)), Some((0, 0)));
}

#[test]
fn taking_leaves_an_empty_recorder() {
    let recorder = LatencyRecorder::default();
    recorder.record(Duration::from_nanos(5));
    assert_eq!(recorder.take().count(), 1);
    assert_eq!(recorder.snapshot().count(), 0);
}
