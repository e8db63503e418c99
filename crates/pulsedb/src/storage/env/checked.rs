//! Which values that never change this process has compared with their checksums.

use std::cell::RefCell;
use std::collections::HashSet;

use parking_lot::RwLock;

use crate::limits;

/// Keys of such values, all of one table.
#[derive(Debug, Default)]
pub(crate) struct Checked(RwLock<HashSet<Vec<u8>>>);

impl Checked {
    pub(crate) fn has(&self, key: &[u8]) -> bool {
        self.0.read().contains(key)
    }

    pub(crate) fn note(&self, key: &[u8]) {
        let mut keys = self.0.write();
        // Blocks that were merged away leave their keys behind.
        if keys.len() >= limits::CHECKED_KEYS_MAX {
            keys.clear();
        }
        keys.insert(key.to_vec());
    }
}

/// Keys of values that a write transaction has compared with their checksums. A value that it has written itself is
/// among them, and may never come about: so they count for others once it is committed.
#[derive(Debug, Default)]
pub(crate) struct Unproved(RefCell<HashSet<Vec<u8>>>);

impl Unproved {
    pub(crate) fn has(&self, key: &[u8]) -> bool {
        self.0.borrow().contains(key)
    }

    pub(crate) fn note(&self, key: &[u8]) {
        self.0.borrow_mut().insert(key.to_vec());
    }

    /// The transaction is committed.
    pub(crate) fn proved(&self, checked: &Checked) {
        self.0.take().iter().for_each(|key| checked.note(key));
    }
}
