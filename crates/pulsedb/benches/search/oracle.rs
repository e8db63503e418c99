//! The exact answers of vector queries, found by comparing all vectors outside of the database.

use std::collections::BTreeSet;

use crate::data::{Data, SHARES, share};

/// Vectors that are made and compared together.
const CHUNK: usize = 1024;

/// The numbers of the nearest records of each query, for all records and for each share of them.
pub(crate) struct Oracle {
    pub(crate) queries: Vec<Vec<f32>>,
    /// By query; the first of each is for all records, the others in the order of `SHARES`.
    nearest: Vec<[BTreeSet<usize>; 1 + SHARES.len()]>,
}

impl Oracle {
    /// Compares the first `queries` queries with the first `rows` records.
    pub(crate) fn new(data: &Data, rows: usize, queries: usize, k: usize) -> Self {
        let queries: Vec<Vec<f32>> = (0..queries).map(|number| data.query(number)).collect();
        let mut best: Vec<[Vec<(f32, usize)>; 1 + SHARES.len()]> = vec![Default::default(); queries.len()];
        for first in (0..rows).step_by(CHUNK) {
            let numbers = first..(first + CHUNK).min(rows);
            let vectors: Vec<(usize, f64, Vec<f32>)> =
                numbers.map(|number| (number, share(number), data.vector(number))).collect();
            for (query, best) in queries.iter().zip(&mut best) {
                for (number, share, vector) in &vectors {
                    let score = dot(query, vector);
                    let groups = SHARES.iter().take_while(|(part, _)| share < part).count();
                    best[..=groups].iter_mut().for_each(|best| offer(best, k, score, *number));
                }
            }
        }
        let numbers = |best: Vec<(f32, usize)>| best.into_iter().map(|(_, number)| number).collect();
        Self { queries, nearest: best.into_iter().map(|each| each.map(numbers)).collect() }
    }

    /// The nearest of all records (0) or of a share of them (1 and more).
    pub(crate) fn nearest(&self, query: usize, group: usize) -> &BTreeSet<usize> {
        &self.nearest[query][group]
    }
}

/// Keeps the greatest k, in no order but for the least, which is the first.
fn offer(best: &mut Vec<(f32, usize)>, k: usize, score: f32, number: usize) {
    if best.len() < k || score > best[0].0 {
        if best.len() == k {
            best.swap_remove(0);
        }
        best.push((score, number));
        let least = (0..best.len()).min_by(|left, right| best[*left].0.total_cmp(&best[*right].0));
        best.swap(0, least.unwrap_or(0));
    }
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 16];
    let (lefts, left_rest) = left.as_chunks::<16>();
    let (rights, right_rest) = right.as_chunks::<16>();
    for (left, right) in lefts.iter().zip(rights) {
        for lane in 0..16 {
            lanes[lane] += left[lane] * right[lane];
        }
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(left, right)| left * right).sum();
    lanes.iter().sum::<f32>() + rest
}
