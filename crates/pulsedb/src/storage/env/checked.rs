//! Which values that never change this process has compared with their checksums.

use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use parking_lot::RwLock;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::limits;

/// Such values, each by the hash of its place.
type Values = HashSet<u64, BuildHasherDefault<Same>>;

/// Values that were compared.
#[derive(Debug, Default)]
pub(crate) struct Checked(RwLock<Values>);

impl Checked {
    pub(crate) fn has(&self, place: u64) -> bool {
        self.0.read().contains(&place)
    }

    pub(crate) fn note(&self, place: u64) {
        let mut values = self.0.write();
        // Blocks that were merged away leave their values behind.
        if values.len() >= limits::CHECKED_VALUES_MAX {
            values.clear();
        }
        values.insert(place);
    }
}

/// Values that a write transaction has compared with their checksums. A value that it has written itself is among them,
/// and may never come about: so they count for others once it is committed.
#[derive(Debug, Default)]
pub(crate) struct Unproved(RefCell<Values>);

impl Unproved {
    pub(crate) fn has(&self, place: u64) -> bool {
        self.0.borrow().contains(&place)
    }

    pub(crate) fn note(&self, place: u64) {
        self.0.borrow_mut().insert(place);
    }

    /// The transaction is committed.
    pub(crate) fn proved(&self, checked: &Checked) {
        self.0.take().into_iter().for_each(|place| checked.note(place));
    }
}

/// Takes a number that is a hash already as it is.
#[derive(Debug, Default)]
struct Same(u64);

impl Hasher for Same {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
