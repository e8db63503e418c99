//! The one table of names: stable and documented, with OpenTelemetry's names where its semantic conventions have one.
//!
//! A name keeps its meaning, kind and unit; a metric that changes gets a new name. Our own names
//! start with `embeddenator.`; the others come from the OpenTelemetry semantic conventions
//! (database client metrics, process metrics). Units are UCUM codes; `{thing}` is a count of
//! things.

use crate::metrics::{Kind, Unit};

/// Seconds that one database operation took, as its caller saw it. Labels: [`DB_SYSTEM_NAME`],
/// [`DB_OPERATION_NAME`].
pub const DB_OPERATION_DURATION: &str = "db.client.operation.duration";
/// Physical memory that the process holds.
pub const PROCESS_MEMORY_USAGE: &str = "process.memory.usage";
/// Seconds since the process started its work.
pub const PROCESS_UPTIME: &str = "process.uptime";
/// Codes that searches compared with a query: the work of a search, independent of the machine.
pub const CODES_COMPARED: &str = "embeddenator.codes.compared";
/// Bytes written into envelopes, before compression.
pub const ENCODED_SIZE: &str = "embeddenator.io.encoded";
/// Seconds that building an index took. Label: [`INDEX_KIND`].
pub const INDEX_BUILD_DURATION: &str = "embeddenator.index.build.duration";
/// Indexes built. Label: [`INDEX_KIND`].
pub const INDEX_BUILDS: &str = "embeddenator.index.builds";
/// Indexes that were found damaged and rebuilt from the codes. Label: [`INDEX_KIND`].
pub const INDEX_REBUILDS: &str = "embeddenator.index.rebuilds";
/// Seconds that a search took. Label: [`INDEX_KIND`].
pub const SEARCH_DURATION: &str = "embeddenator.search.duration";
/// Searches that returned. Label: [`INDEX_KIND`].
pub const SEARCHES: &str = "embeddenator.searches";
/// The prefix of the names that a recorder uses for itself; it refuses such names from others.
pub const OF_RECORDER: &str = "embeddenator.obs.";
/// Metrics that a recorder refused because a limit was reached or their name is not acceptable.
pub const SERIES_REFUSED: &str = "embeddenator.obs.series.refused";
/// States that a recorder replaced because a thread panicked inside their lock.
pub const STATES_REPLACED: &str = "embeddenator.obs.states.replaced";
/// Values that no gauge or histogram could accept because they were not numbers.
pub const VALUES_REFUSED: &str = "embeddenator.obs.values.refused";
/// Values outside the range of their gauge or histogram, clamped to the nearest one in range.
pub const VALUES_SATURATED: &str = "embeddenator.obs.values.saturated";

/// Label: the database product, for example `pulsedb`.
pub const DB_SYSTEM_NAME: &str = "db.system.name";
/// Label: the operation, for example `search_similar`.
pub const DB_OPERATION_NAME: &str = "db.operation.name";
/// Label: the kind of index, as [`IndexKind`](crate::metrics::IndexKind) spells it.
pub const INDEX_KIND: &str = "embeddenator.index.kind";
/// Label, always `true`: the series that counts what its metric has no room for, as in
/// OpenTelemetry's SDKs.
pub const OVERFLOW: &str = "otel.metric.overflow";

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name, dotted as OpenTelemetry writes it.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What it counts or measures.
    pub unit: Unit,
    /// One sentence, as it appears in the outputs.
    pub description: &'static str,
}

/// Every metric that this family of crates records, sorted by name.
pub const TABLE: &[Name] = &[
    row(DB_OPERATION_DURATION, Kind::Histogram, Unit::SECONDS, "Duration of database client operations."),
    row(CODES_COMPARED, Kind::Counter, Unit::of("{code}"), "Codes that searches compared with a query."),
    row(INDEX_BUILD_DURATION, Kind::Histogram, Unit::SECONDS, "Duration of building an index."),
    row(INDEX_BUILDS, Kind::Counter, Unit::of("{build}"), "Indexes built."),
    row(INDEX_REBUILDS, Kind::Counter, Unit::of("{build}"), "Damaged indexes rebuilt from the codes."),
    row(ENCODED_SIZE, Kind::Counter, Unit::BYTES, "Bytes written into envelopes, before compression."),
    row(
        SERIES_REFUSED,
        Kind::Counter,
        Unit::of("{request}"),
        "Requests for a metric refused because of a limit.",
    ),
    row(STATES_REPLACED, Kind::Counter, Unit::of("{state}"), "States replaced after a panic in their lock."),
    row(VALUES_REFUSED, Kind::Counter, Unit::of("{value}"), "Values refused because they are not numbers."),
    row(VALUES_SATURATED, Kind::Counter, Unit::of("{value}"), "Values clamped to the nearest in range."),
    row(SEARCH_DURATION, Kind::Histogram, Unit::SECONDS, "Duration of a search."),
    row(SEARCHES, Kind::Counter, Unit::of("{search}"), "Searches that returned."),
    row(PROCESS_MEMORY_USAGE, Kind::UpDownCounter, Unit::BYTES, "The amount of physical memory in use."),
    row(PROCESS_UPTIME, Kind::Gauge, Unit::SECONDS, "The time the process has been running."),
];

/// The labels of the table's metrics.
pub const LABELS: &[&str] = &[DB_OPERATION_NAME, DB_SYSTEM_NAME, INDEX_KIND, OVERFLOW];

const fn row(name: &'static str, kind: Kind, unit: Unit, description: &'static str) -> Name {
    Name { name, kind, unit, description }
}

/// The row with this name.
///
/// ```
/// use embeddenator_obs::metrics::names;
/// assert_eq!(names::find("embeddenator.searches").map(|row| row.unit.ucum()), Some("{search}"));
/// assert_eq!(names::find("of.another.program"), None);
/// ```
pub fn find(name: &str) -> Option<&'static Name> {
    TABLE.iter().find(|row| row.name == name)
}
