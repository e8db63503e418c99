//! The table of names: unique, well-formed, described, and matching what is recorded.

use std::collections::HashSet;
use std::time::Duration;

use embeddenator_obs::metrics::{self, IndexKind, Kind, Unit, Value, names};
use embeddenator_obs::{Recorder, limits};

/// OpenTelemetry's rules and style for instrument names: lower-case words, separated by dots and
/// underscores.
fn well_formed(name: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && !word.ends_with('_')
            && !word.contains("__")
            && word.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_')
    };
    name.len() <= limits::NAME_BYTES_MAX && name.contains('.') && name.split('.').all(word)
}

#[test]
fn names_are_unique_and_well_formed() {
    let mut seen = HashSet::new();
    for row in names::TABLE {
        assert!(seen.insert(row.name), "{} is there twice", row.name);
        assert!(well_formed(row.name), "{}", row.name);
        assert!(
            !row.name.ends_with("total") && !row.name.ends_with("seconds"),
            "{}: outputs add these",
            row.name
        );
        assert_eq!(names::find(row.name), Some(row));
    }
    for label in names::LABELS {
        assert!(seen.insert(label) && well_formed(label), "{label}");
    }
}

#[test]
fn ours_have_our_prefix_and_the_others_are_conventions() {
    // Instrument and unit as in the semantic conventions.
    let conventions = [
        ("db.client.operation.duration", Kind::Histogram, "s"),
        ("process.memory.usage", Kind::UpDownCounter, "By"),
        ("process.uptime", Kind::Gauge, "s"),
    ];
    for row in names::TABLE {
        let convention = conventions
            .iter()
            .any(|&(name, kind, unit)| name == row.name && kind == row.kind && unit == row.unit.ucum());
        assert_ne!(convention, row.name.starts_with("embeddenator."), "{}", row.name);
    }
}

#[test]
fn every_name_has_a_unit_and_one_sentence() {
    for row in names::TABLE {
        assert!(row.unit.facade().is_some(), "{}", row.name);
        assert!(row.description.ends_with('.') && !row.description.contains('\n'), "{}", row.name);
        assert!(row.description.starts_with(|first: char| first.is_ascii_uppercase()), "{}", row.name);
    }
}

#[test]
fn functions_record_what_the_table_says() {
    let recorder = Recorder::new();
    recorder.within(|| {
        let duration = Duration::from_micros(62);
        for kind in [IndexKind::Flat, IndexKind::Hierarchy, IndexKind::Inverted] {
            metrics::record_search(kind, duration);
            metrics::record_index_build(kind, duration);
            metrics::count_index_rebuild(kind);
        }
        metrics::count_codes_compared(20_000);
        metrics::count_encoded_bytes(4096);
        metrics::record_database_operation("pulsedb", "search_similar", duration);
        metrics::record_process(Duration::from_secs(1));
    });
    let snapshot = recorder.snapshot();
    for metric in &snapshot.metrics {
        let row = names::find(&metric.name).unwrap_or_else(|| panic!("{} is not in the table", metric.name));
        assert_eq!((metric.kind, metric.unit), (row.kind, row.unit), "{}", row.name);
        assert_eq!(metric.description, row.description);
        for label in metric.series.iter().flat_map(|series| &series.labels) {
            assert!(names::LABELS.contains(&label.name.as_str()), "{}", label.name);
        }
    }
    let of_recorder = |name: &str| name.starts_with(names::OF_RECORDER);
    for row in names::TABLE.iter().filter(|row| !of_recorder(row.name)) {
        let elsewhere = row.name == names::PROCESS_MEMORY_USAGE && !cfg!(target_os = "linux");
        assert!(snapshot.find(row.name).is_some() || elsewhere, "nothing records {}", row.name);
    }
}

#[test]
fn functions_count_under_the_label_of_their_index() {
    let recorder = Recorder::new();
    let times = [(IndexKind::Flat, 1), (IndexKind::Hierarchy, 2), (IndexKind::Inverted, 3)];
    recorder.within(|| {
        for (kind, times) in times {
            for _ in 0..times {
                metrics::record_search(kind, Duration::from_secs(1));
                metrics::record_index_build(kind, Duration::from_secs(1));
                metrics::count_index_rebuild(kind);
            }
        }
    });
    let snapshot = recorder.snapshot();
    let by_index = [
        names::SEARCHES,
        names::SEARCH_DURATION,
        names::INDEX_BUILDS,
        names::INDEX_BUILD_DURATION,
        names::INDEX_REBUILDS,
    ];
    for name in by_index {
        let series = &snapshot.find(name).expect("it was recorded").series;
        let found: Vec<(&str, u64)> = series
            .iter()
            .map(|series| {
                let count = match &series.value {
                    Value::Count(count) => *count,
                    Value::Distribution(summary) => summary.count,
                    other => panic!("{name}: {other:?}"),
                };
                (series.labels[0].value.as_str(), count)
            })
            .collect();
        assert_eq!(found, times.map(|(kind, times)| (kind.as_str(), times)), "{name}");
    }
}

#[test]
fn describing_everything_reaches_another_recorder() {
    let described = Described::default();
    embeddenator_obs::facade::with_local_recorder(&described, metrics::describe_all);
    let described = described.0.into_inner();
    assert_eq!(described.len(), names::TABLE.len());
    for (row, (name, unit, text)) in names::TABLE.iter().zip(&described) {
        assert_eq!((row.name, row.unit.facade(), row.description), (name.as_str(), *unit, text.as_str()));
    }
}

#[test]
fn stable_names_keep_their_meaning_whatever_is_described() {
    let recorder = Recorder::new();
    recorder.within(|| {
        embeddenator_obs::facade::describe_counter!(
            names::SEARCHES,
            embeddenator_obs::facade::Unit::Bytes,
            "something else"
        );
        metrics::record_search(IndexKind::Flat, Duration::ZERO);
    });
    let snapshot = recorder.snapshot();
    let metric = snapshot.find(names::SEARCHES).expect("it was recorded");
    assert_eq!((metric.unit, metric.description.as_str()), (Unit::of("{search}"), "Searches that returned."));
}

/// Remembers descriptions.
#[derive(Default)]
struct Described(std::cell::RefCell<Vec<(String, Option<embeddenator_obs::facade::Unit>, String)>>);

impl Described {
    fn add(
        &self,
        key: &embeddenator_obs::facade::KeyName,
        unit: Option<embeddenator_obs::facade::Unit>,
        text: &embeddenator_obs::facade::SharedString,
    ) {
        self.0.borrow_mut().push((key.as_str().to_owned(), unit, text.to_string()));
    }
}

mod described {
    //! The facade's trait for the recorder that remembers descriptions.

    use embeddenator_obs::facade::{
        Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    };

    use super::Described;

    impl Recorder for Described {
        fn describe_counter(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
            self.add(&key, unit, &text);
        }
        fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
            self.add(&key, unit, &text);
        }
        fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
            self.add(&key, unit, &text);
        }
        fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
            Counter::noop()
        }
        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }
        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }
}
