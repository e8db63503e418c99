//! Names, labels and values that no program should record, and floods of them.

use embeddenator_obs::metrics::{Kind, Value, names};
use embeddenator_obs::{Recorder, facade, json, limits, prometheus};

fn value(recorder: &Recorder, name: &str) -> Option<Value> {
    recorder.snapshot().find(name).map(|metric| metric.series[0].value.clone())
}

#[test]
fn name_that_is_too_long_or_empty_is_refused_and_counted() {
    let recorder = Recorder::new();
    let longest = "n".repeat(limits::NAME_BYTES_MAX);
    recorder.within(|| {
        facade::counter!(longest.clone()).increment(1);
        for name in [String::new(), format!("{longest}n"), "n".repeat(1 << 20)] {
            facade::describe_counter!(name.clone(), "of no use");
            facade::counter!(name.clone()).increment(1);
            facade::gauge!(name.clone()).set(1);
            facade::histogram!(name).record(1.0);
        }
    });
    assert_eq!(value(&recorder, &longest), Some(Value::Count(1)));
    assert_eq!(value(&recorder, names::SERIES_REFUSED), Some(Value::Count(9)));
    assert_eq!(recorder.snapshot().metrics.len(), 2);
}

#[test]
fn labels_that_are_too_many_or_too_long_count_into_the_overflow_series() {
    let recorder = Recorder::new();
    let many: Vec<(String, String)> =
        (0..=limits::LABELS_MAX).map(|number| (format!("l{number}"), "v".to_owned())).collect();
    recorder.within(|| {
        facade::counter!("c", &many).increment(1);
        facade::counter!("c", "long" => "v".repeat(limits::LABEL_VALUE_BYTES_MAX + 1)).increment(2);
        facade::counter!("c", "n".repeat(limits::LABEL_NAME_BYTES_MAX + 1) => "v").increment(4);
        facade::counter!("c", &many[1..]).increment(8);
    });
    let snapshot = recorder.snapshot();
    let series = &snapshot.find("c").expect("it was recorded").series;
    assert_eq!(series.len(), 2);
    assert_eq!(series[0].labels.len(), limits::LABELS_MAX);
    assert_eq!(series[1].labels[0].name, names::OVERFLOW);
    assert_eq!((&series[0].value, &series[1].value), (&Value::Count(8), &Value::Count(7)));
}

#[test]
fn label_given_twice_means_the_last_one() {
    let recorder = Recorder::new();
    recorder.within(|| {
        facade::counter!("c", "a" => "1", "a" => "2").increment(1);
        facade::counter!("c", "a" => "2").increment(1);
        facade::counter!("c", "b" => "x", "a" => "2").increment(1);
        facade::counter!("c", "a" => "2", "b" => "x").increment(1);
    });
    let snapshot = recorder.snapshot();
    let series = &snapshot.find("c").expect("it was recorded").series;
    assert_eq!(series.len(), 2);
    assert!(series.iter().all(|series| series.value == Value::Count(2)));
}

#[test]
fn flood_of_labels_stays_bounded_and_loses_no_count() {
    let recorder = Recorder::new();
    let rounds = 20_000_u64;
    recorder.within(|| {
        for round in 0..rounds {
            facade::counter!("flood", "id" => round.to_string()).increment(1);
        }
    });
    let snapshot = recorder.snapshot();
    let series = &snapshot.find("flood").expect("it was recorded").series;
    assert_eq!(series.len(), limits::SERIES_PER_METRIC_MAX);
    let total: u64 = series
        .iter()
        .map(|series| match series.value {
            Value::Count(count) => count,
            _ => 0,
        })
        .sum();
    assert_eq!(total, rounds);
    assert!(snapshot.find(names::SERIES_REFUSED).is_none());
}

#[test]
fn flood_of_histograms_stays_bounded_and_is_reported() {
    let recorder = Recorder::new();
    let names_given = 4;
    recorder.within(|| {
        for name in 0..names_given {
            for id in 0..limits::SERIES_PER_METRIC_MAX {
                facade::histogram!(format!("h{name}"), "id" => id.to_string()).record(1.0);
            }
        }
    });
    let snapshot = recorder.snapshot();
    let histograms = snapshot.metrics.iter().filter(|metric| metric.kind == Kind::Histogram);
    assert_eq!(histograms.map(|metric| metric.series.len()).sum::<usize>(), limits::HISTOGRAM_SERIES_MAX);
    let refused = (names_given * limits::SERIES_PER_METRIC_MAX - limits::HISTOGRAM_SERIES_MAX) as u64;
    assert_eq!(value(&recorder, names::SERIES_REFUSED), Some(Value::Count(refused)));
}

#[test]
fn metrics_about_the_recorder_cannot_be_recorded_by_others() {
    let recorder = Recorder::new();
    recorder.within(|| {
        facade::counter!(names::VALUES_REFUSED).increment(7);
        facade::counter!(names::VALUES_REFUSED, "a" => "b").increment(7);
        facade::gauge!(names::VALUES_SATURATED).set(7);
        facade::gauge!("g").set(f64::NAN);
    });
    let snapshot = recorder.snapshot();
    let shown: Vec<&str> = snapshot.metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(shown, [names::SERIES_REFUSED, names::VALUES_REFUSED, "g"]);
    assert!(snapshot.metrics.iter().all(|metric| metric.series.len() == 1));
    assert_eq!(value(&recorder, names::SERIES_REFUSED), Some(Value::Count(3)));
    assert_eq!(value(&recorder, names::VALUES_REFUSED), Some(Value::Count(1)));
}

#[test]
fn gauges_are_always_numbers() {
    let recorder = Recorder::new();
    recorder.within(|| {
        let gauge = facade::gauge!("g");
        gauge.set(5);
        gauge.set(f64::NAN);
        gauge.increment(f64::NAN);
        assert_eq!(value(&recorder, "g"), Some(Value::Number(5.0)));
        gauge.set(f64::INFINITY);
        gauge.increment(f64::MAX);
        assert_eq!(value(&recorder, "g"), Some(Value::Number(f64::MAX)));
        gauge.decrement(f64::INFINITY);
        assert_eq!(value(&recorder, "g"), Some(Value::Number(0.0)));
        gauge.set(f64::NEG_INFINITY);
        assert_eq!(value(&recorder, "g"), Some(Value::Number(f64::MIN)));
    });
    assert_eq!(value(&recorder, names::VALUES_REFUSED), Some(Value::Count(2)));
    assert_eq!(value(&recorder, names::VALUES_SATURATED), Some(Value::Count(4)));
    let text = json::document(&recorder.snapshot()).to_string();
    assert!(!text.contains("null"), "{text}");
}

#[test]
fn counters_follow_an_outside_count_and_never_fall() {
    let recorder = Recorder::new();
    recorder.within(|| {
        let counter = facade::counter!("c");
        counter.absolute(10);
        counter.absolute(7);
        counter.increment(1);
    });
    assert_eq!(value(&recorder, "c"), Some(Value::Count(11)));
}

#[test]
fn long_descriptions_are_cut_between_characters() {
    let recorder = Recorder::new();
    recorder.within(|| {
        facade::describe_gauge!("g", format!("x{}", "\u{20ac}".repeat(limits::DESCRIPTION_BYTES_MAX)));
        facade::gauge!("g").set(1);
    });
    let snapshot = recorder.snapshot();
    let description = &snapshot.find("g").expect("it was recorded").description;
    assert!(description.len() <= limits::DESCRIPTION_BYTES_MAX);
    assert!(description.len() > limits::DESCRIPTION_BYTES_MAX - 4);
    assert!(description.ends_with('\u{20ac}'));
}

#[test]
fn flood_of_descriptions_stays_bounded() {
    let recorder = Recorder::new();
    recorder.within(|| {
        for number in 0..limits::METRICS_MAX + 10 {
            facade::describe_gauge!(format!("g{number}"), "kept");
        }
        facade::describe_gauge!("g0", "changed");
        facade::gauge!("g0").set(1);
        facade::gauge!(format!("g{}", limits::METRICS_MAX + 9)).set(1);
    });
    let snapshot = recorder.snapshot();
    let description = |name: &str| snapshot.find(name).map(|metric| metric.description.clone());
    assert_eq!(description("g0").as_deref(), Some("changed"));
    assert_eq!(description(&format!("g{}", limits::METRICS_MAX + 9)).as_deref(), Some(""));
    assert!(prometheus::render(&snapshot).contains("# HELP g0 changed\n"));
}
