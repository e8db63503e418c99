//! What the search by codes finds of what the exact search finds.

use pulsedb_model::Model;

use super::super::rotation::next;
use super::{Clusters, Random, Rows};

const ENOUGH: f64 = 0.995;

/// Searches with every query for every k, under every filter, and compares with the exact search.
fn assert_recall(rows: &Rows, queries: &[Vec<f32>], ks: &[usize], shares: &[f64]) {
    for &share in shares {
        // A filter that has nothing to do with the vectors, as types, agents and times have not.
        let allowed = |slot: u32| {
            let mut state = u64::from(slot);
            next(&mut state) as f64 <= share * u64::MAX as f64
        };
        let matches = (0..rows.count() as u32).filter(|slot| allowed(*slot)).count();
        for &k in ks {
            let (mut found, mut expected) = (0, 0);
            for query in queries {
                let oracle = rows.oracle(query, k, allowed);
                let (search, _) = rows.search(query, k, allowed);
                assert_eq!(search.len(), k.min(matches), "k {k}, {matches} matches");
                assert!(search.iter().all(|row| allowed(row.slot)));
                let least = oracle.last().map_or(0.0, |row| row.score);
                // A row that ties with the last is as good as it.
                found += search.iter().filter(|row| row.score >= least).count();
                expected += oracle.len();
            }
            let recall = found as f64 / expected.max(1) as f64;
            assert!(
                expected == 0 || recall >= ENOUGH,
                "recall@{k} is {recall} of {} rows, {share} allowed",
                rows.count()
            );
        }
    }
}

const SHARES: [f64; 6] = [1.0, 0.5, 0.1, 0.01, 0.001, 0.0001];

fn clustered(dimension: usize, count: usize, queries: usize) -> (Rows, Vec<Vec<f32>>) {
    let mut clusters = Clusters::new(dimension, dimension as u64);
    let rows = Rows::new(dimension, count, || clusters.vector());
    let queries = (0..queries).map(|_| clusters.vector()).collect();
    (rows, queries)
}

#[test]
fn ten_thousand_clustered_rows_of_256_dimensions_are_found() {
    let (rows, queries) = clustered(256, 10_000, 40);
    assert_recall(&rows, &queries, &[1, 10, 100, 1000], &SHARES);
}

#[test]
fn ten_thousand_clustered_rows_of_384_dimensions_are_found() {
    let (rows, queries) = clustered(384, 10_000, 30);
    assert_recall(&rows, &queries, &[1, 10, 100, 1000], &SHARES);
}

#[test]
fn ten_thousand_clustered_rows_of_768_dimensions_are_found() {
    let (rows, queries) = clustered(768, 10_000, 30);
    assert_recall(&rows, &queries, &[1, 10, 100, 1000], &[1.0, 0.1, 0.01]);
}

#[test]
fn ten_thousand_clustered_rows_of_1536_dimensions_are_found() {
    let (rows, queries) = clustered(1536, 10_000, 30);
    assert_recall(&rows, &queries, &[1, 10, 100, 1000], &[1.0, 0.1, 0.01]);
}

#[test]
fn hundred_thousand_clustered_rows_of_256_dimensions_are_found() {
    let (rows, queries) = clustered(256, 100_000, 20);
    assert_recall(&rows, &queries, &[1, 10, 100, 1000], &[1.0]);
    assert_recall(&rows, &queries[..5], &[10], &SHARES[1..]);
}

/// Texts that share words as notes on a few subjects do.
fn made_up_text(random: &mut Random) -> String {
    const WORDS: [&str; 72] = [
        "cache", "index", "query", "thread", "lock", "page", "commit", "branch", "merge", "test", "deploy",
        "server", "client", "timeout", "retry", "queue", "stream", "buffer", "parser", "token", "schema",
        "table", "column", "row", "garden", "tomato", "river", "mountain", "bridge", "market", "bread",
        "violin", "concert", "painting", "museum", "summer", "winter", "doctor", "medicine", "school",
        "teacher", "lesson", "football", "match", "goal", "train", "station", "ticket", "hotel", "island",
        "the", "was", "slow", "broken", "fixed", "new", "old", "because", "after", "before", "with",
        "without", "needs", "failed", "passed", "liked", "wanted", "found", "lost", "never", "always",
        "today",
    ];
    let subject = random.below(6) * 8;
    let words = (0..8 + random.below(30)).map(|place| {
        if place % 3 == 0 { WORDS[subject + random.below(8)] } else { WORDS[random.below(WORDS.len())] }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn rows_of_the_bundled_embedder_are_found() {
    let model = Model::bundled();
    let mut random = Random::new(17);
    let rows = Rows::new(model.dimension(), 10_000, || model.embed(&made_up_text(&mut random)));
    let queries: Vec<Vec<f32>> = (0..40)
        .map(|_| {
            let text = made_up_text(&mut random);
            model.embed(&text[..text.len() / 3])
        })
        .collect();
    assert_recall(&rows, &queries, &[1, 10, 100, 1000], &SHARES);
}

#[test]
fn rows_of_few_dimensions_are_found() {
    for dimension in [1, 2, 3, 8, 63, 65] {
        let mut random = Random::new(dimension as u64);
        let rows = Rows::new(dimension, 3_000, || random.unit(dimension));
        let queries: Vec<Vec<f32>> = (0..20).map(|_| random.unit(dimension)).collect();
        assert_recall(&rows, &queries, &[1, 10, 100], &[1.0, 0.1]);
    }
}

#[test]
fn few_rows_are_compared_exactly() {
    let (rows, queries) = clustered(384, 10_000, 40);
    let compared: usize = queries.iter().map(|query| rows.search(query, 10, |_| true).1).sum();
    assert!(compared < 20 * queries.len(), "{compared} for {} queries", queries.len());
}
