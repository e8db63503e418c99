//! Indexes over ten thousand vectors compared with the peer's, and the cost of measuring a search.

mod metrics;

use std::collections::HashMap;
use std::hint::black_box;

use criterion::{BatchSize, Criterion};
use embeddenator_bench::{CODES, Corpus, Signs, TOP, cycle};
use embeddenator_retrieval::{Hit, Id, Index, Inverted, SearchOptions, Similarity};
use embeddenator_vsa::{Random, SparseTernary};
use peer_retrieval::search::{SearchConfig, exact_search, two_stage_search};
use peer_retrieval::similarity::SimilarityMetric;
use peer_retrieval::{HierarchicalIndex, IndexConfig, RetrievalIndex, TernaryInvertedIndex};
use peer_vsa::SparseVec;

const DIMENSION: usize = peer_vsa::DIM;
const NON_ZERO: usize = 100;
const ITEMS: usize = 10_000;
const QUERIES: usize = 1000;
/// Entries of a query that are moved, of 100, and blocks that are wrong, of 128: 30%.
const WRONG: usize = 30;
const WRONG_BLOCKS: usize = 38;

const BUILD: &str = "retrieval/build 10000";
const QUERY: &str = "retrieval/top 10 of 10000";
const WHOLE: &str = "retrieval/build 10000 and 1000 queries";

fn main() {
    let mut criterion = embeddenator_bench::criterion();
    let mut random = Random::new(6);
    codes(&mut criterion, &Corpus::unrelated(ITEMS, QUERIES, WRONG_BLOCKS, &mut random));
    let vectors = Vectors::new(&mut random);
    inverted(&mut criterion, &vectors);
    peer(&mut criterion, &vectors);
    metrics::measure(&mut criterion, &mut random);
    criterion.final_summary();
}

/// Sparse vectors, and queries that are each near one of them.
struct Vectors {
    items: Vec<Signs>,
    /// The item that a query is made from, and the query.
    queries: Vec<(usize, Signs)>,
}

impl Vectors {
    fn new(random: &mut Random) -> Self {
        let items: Vec<Signs> = (0..ITEMS).map(|_| Signs::random(random, DIMENSION, NON_ZERO)).collect();
        let queries = (0..QUERIES).map(|_| {
            let item = random.below(ITEMS as u64) as usize;
            (item, items[item].disturbed(random, DIMENSION, WRONG))
        });
        Self { queries: queries.collect(), items }
    }
}

/// The indexes of block codes; the second must find what the first finds.
fn codes(criterion: &mut Criterion, corpus: &Corpus) {
    let recall = corpus.recall(&corpus.flat(), &corpus.hierarchy(), 1, QUERIES);
    assert!(recall >= 0.99, "recall@1 of {recall}");
    rows(criterion, "Flat", &corpus.queries, || black_box(corpus).flat());
    rows(criterion, "Hierarchy", &corpus.queries, || black_box(corpus).hierarchy());
}

/// Our index of sparse vectors, from the same vectors as the peer's.
fn inverted(criterion: &mut Criterion, vectors: &Vectors) {
    let items: Vec<SparseTernary> = vectors.items.iter().map(|item| item.ours(DIMENSION)).collect();
    let queries: Vec<SparseTernary> =
        vectors.queries.iter().map(|(_, query)| query.ours(DIMENSION)).collect();
    let build = || {
        let mut index = Inverted::new(DIMENSION, Similarity::Cosine).expect("the dimension is not zero");
        for (id, item) in (0..).zip(black_box(&items)) {
            index.insert(Id(id), item).expect("ids are unique");
        }
        index
    };
    let index = build();
    for ((item, plain), query) in vectors.queries.iter().zip(&queries) {
        let best = index.search(query, TOP).expect("all have one dimension")[0];
        assert_eq!(best.id, Id(*item as u64));
        assert!((f64::from(best.score) - plain.cosine(&vectors.items[*item])).abs() < 1e-6);
    }
    rows(criterion, "Inverted", &queries, build);
}

fn rows<I: Index>(criterion: &mut Criterion, name: &str, queries: &[I::Code], build: impl Fn() -> I) {
    let mut group = criterion.benchmark_group(BUILD);
    group.sample_size(10);
    group.bench_function(name, |bencher| {
        bencher.iter_batched(|| (), |()| build(), BatchSize::PerIteration);
    });
    group.finish();
    let index = build();
    let some: [&I::Code; CODES] = std::array::from_fn(|at| &queries[at]);
    let mut group = criterion.benchmark_group(QUERY);
    group.bench_function(name, |bencher| cycle(bencher, &some, |query| index.search(query, TOP)));
    group.finish();
    let options = SearchOptions::default();
    let mut group = criterion.benchmark_group(WHOLE);
    group.sample_size(10);
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let hits: Vec<Vec<Hit>> =
                build().search_batch(queries, TOP, &options).expect("all have one shape");
            assert_eq!(hits.len(), QUERIES);
            hits
        });
    });
    group.finish();
}

/// The peer's ways of searching, which all find the item of a query.
fn peer(criterion: &mut Criterion, vectors: &Vectors) {
    let items: HashMap<usize, SparseVec> = vectors.items.iter().map(Signs::peer).enumerate().collect();
    let queries: Vec<SparseVec> = vectors.queries.iter().map(|(_, query)| query.peer()).collect();
    let index = TernaryInvertedIndex::build_from_map(&items);
    let config = SearchConfig::default();
    for ((item, _), query) in vectors.queries.iter().zip(&queries) {
        assert_eq!(index.query_top_k(query, TOP).first().map(|found| found.id), Some(*item));
    }
    for ((item, _), query) in vectors.queries.iter().zip(&queries).take(10) {
        let found = two_stage_search(query, &index, &items, &config, TOP);
        assert_eq!(found.first().map(|found| found.id), Some(*item));
        let found = exact_search(query, &items, SimilarityMetric::Cosine, TOP);
        assert_eq!(found.first().map(|found| found.id), Some(*item));
    }
    let mut hierarchical = HierarchicalIndex::new(IndexConfig::default());
    for (id, item) in &items {
        hierarchical.add(*id, item);
    }
    hierarchical.finalize();
    for ((item, _), query) in vectors.queries.iter().zip(&queries).take(10) {
        let found = hierarchical.query_top_k(query, TOP);
        assert_eq!(found.first().map(|found| found.id), Some(*item));
    }
    let some: [SparseVec; CODES] = std::array::from_fn(|at| queries[at].clone());
    let mut group = criterion.benchmark_group(QUERY);
    group.bench_function("peer TernaryInvertedIndex", |bencher| {
        cycle(bencher, &some, |query| index.query_top_k(query, TOP));
    });
    group.bench_function("peer two_stage_search", |bencher| {
        cycle(bencher, &some, |query| two_stage_search(query, &index, &items, &config, TOP));
    });
    group.sample_size(10);
    group.bench_function("peer exact_search", |bencher| {
        cycle(bencher, &some, |query| exact_search(query, &items, SimilarityMetric::Cosine, TOP));
    });
    group.bench_function("peer HierarchicalIndex", |bencher| {
        cycle(bencher, &some, |query| hierarchical.query_top_k(query, TOP));
    });
    group.finish();
    peer_whole(criterion, &items, &queries);
}

fn peer_whole(criterion: &mut Criterion, items: &HashMap<usize, SparseVec>, queries: &[SparseVec]) {
    let mut group = criterion.benchmark_group(BUILD);
    group.sample_size(10);
    group.bench_function("peer TernaryInvertedIndex", |bencher| {
        let build = || TernaryInvertedIndex::build_from_map(black_box(items));
        bencher.iter_batched(|| (), |()| build(), BatchSize::PerIteration);
    });
    group.finish();
    let mut group = criterion.benchmark_group(WHOLE);
    group.sample_size(10);
    group.bench_function("peer TernaryInvertedIndex", |bencher| {
        bencher.iter(|| {
            let index = TernaryInvertedIndex::build_from_map(black_box(items));
            queries.iter().map(|query| index.query_top_k(query, TOP)).collect::<Vec<_>>()
        });
    });
    group.finish();
}
