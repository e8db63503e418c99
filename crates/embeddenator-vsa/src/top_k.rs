//! The nearest codes of a table, exactly: a scan that keeps the best, on several threads if it is long.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::num::NonZero;
use std::ops::Range;
use std::thread;

use crate::error::Result;
use crate::limits::{SCAN_THREAD_BYTES_MIN, SCAN_THREADS_MAX};
use crate::{CodeRef, Codes, CodesRef, Counts, Planes, PlanesTable};

/// Rows whose dot products are held at once: few enough to stay in the L1 cache.
const CHUNK: usize = 1024;

/// A code of a table and its dot product with a query: `i32` for a code, `i64` for a bundle.
///
/// Ordered as results are: higher dot products first, equal ones by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nearest<D = i32> {
    /// The index of the code in its table.
    pub index: usize,
    /// Its dot product with the query.
    pub dot: D,
}

impl<D: Ord> Ord for Nearest<D> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.dot.cmp(&self.dot).then(self.index.cmp(&other.index))
    }
}

impl<D: Ord> PartialOrd for Nearest<D> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A row of a table and its cosine with a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similar {
    /// The index of the row in its table.
    pub index: usize,
    /// Its cosine with the query, from -1 to 1.
    pub cosine: f32,
}

impl PlanesTable {
    /// The `k` rows with the highest cosines with the query, best first, equal ones by index.
    ///
    /// Exact: every row is compared. Returns fewer if the table has fewer, and none for a `k` of 0.
    ///
    /// ```
    /// use embeddenator_vsa::{PlanesTable, TextEncoder};
    ///
    /// let encoder = TextEncoder::default();
    /// let mut table = PlanesTable::new(encoder.encode("").dimension())?;
    /// for text in ["the staging key rotates on Mondays", "uploads fail when the clock is not UTC"] {
    ///     table.push(&encoder.encode(text))?;
    /// }
    /// assert_eq!(table.nearest(&encoder.encode("why does an upload fail?"), 1)?[0].index, 1);
    /// # Ok::<(), embeddenator_vsa::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`](crate::Error::DimensionMismatch) if the dimensions differ.
    pub fn nearest(&self, query: &Planes, k: usize) -> Result<Vec<Similar>> {
        let cosines = self.cosines(query)?;
        let mut rows: Vec<Similar> =
            cosines.into_iter().enumerate().map(|(index, cosine)| Similar { index, cosine }).collect();
        let best_first = |left: &Similar, right: &Similar| {
            right.cosine.total_cmp(&left.cosine).then(left.index.cmp(&right.index))
        };
        if k < rows.len() {
            rows.select_nth_unstable_by(k, best_first);
            rows.truncate(k);
        }
        rows.sort_unstable_by(best_first);
        Ok(rows)
    }
}

impl Codes {
    /// As [`CodesRef::nearest`].
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    pub fn nearest<'a>(&self, query: impl Into<CodeRef<'a>>, k: usize) -> Result<Vec<Nearest>> {
        self.view().nearest(query, k)
    }

    /// As [`CodesRef::nearest_all`].
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    pub fn nearest_all<'a>(&self, queries: impl Into<CodesRef<'a>>, k: usize) -> Result<Vec<Vec<Nearest>>> {
        self.view().nearest_all(queries, k)
    }
}

impl CodesRef<'_> {
    /// The `k` codes with the highest dot products with the query, best first, equal ones by index.
    ///
    /// Exact: every code is compared. Returns fewer if the table has fewer, and none for a `k` of
    /// 0. Several threads scan long tables, with the same result.
    ///
    /// ```
    /// use embeddenator_vsa::{Codes, Random, Shape};
    ///
    /// let codes = Codes::random(Shape::DEFAULT, 100, &mut Random::new(1));
    /// let query = codes.get(42).expect("row 42 of 100");
    /// assert_eq!(codes.nearest(query, 3)?[0].index, 42);
    /// # Ok::<(), embeddenator_vsa::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    pub fn nearest<'b>(self, query: impl Into<CodeRef<'b>>, k: usize) -> Result<Vec<Nearest>> {
        let query = query.into();
        self.shape().expect(query.shape())?;
        scan(self, k, |first, dots| self.dots_into(query, first, dots))
    }

    /// [`nearest`](Self::nearest) of each query, in order.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    pub fn nearest_all<'b>(self, queries: impl Into<CodesRef<'b>>, k: usize) -> Result<Vec<Vec<Nearest>>> {
        queries.into().iter().map(|query| self.nearest(query, k)).collect()
    }
}

impl Counts {
    /// The `k` codes of a table with the highest dot products with the bundle, best first, equal
    /// ones by index: the clean-up of a bundle. As exact as [`CodesRef::nearest`].
    ///
    /// ```
    /// use embeddenator_vsa::{Codes, Counts, Random, Shape};
    ///
    /// let codes = Codes::random(Shape::DEFAULT, 100, &mut Random::new(1));
    /// let mut bundle = Counts::new(Shape::DEFAULT);
    /// bundle.add_weighted(codes.get(42).expect("row 42 of 100"), 2)?;
    /// bundle.add_weighted(codes.get(7).expect("row 7 of 100"), 1)?;
    /// let found: Vec<usize> = bundle.nearest(&codes, 2)?.iter().map(|found| found.index).collect();
    /// assert_eq!(found, [42, 7]);
    /// # Ok::<(), embeddenator_vsa::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    pub fn nearest<'a>(&self, codes: impl Into<CodesRef<'a>>, k: usize) -> Result<Vec<Nearest<i64>>> {
        let codes = codes.into();
        self.shape().expect(codes.shape())?;
        scan(codes, k, |first, dots| self.dots_into(codes, first, dots))
    }
}

/// The best `k` rows of a table by dot product; `dots_into` computes these from a given row on.
fn scan<D, F>(codes: CodesRef<'_>, k: usize, dots_into: F) -> Result<Vec<Nearest<D>>>
where
    D: Ord + Copy + Default + Send,
    F: Fn(usize, &mut [D]) -> Result<()> + Sync,
{
    let share = (SCAN_THREAD_BYTES_MIN / codes.shape().stride()).max(1);
    let wanted = (codes.len() / share).min(SCAN_THREADS_MAX);
    // Asking the system costs more than a short scan.
    let threads =
        if wanted < 2 { 1 } else { wanted.min(thread::available_parallelism().map_or(1, NonZero::get)) };
    let rows = codes.len().div_ceil(threads).max(1);
    let parts = (0..threads).map(|part| part * rows..((part + 1) * rows).min(codes.len()));
    let mut nearest = thread::scope(|scope| {
        let mut parts = parts.filter(|part| !part.is_empty());
        let own = parts.next().unwrap_or(0..0);
        let dots_into = &dots_into;
        let others: Vec<_> = parts
            .map(|part| {
                let rows = part.clone();
                let spawned = thread::Builder::new().spawn_scoped(scope, || scan_part(dots_into, k, rows));
                (spawned, part)
            })
            .collect();
        let mut nearest = scan_part(dots_into, k, own)?;
        for (other, part) in others {
            nearest.extend(match other {
                Ok(other) => other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?,
                // The system cannot start another thread.
                Err(_) => scan_part(dots_into, k, part)?,
            });
        }
        Ok(nearest)
    })?;
    nearest.sort_unstable();
    nearest.truncate(k);
    Ok(nearest)
}

/// The best of some rows, in no particular order.
fn scan_part<D, F>(dots_into: &F, k: usize, rows: Range<usize>) -> Result<Vec<Nearest<D>>>
where
    D: Ord + Copy + Default,
    F: Fn(usize, &mut [D]) -> Result<()>,
{
    // The worst value kept is on top.
    let mut kept = BinaryHeap::with_capacity(k.min(rows.len()));
    let mut dots = [D::default(); CHUNK];
    for first in rows.clone().step_by(CHUNK) {
        let dots = &mut dots[..CHUNK.min(rows.end - first)];
        dots_into(first, dots)?;
        for (index, dot) in (first..).zip(dots) {
            let found = Nearest { index, dot: *dot };
            if kept.len() < k {
                kept.push(found);
            } else if let Some(mut worst) = kept.peek_mut().filter(|worst| found < **worst) {
                *worst = found;
            }
        }
    }
    Ok(kept.into_vec())
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, Nearest};
    use crate::limits::SCAN_THREAD_BYTES_MIN;
    use crate::{Codes, Counts, Random, Shape};

    /// Sorts everything, so it shares only the dot product with the scan.
    fn sorted(codes: &Codes, query: usize, k: usize) -> Vec<Nearest> {
        let query = codes.get(query).expect("the query is a row");
        let dots = codes.iter().map(|code| code.dot(query).expect("one shape"));
        let mut all: Vec<Nearest> = dots.enumerate().map(|(index, dot)| Nearest { index, dot }).collect();
        all.sort_by_key(|found| (-found.dot, found.index));
        all.truncate(k);
        all
    }

    #[test]
    fn nearest_are_those_of_a_full_sort() {
        let small = Shape::new(8, 8).expect("a shape");
        let two_threads = 2 * SCAN_THREAD_BYTES_MIN / small.stride() + 5;
        for count in [1, 2, CHUNK - 1, CHUNK, CHUNK + 1, two_threads] {
            // 8 blocks of 8 positions produce many equal dot products.
            let codes = Codes::random(small, count, &mut Random::new(count as u64));
            for k in [0, 1, 10, count, count + 1] {
                for query in [0, count / 2, count - 1] {
                    let found =
                        codes.nearest(codes.get(query).expect("the query is a row"), k).expect("one shape");
                    assert_eq!(found, sorted(&codes, query, k), "{count} codes, k = {k}, query {query}");
                }
                if count <= CHUNK {
                    let each: Vec<_> = (0..count.min(5)).map(|query| sorted(&codes, query, k)).collect();
                    let mut queries = Codes::new(small);
                    codes.iter().take(5).for_each(|code| queries.push(code).expect("one shape"));
                    assert_eq!(codes.nearest_all(&queries, k), Ok(each), "{count} codes, k = {k}");
                }
            }
        }
    }

    #[test]
    fn nearest_of_a_bundle_of_one_code_are_those_of_the_code() {
        let codes = Codes::random(Shape::new(10, 10).expect("a shape"), 3000, &mut Random::new(9));
        let query = codes.get(5).expect("row 5");
        let bundle = Counts::from(&query.to_code());
        let of_code = codes.nearest(query, 100).expect("one shape");
        let of_bundle = bundle.nearest(&codes, 100).expect("one shape");
        let widened: Vec<_> =
            of_code.iter().map(|found| Nearest { index: found.index, dot: i64::from(found.dot) }).collect();
        assert_eq!(of_bundle, widened);
    }

    #[test]
    fn empty_table_has_no_nearest() {
        let query = Codes::random(Shape::DEFAULT, 1, &mut Random::new(1));
        let empty = Codes::new(Shape::DEFAULT);
        assert_eq!(empty.nearest(query.get(0).expect("row 0"), 5), Ok(Vec::new()));
    }
}
