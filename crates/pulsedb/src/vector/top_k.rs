//! The best k of a stream of items.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A score with the order of numbers, NaN at the ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ordered(pub(super) f32);

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ordered {}

/// Keeps the greatest `k` items that it was given, whatever their order.
///
/// Items that are equal can stand for each other, so an order without ties gives one answer.
#[derive(Clone, Debug)]
pub(crate) struct TopK<T> {
    k: usize,
    /// At most `k` items, the smallest on top.
    kept: BinaryHeap<Reverse<T>>,
}

impl<T: Ord> TopK<T> {
    /// An empty selection. Memory grows with what is kept, so `k` may exceed the number of items.
    pub(crate) fn new(k: usize) -> TopK<T> {
        TopK { k, kept: BinaryHeap::new() }
    }

    /// Keeps the item if it is among the greatest `k` so far.
    pub(crate) fn push(&mut self, item: T) {
        if self.kept.len() < self.k {
            self.kept.push(Reverse(item));
        } else if let Some(mut smallest) = self.kept.peek_mut()
            && item > smallest.0
        {
            smallest.0 = item;
        }
    }

    /// The smallest of what was kept, once there are `k` items: what is smaller is not kept.
    pub(super) fn least(&self) -> Option<&T> {
        self.kept.peek().filter(|_| self.kept.len() >= self.k).map(|Reverse(least)| least)
    }

    /// What was kept, the greatest first.
    #[cfg(test)]
    pub(crate) fn into_sorted_vec(self) -> Vec<T> {
        self.kept.into_sorted_vec().into_iter().map(|Reverse(item)| item).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::TopK;

    proptest! {
        #[test]
        fn top_k_is_the_head_of_the_sorted_items(items: Vec<(u8, u32)>, k in 0_usize..80) {
            let mut top = TopK::new(k);
            for &item in &items {
                top.push(item);
            }
            let mut sorted = items;
            sorted.sort_unstable_by(|left, right| right.cmp(left));
            sorted.truncate(k);
            prop_assert_eq!(top.into_sorted_vec(), sorted);
        }
    }

    #[test]
    fn huge_k_reserves_nothing() {
        let mut top = TopK::new(usize::MAX);
        top.push(1);
        top.push(2);
        assert_eq!(top.into_sorted_vec(), [2, 1]);
    }
}
