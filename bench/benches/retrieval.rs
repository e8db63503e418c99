//! Exact and inverted indexes over ten thousand vectors, beside the peer's.

use std::collections::HashMap;
use std::hint::black_box;

use criterion::{BatchSize, Criterion};
use embeddenator_bench::{INPUTS, Signs, cycle};
use embeddenator_vsa::Random;
use peer_retrieval::TernaryInvertedIndex;
use peer_retrieval::search::{SearchConfig, exact_search, two_stage_search};
use peer_retrieval::similarity::SimilarityMetric;
use peer_vsa::SparseVec;

const DIMENSION: usize = peer_vsa::DIM;
const NON_ZERO: usize = 100;
const ITEMS: usize = 10_000;
const TOP: usize = 10;
/// Entries of a query that lie elsewhere than in its item.
const WRONG: usize = 30;

fn main() {
    let mut criterion = embeddenator_bench::criterion();
    let mut random = Random::new(3);
    let items: Vec<Signs> = (0..ITEMS).map(|_| Signs::random(&mut random, DIMENSION, NON_ZERO)).collect();
    let queries: [(usize, Signs); INPUTS] = std::array::from_fn(|_| {
        let item = random.below(ITEMS as u64) as usize;
        (item, items[item].disturbed(&mut random, DIMENSION, WRONG))
    });
    peer(&mut criterion, &items, &queries);
    criterion.final_summary();
}

fn peer(criterion: &mut Criterion, items: &[Signs], queries: &[(usize, Signs); INPUTS]) {
    let vectors: HashMap<usize, SparseVec> = items.iter().map(Signs::peer).enumerate().collect();
    let queries: [(usize, SparseVec); INPUTS] =
        std::array::from_fn(|at| (queries[at].0, queries[at].1.peer()));
    let index = TernaryInvertedIndex::build_from_map(&vectors);
    let config = SearchConfig::default();
    for (item, query) in &queries {
        assert_eq!(index.query_top_k(query, TOP).first().map(|found| found.id), Some(*item));
        let found = two_stage_search(query, &index, &vectors, &config, TOP);
        assert_eq!(found.first().map(|found| found.id), Some(*item));
        let found = exact_search(query, &vectors, SimilarityMetric::Cosine, TOP);
        assert_eq!(found.first().map(|found| found.id), Some(*item));
    }
    let mut group = criterion.benchmark_group("retrieval/build 10000");
    group.sample_size(10);
    group.bench_function("peer TernaryInvertedIndex", |bencher| {
        bencher.iter_batched(
            || (),
            |()| TernaryInvertedIndex::build_from_map(black_box(&vectors)),
            BatchSize::PerIteration,
        );
    });
    group.finish();
    let mut group = criterion.benchmark_group("retrieval/query 10000");
    group.bench_function("peer TernaryInvertedIndex", |bencher| {
        cycle(bencher, &queries, |(_, query)| index.query_top_k(query, TOP));
    });
    group.bench_function("peer two_stage_search", |bencher| {
        cycle(bencher, &queries, |(_, query)| two_stage_search(query, &index, &vectors, &config, TOP));
    });
    group.bench_function("peer exact_search", |bencher| {
        cycle(bencher, &queries, |(_, query)| exact_search(query, &vectors, SimilarityMetric::Cosine, TOP));
    });
    group.finish();
}
