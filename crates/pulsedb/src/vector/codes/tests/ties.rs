//! No row is lost to one that scores the same.

use super::{Clusters, Random, Rows, best};
use crate::vector::Isa;
use crate::vector::codes::{exact, gather_limit};

#[test]
fn every_row_that_ties_with_the_last_is_handed_on() {
    let dimension = 384;
    let mut clusters = Clusters::new(dimension, 8);
    let twin = clusters.vector();
    let mut random = Random::new(2);
    // One row in forty is the same vector, at one of four lengths.
    let rows = Rows::new(dimension, 6_000, || {
        let scale = 2.0_f32.powi(random.below(4) as i32);
        if random.below(40) == 0 {
            twin.iter().map(|component| component * scale).collect()
        } else {
            clusters.vector()
        }
    });
    for k in [1, 10, 100] {
        let (prepared, query) = rows.query(Isa::detect(), &twin);
        let candidates = rows.scan(&query, k, |_| true);
        let Ok(found) = candidates.rescore(k, rows.score(&prepared));
        let Ok(oracle) = exact(0..rows.count() as u32, k, rows.score(&prepared));
        assert!(found.len() > 100, "{} ties", found.len());
        assert_eq!(best(found, usize::MAX), best(oracle, usize::MAX));
    }
}

#[test]
fn more_rows_than_there_are_give_all_of_them() {
    let mut clusters = Clusters::new(64, 3);
    let rows = Rows::new(64, 300, || clusters.vector());
    let vector = clusters.vector();
    for k in [300, 301, 100_000, usize::MAX] {
        assert_eq!(rows.search(&vector, k, |_| true).0, rows.oracle(&vector, 300, |_| true));
        assert!(gather_limit(k) >= k);
    }
    assert!(rows.oracle(&vector, 0, |_| true).is_empty());
    assert!(rows.search(&vector, 10, |_| false).0.is_empty());
}

#[test]
fn error_of_the_rows_ends_the_search() {
    let mut clusters = Clusters::new(64, 3);
    let rows = Rows::new(64, 300, || clusters.vector());
    let (_, query) = rows.query(Isa::detect(), &clusters.vector());
    let candidates = rows.scan(&query, 5, |_| true);
    assert_eq!(candidates.rescore(5, |_, _| Err("no row")), Err("no row"));
    assert_eq!(exact(0..9, 5, |_, _| Err("no row")), Err("no row"));
}
