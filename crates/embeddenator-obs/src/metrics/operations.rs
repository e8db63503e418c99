//! One function per recorded event, so that names, units and labels are right by construction.
//!
//! Libraries return plain numbers; a binary passes them to these functions.

use std::time::Duration;

use ::metrics::{Counter, Histogram, Key, Label, Level, Metadata, histogram, with_recorder};

use crate::metrics::names;

/// One key for each [`IndexKind`], in the same order.
type Keys = [Key; 3];

// Built at compile time: a macro with a label known only at run time would allocate and hash at
// each call, whether or not anything listens.
static FLAT: [Label; 1] = [IndexKind::Flat.label()];
static HIERARCHY: [Label; 1] = [IndexKind::Hierarchy.label()];
static INVERTED: [Label; 1] = [IndexKind::Inverted.label()];
static SEARCHES: Keys = by_index(names::SEARCHES);
static SEARCH_DURATION: Keys = by_index(names::SEARCH_DURATION);
static INDEX_BUILDS: Keys = by_index(names::INDEX_BUILDS);
static INDEX_BUILD_DURATION: Keys = by_index(names::INDEX_BUILD_DURATION);
static INDEX_REBUILDS: Keys = by_index(names::INDEX_REBUILDS);
static CODES_COMPARED: Key = Key::from_static_name(names::CODES_COMPARED);
static ENCODED_SIZE: Key = Key::from_static_name(names::ENCODED_SIZE);
static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// The kinds of index over codes, as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IndexKind {
    /// The exact scan.
    Flat,
    /// The tree of bundles.
    Hierarchy,
    /// Postings by dimension.
    Inverted,
}

impl IndexKind {
    /// The value of the label.
    ///
    /// ```
    /// assert_eq!(embeddenator_obs::metrics::IndexKind::Flat.as_str(), "flat");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Hierarchy => "hierarchy",
            Self::Inverted => "inverted",
        }
    }

    const fn label(self) -> Label {
        Label::from_static_parts(names::INDEX_KIND, self.as_str())
    }
}

const fn by_index(name: &'static str) -> Keys {
    [
        Key::from_static_parts(name, &FLAT),
        Key::from_static_parts(name, &HIERARCHY),
        Key::from_static_parts(name, &INVERTED),
    ]
}

fn counter(key: &Key) -> Counter {
    with_recorder(|recorder| recorder.register_counter(key, &METADATA))
}

fn seconds(key: &Key) -> Histogram {
    with_recorder(|recorder| recorder.register_histogram(key, &METADATA))
}

/// Counts a search that returned and how long it took: [`names::SEARCHES`], [`names::SEARCH_DURATION`].
pub fn record_search(index: IndexKind, duration: Duration) {
    counter(&SEARCHES[index as usize]).increment(1);
    seconds(&SEARCH_DURATION[index as usize]).record(duration);
}

/// Counts codes that were compared with a query: [`names::CODES_COMPARED`].
pub fn count_codes_compared(codes: u64) {
    counter(&CODES_COMPARED).increment(codes);
}

/// Counts bytes that were written into envelopes, before compression: [`names::ENCODED_SIZE`].
pub fn count_encoded_bytes(bytes: u64) {
    counter(&ENCODED_SIZE).increment(bytes);
}

/// Counts an index that was built and how long it took: [`names::INDEX_BUILDS`], [`names::INDEX_BUILD_DURATION`].
pub fn record_index_build(index: IndexKind, duration: Duration) {
    counter(&INDEX_BUILDS[index as usize]).increment(1);
    seconds(&INDEX_BUILD_DURATION[index as usize]).record(duration);
}

/// Counts an index that was found damaged and rebuilt: [`names::INDEX_REBUILDS`].
pub fn count_index_rebuild(index: IndexKind) {
    counter(&INDEX_REBUILDS[index as usize]).increment(1);
}

/// Counts a database operation as its caller saw it: [`names::DB_OPERATION_DURATION`]. `system` is
/// the product, for example `pulsedb`; `operation` is one of a few names, for example
/// `search_similar`.
///
/// ```
/// use std::time::Duration;
/// use embeddenator_obs::Recorder;
/// use embeddenator_obs::metrics::{names, record_database_operation};
///
/// let recorder = Recorder::new();
/// recorder.within(|| record_database_operation("pulsedb", "search_similar", Duration::from_micros(2120)));
/// assert!(recorder.snapshot().find(names::DB_OPERATION_DURATION).is_some());
/// ```
pub fn record_database_operation(system: &'static str, operation: &'static str, duration: Duration) {
    histogram!(
        names::DB_OPERATION_DURATION,
        names::DB_SYSTEM_NAME => system,
        names::DB_OPERATION_NAME => operation
    )
    .record(duration);
}
