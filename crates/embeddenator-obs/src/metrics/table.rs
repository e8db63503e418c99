//! The series of one kind of metric: found by key without waiting, added up to the limits.
//!
//! A recorder is asked for a series every time a macro of the facade runs, so finding one is a
//! lookup under a read lock. Adding is rare: it copies the table and replaces it as a whole, so a
//! panic cannot spoil anything.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use ::metrics::{Key, KeyName, Label};

use crate::limits::{
    LABEL_NAME_BYTES_MAX, LABEL_VALUE_BYTES_MAX, LABELS_MAX, METRICS_MAX, NAME_BYTES_MAX,
    SERIES_PER_METRIC_MAX,
};
use crate::lock::Whole;
use crate::metrics::health::{Health, count};
use crate::metrics::names::{OF_RECORDER, OVERFLOW};

/// Cells of type `T`, by name and labels.
#[derive(Debug)]
pub(crate) struct Table<T> {
    rows: Whole<Rows<T>>,
    series_max: usize,
    health: Health,
}

/// A table that no longer changes.
#[derive(Debug)]
struct Rows<T> {
    cells: HashMap<Key, Arc<T>, KeyHash>,
    /// How many series each name has.
    names: HashMap<KeyName, usize>,
}

// Not derived, since that would require `T: Clone`; the cells are shared.
impl<T> Clone for Rows<T> {
    fn clone(&self) -> Self {
        Self { cells: self.cells.clone(), names: self.names.clone() }
    }
}

/// Where a series is, or would be.
enum Place<T> {
    Found(Arc<T>),
    Room(Key),
    Refused,
}

impl<T> Table<T> {
    pub(crate) fn new(series_max: usize, health: Health) -> Self {
        let rows = Rows { cells: HashMap::with_hasher(KeyHash), names: HashMap::new() };
        Self { rows: Whole::new(rows, health.states_replaced.clone()), series_max, health }
    }

    /// The cell of a series, created if it is new. If there is no room, the overflow cell of its
    /// metric; if that does not exist either, `None`, which is counted.
    pub(crate) fn get_or_insert(&self, key: &Key, make: impl FnOnce() -> T) -> Option<Arc<T>> {
        if let Some(cell) = self.rows.read().cells.get(key) {
            return Some(Arc::clone(cell));
        }
        let canonical = canonical(key);
        // Checked twice: first without the write lock, so that keys which are always refused never
        // wait, then inside it.
        let place =
            canonical.as_ref().map_or(Place::Refused, |key| self.rows.read().place(key, self.series_max));
        let cell = match place {
            Place::Found(cell) => Some(cell),
            Place::Refused => None,
            Place::Room(key) => self.insert(&key, make),
        };
        if cell.is_none() {
            count(&self.health.series_refused, 1);
        }
        cell
    }

    fn insert(&self, key: &Key, make: impl FnOnce() -> T) -> Option<Arc<T>> {
        self.rows.replace(|rows| match rows.place(key, self.series_max) {
            Place::Found(cell) => (None, Some(cell)),
            Place::Refused => (None, None),
            Place::Room(key) => {
                let cell = Arc::new(make());
                (Some(rows.with(key, Arc::clone(&cell))), Some(cell))
            }
        })
    }

    /// Every series, in no order.
    pub(crate) fn all(&self) -> Vec<(Key, Arc<T>)> {
        self.rows.read().cells.iter().map(|(key, cell)| (key.clone(), Arc::clone(cell))).collect()
    }
}

impl<T> Rows<T> {
    fn place(&self, key: &Key, series_max: usize) -> Place<T> {
        if let Some(cell) = self.cells.get(key) {
            return Place::Found(Arc::clone(cell));
        }
        if self.cells.len() >= series_max {
            return self.overflow(key).map_or(Place::Refused, Place::Found);
        }
        match self.names.get(key.name()) {
            None if self.names.len() >= METRICS_MAX => Place::Refused,
            // The last place of a metric is reserved for its overflow series.
            Some(&taken) if taken >= SERIES_PER_METRIC_MAX - 1 && !is_overflow(key) => {
                self.overflow(key).map_or_else(|| Place::Room(overflow(key)), Place::Found)
            }
            _ => Place::Room(key.clone()),
        }
    }

    fn overflow(&self, key: &Key) -> Option<Arc<T>> {
        self.cells.get(&overflow(key)).map(Arc::clone)
    }

    /// A copy with one more series.
    fn with(&self, key: Key, cell: Arc<T>) -> Self {
        let mut rows = self.clone();
        *rows.names.entry(key.name_shared()).or_default() += 1;
        rows.cells.insert(key, cell);
        rows
    }
}

/// The one key for all that mean the same: labels sorted, and the last of those with the same name.
/// `None` if the name is not acceptable; the overflow key if the labels are not.
fn canonical(key: &Key) -> Option<Key> {
    let name = key.name();
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.starts_with(OF_RECORDER) {
        return None;
    }
    let given = key.labels().len();
    let fits = |label: &Label| {
        label.key().len() <= LABEL_NAME_BYTES_MAX && label.value().len() <= LABEL_VALUE_BYTES_MAX
    };
    if given > LABELS_MAX || !key.labels().all(fits) {
        return Some(overflow(key));
    }
    let mut labels: Vec<Label> = Vec::with_capacity(given);
    for label in key.labels() {
        labels.retain(|other| other.key() != label.key());
        labels.push(label.clone());
    }
    labels.sort();
    // Shared text, so that copies of the table do not copy it.
    Some(Key::from_parts(key.name_shared(), labels).to_retained())
}

fn overflow(key: &Key) -> Key {
    static LABELS: [Label; 1] = [Label::from_static_parts(OVERFLOW, "true")];
    Key::from_static_labels(key.name_shared().to_retained(), &LABELS)
}

fn is_overflow(key: &Key) -> bool {
    key.labels().any(|label| label.key() == OVERFLOW)
}

/// Uses the hash that a key carries. It is not keyed, but the limits on series bound collisions.
#[derive(Clone, Copy, Debug, Default)]
struct KeyHash;

impl BuildHasher for KeyHash {
    type Hasher = CarriedHash;

    fn build_hasher(&self) -> CarriedHash {
        CarriedHash(0)
    }
}

#[derive(Debug)]
struct CarriedHash(u64);

impl Hasher for CarriedHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    /// A key writes one `u64`; if a later facade writes bytes, they still produce a hash (FNV-1a).
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::Ordering;

    use super::*;

    fn key(name: &str, value: usize) -> Key {
        Key::from_parts(name.to_owned(), vec![Label::new("n", value.to_string())])
    }

    #[test]
    fn table_keeps_its_series_after_a_panic_inside_its_lock() {
        let health = Health::default();
        let table = Table::new(8, health.clone());
        let first = table.get_or_insert(&key("a", 0), || 1);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            table.get_or_insert(&key("a", 1), || -> i32 { panic!("inside the lock") })
        }));
        assert!(outcome.is_err());
        assert_eq!(health.states_replaced.load(Ordering::Relaxed), 1);
        assert_eq!(table.all().len(), 1);
        assert_eq!(table.get_or_insert(&key("a", 0), || 2), first);
        assert_eq!(table.get_or_insert(&key("a", 1), || 3).as_deref(), Some(&3));
        assert_eq!(health.states_replaced.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn metric_without_room_counts_into_its_overflow_series() {
        let table = Table::new(10_000, Health::default());
        let cells: Vec<_> = (0..1000).map(|value| table.get_or_insert(&key("a", value), || value)).collect();
        let overflow =
            table.get_or_insert(&overflow(&key("a", 0)), || 0).expect("the overflow series exists");
        assert_eq!(table.all().len(), SERIES_PER_METRIC_MAX);
        for (value, cell) in cells.iter().enumerate() {
            let own = value < SERIES_PER_METRIC_MAX - 1;
            assert_eq!(cell.as_ref().is_some_and(|cell| Arc::ptr_eq(cell, &overflow)), !own, "{value}");
        }
    }

    #[test]
    fn full_table_refuses_and_counts() {
        let health = Health::default();
        let table = Table::new(3, health.clone());
        for value in 0..5 {
            assert_eq!(table.get_or_insert(&key("a", value), || value).is_some(), value < 3);
        }
        assert_eq!(health.series_refused.load(Ordering::Relaxed), 2);
        assert!(table.get_or_insert(&key("a", 1), || 9).is_some(), "existing series stay");
    }

    #[test]
    fn names_beyond_the_limit_are_refused() {
        let health = Health::default();
        let table = Table::new(10_000, health.clone());
        for value in 0..=METRICS_MAX {
            let taken = table.get_or_insert(&key(&format!("m{value}"), 0), || value).is_some();
            assert_eq!(taken, value < METRICS_MAX);
        }
        assert_eq!(health.series_refused.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn bytes_are_hashed_too() {
        let of = |bytes: &[u8]| {
            let mut hasher = KeyHash.build_hasher();
            hasher.write(bytes);
            hasher.finish()
        };
        assert_ne!(of(b"ab"), of(b"ba"));
    }
}
