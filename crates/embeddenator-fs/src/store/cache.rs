//! Decoded segments that were used last, up to a number of bytes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A cache that forgets what was used longest ago.
#[derive(Debug, Default)]
pub(crate) struct SegmentCache {
    /// Each segment with the moment of its last use.
    segments: HashMap<u32, (u64, Arc<Vec<u8>>)>,
    by_use: BTreeMap<u64, u32>,
    moment: u64,
    bytes: usize,
}

impl SegmentCache {
    /// A segment that is kept, which is now the one used last.
    pub(crate) fn get(&mut self, number: u32) -> Option<Arc<Vec<u8>>> {
        let (used, raw) = self.segments.get_mut(&number)?;
        self.by_use.remove(used);
        self.moment += 1;
        *used = self.moment;
        self.by_use.insert(self.moment, number);
        Some(Arc::clone(raw))
    }

    /// Keeps a segment, and forgets others until all have at most `most` bytes; the newest is always kept.
    pub(crate) fn insert(&mut self, number: u32, raw: Arc<Vec<u8>>, most: usize) {
        self.moment += 1;
        self.bytes += raw.len();
        if let Some((used, before)) = self.segments.insert(number, (self.moment, raw)) {
            self.by_use.remove(&used);
            self.bytes -= before.len();
        }
        self.by_use.insert(self.moment, number);
        while self.bytes > most && self.segments.len() > 1 {
            let Some((_, oldest)) = self.by_use.pop_first() else { break };
            if let Some((_, raw)) = self.segments.remove(&oldest) {
                self.bytes -= raw.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_is_forgotten() {
        let mut cache = SegmentCache::default();
        let raw = |count| Arc::new(vec![0; count]);
        cache.insert(1, raw(40), 100);
        cache.insert(2, raw(40), 100);
        assert!(cache.get(1).is_some());
        cache.insert(3, raw(40), 100);
        assert!(cache.get(1).is_some() && cache.get(2).is_none() && cache.get(3).is_some());
        cache.insert(4, raw(500), 100);
        assert!(cache.get(1).is_none() && cache.get(3).is_none() && cache.get(4).is_some());
        cache.insert(4, raw(10), 100);
        cache.insert(5, raw(90), 100);
        assert!(cache.get(4).is_some() && cache.get(5).is_some());
    }
}
