//! The distribution of whole numbers: a bounded histogram, and an exact count, sum, minimum and maximum.
//!
//! The cells are those of `HdrHistogram` (Gil Tene): their width is a fixed share of their value,
//! so quantiles have a bounded relative error at any magnitude, and two histograms of the same
//! shape merge cell by cell.

use hdrhistogram::Histogram;

use crate::limits::COUNT_MAX;

/// The range and precision of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The highest value; higher ones are counted as this one.
    pub(crate) highest: u64,
    /// Decimal digits that a cell keeps: 2 makes cells of at most 1/128 of their value, 3 of at most 1/1024.
    pub(crate) digits: u8,
}

/// A distribution of whole numbers from zero to its shape's highest.
#[derive(Clone, Debug)]
pub(crate) struct Distribution {
    cells: Histogram<u64>,
    sum: u128,
    least: u64,
    greatest: u64,
    saturated: u64,
}

impl Distribution {
    pub(crate) fn new(shape: Shape) -> Self {
        let cells = Histogram::new_with_bounds(1, shape.highest, shape.digits)
            .expect("shapes are constants of this crate, each built by a test");
        Self { cells, sum: 0, least: u64::MAX, greatest: 0, saturated: 0 }
    }

    /// Counts a value `times` times. Values that are too high count as the highest, and after
    /// [`COUNT_MAX`] values the distribution no longer changes. Returns how many values were not
    /// counted as they are.
    pub(crate) fn record(&mut self, value: u64, times: u64) -> u64 {
        let taken = times.min(COUNT_MAX - self.count());
        let bent = if value > self.cells.high() { times } else { times - taken };
        let value = value.min(self.cells.high());
        if taken > 0 {
            self.cells.saturating_record_n(value, taken);
            self.sum += u128::from(value) * u128::from(taken);
            self.least = self.least.min(value);
            self.greatest = self.greatest.max(value);
        }
        self.saturated = self.saturated.saturating_add(bent);
        bent
    }

    /// Adds another distribution of the same shape, as if all of its values had been recorded here.
    /// Above [`COUNT_MAX`] values in total, the highest of the other distribution are left out.
    pub(crate) fn merge(&mut self, other: &Self) {
        debug_assert_eq!(self.cells.high(), other.cells.high());
        let room = COUNT_MAX - self.count();
        let whole = other.count() <= room;
        let (sum, least, greatest) = (self.sum, self.least, self.greatest);
        for cell in other.cells.iter_recorded() {
            // The top of a cell may be above the highest value of the shape.
            let value = cell.value_iterated_to().min(other.greatest);
            self.record(value, cell.count_since_last_iteration());
        }
        if whole {
            self.sum = sum + other.sum;
            self.least = least.min(other.least);
            self.greatest = greatest.max(other.greatest);
        }
        self.saturated = self.saturated.saturating_add(other.saturated);
    }

    pub(crate) fn count(&self) -> u64 {
        self.cells.len()
    }

    pub(crate) fn sum(&self) -> u128 {
        self.sum
    }

    pub(crate) fn saturated(&self) -> u64 {
        self.saturated
    }

    /// The lowest and the highest value, exact; `None` if nothing was counted.
    pub(crate) fn extremes(&self) -> Option<(u64, u64)> {
        (self.count() > 0).then_some((self.least, self.greatest))
    }

    /// The quantiles for these thousandths, which must ascend: of `n` values in order, the one of
    /// rank `ceil(n * thousandths / 1000)`, rounded up to the end of its cell but never above the
    /// maximum. `None` if nothing was counted.
    pub(crate) fn quantiles<const N: usize>(&self, thousandths: [u16; N]) -> Option<[u64; N]> {
        let (least, greatest) = self.extremes()?;
        debug_assert!(thousandths.is_sorted());
        let mut found = [greatest; N];
        let mut next = 0;
        let mut passed = 0_u64;
        for cell in self.cells.iter_recorded() {
            passed += cell.count_since_last_iteration();
            while next < N && rank(self.count(), thousandths[next]) <= passed {
                found[next] = cell.value_iterated_to().clamp(least, greatest);
                next += 1;
            }
        }
        Some(found)
    }
}

/// The rank of a quantile among `count` values, from 1. In integers: `0.999 * 1000.0` is not 999 in floating point.
fn rank(count: u64, thousandths: u16) -> u64 {
    let rank = (u128::from(count) * u128::from(thousandths)).div_ceil(1000);
    // At most `count`, as a quantile has at most 1000 thousandths.
    (rank as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{LATENCY_NS_MAX, VALUE_MAX};

    const SHAPES: [Shape; 2] =
        [Shape { highest: VALUE_MAX, digits: 2 }, Shape { highest: LATENCY_NS_MAX, digits: 3 }];

    #[test]
    fn memory_is_what_the_limits_say() {
        let bytes = SHAPES.map(|shape| Distribution::new(shape).cells.distinct_values() * size_of::<u64>());
        assert_eq!(bytes, [48 << 10, 264 << 10]);
    }

    #[test]
    fn merging_saturates_at_the_limit_and_tells() {
        for shape in SHAPES {
            let mut full = Distribution::new(shape);
            assert_eq!(full.record(7, COUNT_MAX - 2), 0);
            let mut other = Distribution::new(shape);
            assert_eq!(other.record(3, 1) + other.record(9, 2) + other.record(u64::MAX, 1), 1);
            full.merge(&other);
            assert_eq!(full.count(), COUNT_MAX);
            // There was room for one 3 and one 9, but not for another 9 and the highest, which was
            // saturated already.
            assert_eq!(full.saturated(), 3);
            assert_eq!(full.sum(), 7 * u128::from(COUNT_MAX - 2) + 12);
            assert_eq!(full.extremes(), Some((3, 9)));
            assert_eq!(full.quantiles([500, 1000]), Some([7, 9]));
        }
    }

    #[test]
    fn highest_value_is_kept_exactly() {
        for shape in SHAPES {
            let mut distribution = Distribution::new(shape);
            assert_eq!(distribution.record(shape.highest, 1), 0);
            assert_eq!(distribution.record(shape.highest + 1, 1), 1);
            assert_eq!(distribution.quantiles([0, 1000]), Some([shape.highest; 2]));
            let mut merged = Distribution::new(shape);
            merged.merge(&distribution);
            assert_eq!((merged.extremes(), merged.saturated()), (distribution.extremes(), 1));
        }
    }

    #[test]
    fn ranks_are_counted_in_integers() {
        assert_eq!([rank(1000, 999), rank(1001, 999), rank(1, 0), rank(1, 1000)], [999, 1000, 1, 1]);
        assert_eq!(rank(COUNT_MAX, 1000), COUNT_MAX);
    }
}
