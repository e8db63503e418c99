//! Which values that never change this process has compared with their checksums.

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
