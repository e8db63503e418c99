//! What was used last, up to a weight.

use std::collections::{BTreeMap, HashMap};

/// A cache that forgets what was used longest ago.
#[derive(Debug)]
pub(crate) struct Recent<V> {
    /// Each value with the moment of its last use and its weight.
    values: HashMap<u32, (u64, V, usize)>,
    by_use: BTreeMap<u64, u32>,
    moment: u64,
    weight: usize,
}

impl<V> Default for Recent<V> {
    fn default() -> Self {
        Self { values: HashMap::new(), by_use: BTreeMap::new(), moment: 0, weight: 0 }
    }
}

impl<V: Clone> Recent<V> {
    /// A value that is kept, which is now the one used last.
    pub(crate) fn get(&mut self, number: u32) -> Option<V> {
        let (used, value, _) = self.values.get_mut(&number)?;
        self.by_use.remove(used);
        self.moment += 1;
        *used = self.moment;
        self.by_use.insert(self.moment, number);
        Some(value.clone())
    }

    /// Keeps a value, and forgets others until all weigh `most` at most; the newest is always kept.
    pub(crate) fn insert(&mut self, number: u32, value: V, weight: usize, most: usize) {
        self.moment += 1;
        self.weight += weight;
        if let Some((used, _, before)) = self.values.insert(number, (self.moment, value, weight)) {
            self.by_use.remove(&used);
            self.weight -= before;
        }
        self.by_use.insert(self.moment, number);
        while self.weight > most && self.values.len() > 1 {
            let Some((_, oldest)) = self.by_use.pop_first() else { break };
            if let Some((_, _, weight)) = self.values.remove(&oldest) {
                self.weight -= weight;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_is_forgotten() {
        let mut cache = Recent::default();
        cache.insert(1, 'a', 40, 100);
        cache.insert(2, 'b', 40, 100);
        assert_eq!(cache.get(1), Some('a'));
        cache.insert(3, 'c', 40, 100);
        assert_eq!([1, 2, 3].map(|number| cache.get(number)), [Some('a'), None, Some('c')]);
        cache.insert(4, 'd', 500, 100);
        assert_eq!([1, 3, 4].map(|number| cache.get(number)), [None, None, Some('d')]);
        cache.insert(4, 'e', 10, 100);
        cache.insert(5, 'f', 90, 100);
        assert_eq!([4, 5].map(|number| cache.get(number)), [Some('e'), Some('f')]);
    }
}
