//! The hierarchical index and the exact one at three sizes: build time, query time, recall and memory.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion};
use embeddenator_bench::{CODES, Corpus, TOP, cycle};
use embeddenator_retrieval::{Flat, Hierarchy, Index, SearchOptions};
use embeddenator_vsa::{BlockCode, Random};

const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];
/// Blocks of 128 that are wrong in a query: 30%.
const WRONG: usize = 38;
const CLUSTER: usize = 16;
/// The queries for measuring recall.
const ASKED: usize = CODES;

fn main() {
    let mut criterion = embeddenator_bench::criterion();
    for items in SIZES {
        let mut random = Random::new(items as u64);
        let unrelated = Corpus::unrelated(items, CODES, WRONG, &mut random);
        build(&mut criterion, &unrelated);
        query(&mut criterion, "unrelated", &unrelated);
        let clustered = Corpus::clustered(items, CLUSTER, CODES, WRONG, &mut random);
        query(&mut criterion, "clusters of 16", &clustered);
    }
    criterion.final_summary();
}

fn build(criterion: &mut Criterion, corpus: &Corpus) {
    let items = corpus.items.len();
    let mut group = criterion.benchmark_group("hierarchical_scale/build");
    group.sample_size(10);
    group.bench_function(format!("Hierarchy {items}"), |bencher| {
        bencher.iter_batched(|| (), |()| black_box(corpus).hierarchy(), BatchSize::PerIteration);
    });
    group.finish();
}

/// One query at a time. The hits are compared with the exact index's, and the recall is printed.
fn query(criterion: &mut Criterion, kind: &str, corpus: &Corpus) {
    let items = corpus.items.len();
    let (flat, hierarchy) = (corpus.flat(), corpus.hierarchy());
    assert_eq!((flat.len(), hierarchy.len()), (items, items));
    report(kind, corpus, &flat, &hierarchy);
    let queries: [BlockCode; CODES] = std::array::from_fn(|at| corpus.queries[at].clone());
    let one_thread = SearchOptions { threads: 1, ..SearchOptions::default() };
    let mut group = criterion.benchmark_group(format!("hierarchical_scale/top 10 of {items}, {kind}"));
    group.measurement_time(Duration::from_millis(500));
    group.bench_function("Hierarchy", |bencher| {
        cycle(bencher, &queries, |query| hierarchy.search(query, TOP));
    });
    group.bench_function("Flat", |bencher| cycle(bencher, &queries, |query| flat.search(query, TOP)));
    group.bench_function("Flat, one thread", |bencher| {
        cycle(bencher, &queries, |query| flat.search_with(query, TOP, &one_thread));
    });
    group.finish();
}

fn report(kind: &str, corpus: &Corpus, flat: &Flat, hierarchy: &Hierarchy) {
    let first = corpus.recall(flat, hierarchy, 1, ASKED);
    let top = corpus.recall(flat, hierarchy, TOP, ASKED);
    let stats = hierarchy.stats();
    println!(
        "hierarchical_scale: {} items, {kind}: recall@1 {first:.3}, recall@10 {top:.3}, {} nodes, codes {} MiB, \
         counters {} MiB",
        stats.items,
        stats.nodes,
        stats.code_bytes >> 20,
        stats.counter_bytes >> 20
    );
    if kind == "unrelated" {
        assert!(first >= 0.99, "recall@1 of {first} at {} items", stats.items);
    } else {
        assert!(top >= 0.95, "recall@10 of {top} at {} items", stats.items);
    }
}
