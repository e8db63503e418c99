//! Prometheus text, read back by a strict parser.

use std::time::Duration;

use embeddenator_obs::metrics::{IndexKind, record_search};
use embeddenator_obs::{Recorder, facade, prometheus};
use proptest::prelude::*;

use crate::parser::{Family, parse};

fn rendered(recorder: &Recorder) -> Vec<Family> {
    let text = prometheus::render(&recorder.snapshot());
    parse(&text).unwrap_or_else(|fault| panic!("{fault}\n{text}"))
}

#[test]
fn empty_recorder_renders_nothing() {
    assert_eq!(prometheus::render(&Recorder::new().snapshot()), "");
}

#[test]
fn names_follow_unit_and_kind() {
    let recorder = Recorder::new();
    recorder.within(|| {
        use facade::Unit;
        facade::describe_counter!("io.bytes", Unit::Bytes, "b");
        facade::counter!("io.bytes").increment(1);
        facade::counter!("already_total").increment(1);
        facade::describe_counter!("sent.total", Unit::Bytes, "b");
        facade::counter!("sent.total").increment(1);
        facade::describe_gauge!("load", Unit::Percent, "l");
        facade::gauge!("load").set(1.5);
        facade::describe_gauge!("total_seconds", Unit::Seconds, "l");
        facade::gauge!("total_seconds").set(2);
        facade::describe_histogram!("wait", Unit::Milliseconds, "w");
        facade::histogram!("wait").record(3.0);
        facade::gauge!("9 lives!").set(9);
    });
    let found: Vec<(String, String)> =
        rendered(&recorder).into_iter().map(|family| (family.name, family.kind)).collect();
    let expected = [
        ("_9_lives_", "gauge"),
        ("already_total", "counter"),
        ("io_bytes_total", "counter"),
        ("load_percent", "gauge"),
        ("sent_bytes_total", "counter"),
        ("total_seconds", "gauge"),
        ("wait_milliseconds", "summary"),
    ];
    assert_eq!(found, expected.map(|(name, kind)| (name.to_owned(), kind.to_owned())));
}

#[test]
fn summary_has_quantiles_sum_and_count() {
    let recorder = Recorder::new();
    recorder.within(|| {
        for microseconds in 1..=1000 {
            record_search(IndexKind::Flat, Duration::from_micros(microseconds));
        }
    });
    let families = rendered(&recorder);
    let family = &families[0];
    assert_eq!(family.name, "embeddenator_search_duration_seconds");
    assert_eq!(family.help.as_deref(), Some("Duration of a search."));
    let quantiles: Vec<&str> = family.samples.iter().filter_map(|sample| sample.label("quantile")).collect();
    assert_eq!(quantiles, ["0.5", "0.9", "0.99", "0.999", "1"]);
    let value = |name: &str, quantile: Option<&str>| {
        let wanted =
            |sample: &&crate::parser::Sample| sample.name == name && sample.label("quantile") == quantile;
        family.samples.iter().find(wanted).map(|sample| sample.value)
    };
    assert_eq!(value("embeddenator_search_duration_seconds", Some("1")), Some(0.001));
    assert_eq!(value("embeddenator_search_duration_seconds_sum", None), Some(0.5005));
    assert_eq!(value("embeddenator_search_duration_seconds_count", None), Some(1000.0));
    assert!(family.samples.iter().all(|sample| sample.label("embeddenator_index_kind") == Some("flat")));
}

#[test]
fn histogram_without_values_renders_no_quantile() {
    let recorder = Recorder::new();
    recorder.within(|| facade::histogram!("idle").record_many(1.0, 0));
    let text = prometheus::render(&recorder.snapshot());
    assert_eq!(text, "# TYPE idle summary\nidle_sum 0\nidle_count 0\n");
}

#[test]
fn values_are_exact() {
    let recorder = Recorder::new();
    recorder.within(|| {
        facade::counter!("c").absolute(u64::MAX);
        for (name, value) in [("big", 1e300), ("small", -5e-324), ("third", 1.0 / 3.0), ("zero", -0.0)] {
            facade::gauge!("g", "name" => name).set(value);
        }
    });
    let text = prometheus::render(&recorder.snapshot());
    for line in [
        "c_total 18446744073709551615",
        "g{name=\"big\"} 1e300",
        "g{name=\"small\"} -5e-324",
        "g{name=\"third\"} 0.3333333333333333",
        "g{name=\"zero\"} -0",
    ] {
        assert!(text.lines().any(|own| own == line), "{line} in {text}");
    }
    parse(&text).expect("it is well-formed");
}

#[test]
fn metrics_whose_names_become_equal_are_kept_apart() {
    let recorder = Recorder::new();
    recorder.within(|| {
        for name in ["a.b", "a_b", "a-b"] {
            facade::counter!(name).increment(1);
            facade::gauge!(name).set(1);
            facade::histogram!(name).record(1.0);
        }
        facade::gauge!("a_b_count").set(1);
        facade::gauge!("a_b_total").set(1);
        facade::gauge!("a_b_2_sum").set(1);
    });
    let families = rendered(&recorder);
    assert_eq!(families.len(), 12);
}

#[test]
fn series_whose_labels_become_equal_are_kept_apart() {
    let recorder = Recorder::new();
    recorder.within(|| {
        facade::counter!("c", "a.b" => "1").increment(1);
        facade::counter!("c", "a_b" => "1").increment(2);
        facade::counter!("c", "a-b" => "1", "series" => "2").increment(3);
        facade::counter!("c", "a.b" => "x", "a_b" => "y").increment(4);
        facade::counter!("c", "a_b" => "1", "series" => "2").increment(5);
        facade::histogram!("h", "quantile" => "0.5").record(1.0);
        facade::gauge!("g", "quantile" => "0.5", "__name__" => "evil", "" => "empty").set(1);
    });
    let families = rendered(&recorder);
    let counters = families.iter().find(|family| family.name == "c_total").expect("it was recorded");
    let mut values: Vec<f64> = counters.samples.iter().map(|sample| sample.value).collect();
    values.sort_by(f64::total_cmp);
    assert_eq!(values, [1.0, 2.0, 3.0, 4.0, 5.0]);
    let joined = counters.samples.iter().find(|sample| sample.value == 4.0).expect("it was recorded");
    assert_eq!(joined.label("a_b"), Some("x;y"));
    let summary = families.iter().find(|family| family.name == "h").expect("it was recorded");
    assert!(summary.samples.iter().all(|sample| sample.label("label_quantile") == Some("0.5")));
}

#[test]
fn series_that_are_one_to_prometheus_are_kept_apart() {
    let recorder = Recorder::new();
    recorder.within(|| {
        // Their order changes when dots become underscores.
        facade::counter!("order", "a.c" => "1", "a_b" => "2").increment(1);
        facade::counter!("order", "a.b" => "2", "a_c" => "1").increment(2);
        // To Prometheus an empty value means no label.
        facade::counter!("empty").increment(1);
        facade::counter!("empty", "a" => "").increment(2);
        facade::counter!("empty", "a" => "", "b" => "x").increment(3);
    });
    let families = rendered(&recorder);
    let samples: Vec<usize> = families.iter().map(|family| family.samples.len()).collect();
    assert_eq!(samples, [3, 2]);
    assert!(families.iter().flat_map(|family| &family.samples).all(|sample| sample.label("a").is_none()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_names_labels_and_values_read_back(
        names in prop::collection::vec("\\PC{0,6}|[a._]{1,3}|\n", 1..6),
        labels in prop::collection::vec(("[a._\\n]{0,3}|\\PC{0,4}", "(?s).{0,8}|[\\\\\"\\n{},= ]{0,8}"), 0..5),
        values in prop::collection::vec(any::<f64>(), 1..6),
        description in "(?s).{0,12}",
    ) {
        let recorder = Recorder::new();
        recorder.within(|| {
            for name in &names {
                for (label, text) in &labels {
                    let own = [(label.clone(), text.clone())];
                    facade::describe_gauge!(name.clone(), description.clone());
                    facade::gauge!(name.clone(), &own).set(values[0]);
                    facade::counter!(name.clone(), &own).increment(1);
                }
                facade::gauge!(name.clone(), &labels).set(values[0]);
                for &value in &values {
                    facade::histogram!(name.clone(), &labels).record(value);
                }
            }
        });
        let snapshot = recorder.snapshot();
        let text = prometheus::render(&snapshot);
        let families = parse(&text);
        prop_assert!(families.is_ok(), "{:?}\n{}", families, text);
        let families = families.unwrap_or_default();
        prop_assert_eq!(families.len(), snapshot.metrics.len());
        // Every label value comes back unchanged, except where labels were joined.
        for (metric, family) in snapshot.metrics.iter().zip(&families) {
            if !metric.description.is_empty() {
                prop_assert_eq!(family.help.as_deref(), Some(metric.description.as_str()));
            }
            let single = metric.series.iter().filter(|series| series.labels.len() == 1);
            // To Prometheus an empty value means no label.
            for text in single.map(|series| series.labels[0].value.as_str()).filter(|text| !text.is_empty()) {
                let back = |sample: &crate::parser::Sample| sample.labels.iter().any(|(_, own)| own == text);
                prop_assert!(family.samples.iter().any(back), "{:?} in {:?}", text, family);
            }
        }
    }
}
