//! A thousand queries over a hundred thousand items, and single queries compared with the peer's index.

use std::hint::black_box;

use criterion::Criterion;
use embeddenator_bench::{CODES, Corpus, Signs, TOP, cycle};
use embeddenator_retrieval::{Index, SearchOptions};
use embeddenator_vsa::{BlockCode, Random};
use peer_retrieval::TernaryInvertedIndex;
use peer_vsa::SparseVec;

/// The peer's vectors: its default dimension, 1% full, with 30% of the entries of a query moved.
const DIMENSION: usize = peer_vsa::DIM;
const NON_ZERO: usize = 100;
const PEER_WRONG: usize = 30;

const ITEMS: usize = 100_000;
const QUERIES: usize = 1000;
/// Blocks of 128 that are wrong in a query: 30%.
const WRONG: usize = 38;

fn main() {
    let mut criterion = embeddenator_bench::criterion();
    let mut random = Random::new(5);
    let unrelated = Corpus::unrelated(ITEMS, QUERIES, WRONG, &mut random);
    batches(&mut criterion, "unrelated", &unrelated);
    for cluster in [16, 64] {
        let clustered = Corpus::clustered(ITEMS, cluster, QUERIES, WRONG, &mut random);
        batches(&mut criterion, &format!("clusters of {cluster}"), &clustered);
    }
    one_query(&mut criterion, &unrelated, &mut random);
    criterion.final_summary();
}

fn batches(criterion: &mut Criterion, kind: &str, corpus: &Corpus) {
    let (flat, hierarchy) = (corpus.flat(), corpus.hierarchy());
    let first = corpus.recall(&flat, &hierarchy, 1, QUERIES);
    let top = corpus.recall(&flat, &hierarchy, TOP, QUERIES);
    println!("query_hierarchical: {ITEMS} items, {kind}: recall@1 {first:.4}, recall@10 {top:.4}");
    // Beyond the first hit, unrelated items have nothing to find.
    let (found, wanted) = if kind == "unrelated" { (first, 0.99) } else { (top, 0.95) };
    assert!(found >= wanted, "recall of {found} over {kind}");
    let mut group = criterion.benchmark_group("query_hierarchical/1000 queries over 100000");
    group.sample_size(10);
    for (name, threads) in [("Hierarchy", 0), ("Hierarchy, one thread", 1)] {
        let options = SearchOptions { threads, ..SearchOptions::default() };
        group.bench_function(format!("{name}, {kind}"), |bencher| {
            bencher.iter(|| hierarchy.search_batch(black_box(&corpus.queries), TOP, &options));
        });
    }
    group.finish();
}

/// One query at a time, compared with the peer's inverted index over its own vectors: the same
/// number of items and of entries per vector, with the same share of wrong entries in a query.
fn one_query(criterion: &mut Criterion, corpus: &Corpus, random: &mut Random) {
    let (flat, hierarchy) = (corpus.flat(), corpus.hierarchy());
    let queries: [BlockCode; CODES] = std::array::from_fn(|at| corpus.queries[at].clone());
    let name = "query_hierarchical/top 10 of 100000";
    let mut group = criterion.benchmark_group(name);
    group.bench_function("Hierarchy", |bencher| {
        cycle(bencher, &queries, |query| hierarchy.search(query, TOP));
    });
    group.bench_function("Flat", |bencher| cycle(bencher, &queries, |query| flat.search(query, TOP)));
    group.finish();
    drop((flat, hierarchy));

    let (index, queries) = peer(random);
    let mut group = criterion.benchmark_group(name);
    group.bench_function("peer TernaryInvertedIndex", |bencher| {
        cycle(bencher, &queries, |query| index.query_top_k(query, TOP));
    });
    group.finish();
}

/// The peer's index, and queries for which it finds the item.
fn peer(random: &mut Random) -> (TernaryInvertedIndex, [SparseVec; CODES]) {
    let mut items: Vec<Signs> = Vec::new();
    let mut index = TernaryInvertedIndex::new();
    for id in 0..ITEMS {
        let item = Signs::random(random, DIMENSION, NON_ZERO);
        index.add(id, &item.peer());
        // The number of hits asked for.
        if id < CODES {
            items.push(item);
        }
    }
    index.finalize();
    let queries = std::array::from_fn(|at| items[at].disturbed(random, DIMENSION, PEER_WRONG).peer());
    for (at, query) in queries.iter().enumerate() {
        assert_eq!(index.query_top_k(query, TOP).first().map(|found| found.id), Some(at));
    }
    (index, queries)
}
