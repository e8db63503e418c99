//! The recorder: a bounded store for what the facade's macros record, and the source of snapshots.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ::metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString};

use crate::error::{Error, Result};
use crate::limits::{DESCRIPTION_BYTES_MAX, HISTOGRAM_SERIES_MAX, METRICS_MAX, NAME_BYTES_MAX, SERIES_MAX};
use crate::lock::Whole;
use crate::metrics::health::Health;
use crate::metrics::histogram::HistogramCell;
use crate::metrics::scalar::{CounterCell, GaugeCell};
use crate::metrics::snapshot::{Label, Metric, Series, Snapshot, Value};
use crate::metrics::table::Table;
use crate::metrics::{Kind, Unit, names};

/// Records the facade's metrics in memory, bounded by [`limits`](crate::limits); clones share their
/// data.
///
/// Counting never waits for another thread. Finding a series waits only while another one is added,
/// which copies the table. A histogram is locked for about ten nanoseconds to record a value, and
/// while a snapshot copies its 48 KB.
///
/// It never panics, whatever names, labels and values it is given: what has no room counts into the
/// series labelled `otel.metric.overflow`, and what is refused altogether is counted by
/// [`names::SERIES_REFUSED`].
///
/// A histogram series takes its step and its buckets from the unit that is known when the series is
/// first used, so describe a metric of your own before that: without a unit the step is a
/// millionth, which is coarse for seconds.
///
/// ```
/// use embeddenator_obs::{Recorder, facade};
///
/// let recorder = Recorder::new();
/// recorder.within(|| facade::counter!("requests", "path" => "/").increment(2));
/// let snapshot = recorder.snapshot();
/// assert_eq!(snapshot.find("requests").unwrap().series.len(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    counters: Table<CounterCell>,
    gauges: Table<GaugeCell>,
    histograms: Table<HistogramCell>,
    descriptions: Whole<Descriptions>,
    health: Health,
}

type Descriptions = HashMap<(Instrument, KeyName), Description>;

/// The facade's three kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Instrument {
    Counter,
    Gauge,
    Histogram,
}

/// The description of a metric that is not in our table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Description {
    unit: Unit,
    text: Arc<str>,
}

impl Recorder {
    /// An empty recorder that nothing records into yet.
    pub fn new() -> Self {
        let health = Health::default();
        Self {
            shared: Arc::new(Shared {
                counters: Table::new(SERIES_MAX, health.clone()),
                gauges: Table::new(SERIES_MAX, health.clone()),
                histograms: Table::new(HISTOGRAM_SERIES_MAX, health.clone()),
                descriptions: Whole::new(Descriptions::new(), health.states_replaced.clone()),
                health,
            }),
        }
    }

    /// Makes this the recorder of the process, for all threads, until the process ends; keep a
    /// clone for snapshots.
    ///
    /// # Errors
    /// [`Error::RecorderInstalled`] if the process already has one, from this crate or another;
    /// that one stays.
    pub fn install(&self) -> Result<()> {
        ::metrics::set_global_recorder(self.clone()).map_err(|_| Error::RecorderInstalled)
    }

    /// Makes this the recorder of the current thread while `work` runs.
    pub fn within<R>(&self, work: impl FnOnce() -> R) -> R {
        ::metrics::with_local_recorder(self, work)
    }

    /// Everything recorded so far. Threads keep recording meanwhile: each series is consistent in
    /// itself, but different series may be from slightly different moments.
    pub fn snapshot(&self) -> Snapshot {
        let shared = &*self.shared;
        let mut found = BTreeMap::new();
        for (key, cell) in shared.counters.all() {
            self.add(&mut found, Instrument::Counter, &key, Value::Count(cell.value()));
        }
        for (name, value) in shared.health.counts().into_iter().filter(|&(_, value)| value > 0) {
            self.add(&mut found, Instrument::Counter, &Key::from_static_name(name), Value::Count(value));
        }
        for (key, cell) in shared.gauges.all() {
            self.add(&mut found, Instrument::Gauge, &key, Value::Number(cell.value()));
        }
        for (key, cell) in shared.histograms.all() {
            self.add(&mut found, Instrument::Histogram, &key, Value::Distribution(cell.summary()));
        }
        let mut metrics: Vec<Metric> = found.into_values().collect();
        for metric in &mut metrics {
            metric.series.sort_by(|a, b| a.labels.cmp(&b.labels));
        }
        Snapshot { metrics }
    }

    fn add(
        &self,
        found: &mut BTreeMap<(String, Kind), Metric>,
        instrument: Instrument,
        key: &Key,
        value: Value,
    ) {
        let kind = kind(instrument, key.name());
        let metric = found.entry((key.name().to_owned(), kind)).or_insert_with(|| {
            let (unit, description) = self.shared.meaning(instrument, &key.name_shared());
            Metric { name: key.name().to_owned(), kind, unit, description, series: Vec::new() }
        });
        let labels = key
            .labels()
            .map(|label| Label { name: label.key().to_owned(), value: label.value().to_owned() })
            .collect();
        metric.series.push(Series { labels, value });
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl Shared {
    /// Unit and description, from our table if it has the name, so that they are the same
    /// everywhere.
    fn meaning(&self, instrument: Instrument, name: &KeyName) -> (Unit, String) {
        if let Some(row) = names::find(name.as_str()).filter(|row| row.kind == kind(instrument, row.name)) {
            return (row.unit, row.description.to_owned());
        }
        match self.descriptions.read().get(&(instrument, name.clone())) {
            Some(description) => (description.unit, description.text.to_string()),
            None => (Unit::UNKNOWN, String::new()),
        }
    }

    fn describe(
        &self,
        instrument: Instrument,
        name: KeyName,
        unit: Option<::metrics::Unit>,
        text: SharedString,
    ) {
        if name.as_str().is_empty() || name.as_str().len() > NAME_BYTES_MAX {
            return;
        }
        let end = text.floor_char_boundary(DESCRIPTION_BYTES_MAX);
        let unit = unit.map_or(Unit::UNKNOWN, Unit::from);
        let description = Description { unit, text: Arc::from(&text[..end]) };
        let key = (instrument, name.to_retained());
        self.descriptions.replace(|old| {
            let full = old.len() >= METRICS_MAX && !old.contains_key(&key);
            if full || old.get(&key) == Some(&description) {
                return (None, ());
            }
            let mut next = old.clone();
            next.insert(key, description);
            (Some(next), ())
        });
    }
}

impl ::metrics::Recorder for Recorder {
    fn describe_counter(&self, key: KeyName, unit: Option<::metrics::Unit>, description: SharedString) {
        self.shared.describe(Instrument::Counter, key, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<::metrics::Unit>, description: SharedString) {
        self.shared.describe(Instrument::Gauge, key, unit, description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<::metrics::Unit>, description: SharedString) {
        self.shared.describe(Instrument::Histogram, key, unit, description);
    }

    fn register_counter(&self, key: &Key, _metadata: &Metadata<'_>) -> Counter {
        self.shared
            .counters
            .get_or_insert(key, CounterCell::default)
            .map_or_else(Counter::noop, Counter::from_arc)
    }

    fn register_gauge(&self, key: &Key, _metadata: &Metadata<'_>) -> Gauge {
        let make = || GaugeCell::new(self.shared.health.clone());
        self.shared.gauges.get_or_insert(key, make).map_or_else(Gauge::noop, Gauge::from_arc)
    }

    fn register_histogram(&self, key: &Key, _metadata: &Metadata<'_>) -> Histogram {
        let make = || {
            let (unit, _) = self.shared.meaning(Instrument::Histogram, &key.name_shared());
            HistogramCell::new(unit, self.shared.health.clone())
        };
        self.shared.histograms.get_or_insert(key, make).map_or_else(Histogram::noop, Histogram::from_arc)
    }
}

/// The kind of a facade metric in OpenTelemetry, which has one more kind.
fn kind(instrument: Instrument, name: &str) -> Kind {
    match instrument {
        Instrument::Counter => Kind::Counter,
        Instrument::Histogram => Kind::Histogram,
        Instrument::Gauge => match names::find(name) {
            Some(row) if row.kind == Kind::UpDownCounter => Kind::UpDownCounter,
            _ => Kind::Gauge,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn descriptions_outlive_a_panic_inside_their_lock() {
        let recorder = Recorder::new();
        let describe = |name: &'static str, text: &'static str| {
            let unit = Some(::metrics::Unit::Bytes);
            ::metrics::Recorder::describe_gauge(&recorder, name.into(), unit, text.into());
        };
        describe("first", "kept");
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            recorder.shared.descriptions.replace(|old| -> (Option<Descriptions>, ()) {
                panic!("inside the lock, with {} descriptions", old.len())
            });
        }));
        assert!(outcome.is_err());
        describe("second", "added");
        let text = |name: &str| recorder.shared.meaning(Instrument::Gauge, &name.to_owned().into());
        assert_eq!(text("first"), (Unit::BYTES, "kept".to_owned()));
        assert_eq!(text("second"), (Unit::BYTES, "added".to_owned()));
        let replaced = recorder.snapshot();
        assert_eq!(
            replaced.find(names::STATES_REPLACED).map(|metric| metric.series[0].value.clone()),
            Some(Value::Count(1))
        );
    }
}
