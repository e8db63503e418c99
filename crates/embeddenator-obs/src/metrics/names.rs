//! The one table of names: stable, documented, OpenTelemetry's where its semantic conventions have one.
//!
//! A name in here keeps its meaning, kind and unit; a metric that changes gets a new name. Ours begin with
//! `embeddenator.`; the others are those of the OpenTelemetry semantic conventions (database client metrics, process
//! metrics). Units are UCUM's, `{thing}` being a count of things.

use crate::metrics::{Kind, Unit};

/// Seconds that one operation on a database took, as its caller saw it. Labels: [`DB_SYSTEM_NAME`],
/// [`DB_OPERATION_NAME`].
pub const DB_OPERATION_DURATION: &str = "db.client.operation.duration";
/// Physical memory that the process holds.
pub const PROCESS_MEMORY_USAGE: &str = "process.memory.usage";
/// Seconds since the process began its work.
pub const PROCESS_UPTIME: &str = "process.uptime";
/// Codes that searches compared with a query. The work of a search, whatever the machine.
pub const CODES_COMPARED: &str = "embeddenator.codes.compared";
/// Bytes given to the writer of envelopes, before compression.
pub const ENCODED_SIZE: &str = "embeddenator.io.encoded";
/// Seconds that building an index took. Label: [`INDEX_KIND`].
pub const INDEX_BUILD_DURATION: &str = "embeddenator.index.build.duration";
/// Indexes built. Label: [`INDEX_KIND`].
pub const INDEX_BUILDS: &str = "embeddenator.index.builds";
/// Indexes that were found damaged and built again from the codes. Label: [`INDEX_KIND`].
pub const INDEX_REBUILDS: &str = "embeddenator.index.rebuilds";
/// Seconds that a search took. Label: [`INDEX_KIND`].
pub const SEARCH_DURATION: &str = "embeddenator.search.duration";
/// Searches that returned. Label: [`INDEX_KIND`].
pub const SEARCHES: &str = "embeddenator.searches";
/// How the names of what a recorder says of itself begin; it refuses to be told such by others.
pub const OF_RECORDER: &str = "embeddenator.obs.";
/// Metrics that a recorder refused because a limit was reached or their name has no place.
pub const SERIES_REFUSED: &str = "embeddenator.obs.series.refused";
/// States that a recorder replaced because a thread panicked inside their lock.
pub const STATES_REPLACED: &str = "embeddenator.obs.states.replaced";
/// Values that were not numbers, so that no gauge and no histogram could take them.
pub const VALUES_REFUSED: &str = "embeddenator.obs.values.refused";
/// Values beyond what their gauge or histogram can hold, taken as the nearest that it can.
pub const VALUES_SATURATED: &str = "embeddenator.obs.values.saturated";

/// Label: the database product, such as `pulsedb`.
pub const DB_SYSTEM_NAME: &str = "db.system.name";
/// Label: the operation, such as `search_similar`.
pub const DB_OPERATION_NAME: &str = "db.operation.name";
/// Label: which index, as [`IndexKind`](crate::metrics::IndexKind) writes it.
pub const INDEX_KIND: &str = "embeddenator.index.kind";
/// Label, always `true`: the series that takes what its metric has no room for, as in OpenTelemetry's SDKs.
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

/// Every metric that this family of crates records, in the order of the names.
pub const TABLE: &[Name] = &[
    row(DB_OPERATION_DURATION, Kind::Histogram, Unit::SECONDS, "Duration of database client operations."),
    row(CODES_COMPARED, Kind::Counter, Unit::of("{code}"), "Codes that searches compared with a query."),
    row(INDEX_BUILD_DURATION, Kind::Histogram, Unit::SECONDS, "Duration of building an index."),
    row(INDEX_BUILDS, Kind::Counter, Unit::of("{build}"), "Indexes built."),
    row(INDEX_REBUILDS, Kind::Counter, Unit::of("{build}"), "Damaged indexes built again from the codes."),
    row(ENCODED_SIZE, Kind::Counter, Unit::BYTES, "Bytes written into envelopes, before compression."),
    row(SERIES_REFUSED, Kind::Counter, Unit::of("{request}"), "Requests for a metric refused at a limit."),
    row(STATES_REPLACED, Kind::Counter, Unit::of("{state}"), "States replaced after a panic in their lock."),
    row(VALUES_REFUSED, Kind::Counter, Unit::of("{value}"), "Values refused because they are not numbers."),
    row(VALUES_SATURATED, Kind::Counter, Unit::of("{value}"), "Values taken as the nearest that fits."),
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

/// The row of a name.
///
/// ```
/// use embeddenator_obs::metrics::names;
/// assert_eq!(names::find("embeddenator.searches").map(|row| row.unit.ucum()), Some("{search}"));
/// assert_eq!(names::find("of.somebody.else"), None);
/// ```
pub fn find(name: &str) -> Option<&'static Name> {
    TABLE.iter().find(|row| row.name == name)
}
