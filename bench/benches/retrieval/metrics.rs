//! The cost of counting and timing a search that takes a microsecond: without a recorder, and with ours.

use criterion::Criterion;
use embeddenator_bench::{CODES, Corpus, TOP, cycle};
use embeddenator_obs::metrics::{Value, names};
use embeddenator_obs::{Recorder, Span, facade};
use embeddenator_retrieval::{Flat, Hit, Index};
use embeddenator_vsa::{BlockCode, Random};

/// Few enough that a search is short, so that the cost of measuring shows.
const ITEMS: usize = 100;

/// The same searches three times: not measured, measured without a listener, and recorded.
pub(crate) fn measure(criterion: &mut Criterion, random: &mut Random) {
    let corpus = Corpus::unrelated(ITEMS, CODES, 0, random);
    let flat = corpus.flat();
    let queries: [BlockCode; CODES] = std::array::from_fn(|at| corpus.queries[at].clone());
    for query in &queries {
        assert_eq!(measured(&flat, query), search(&flat, query));
    }
    let mut group = criterion.benchmark_group("retrieval/metrics");
    group.bench_function("search alone", |bencher| cycle(bencher, &queries, |query| search(&flat, query)));
    group.bench_function("measured, off", |bencher| cycle(bencher, &queries, |query| measured(&flat, query)));
    let recorder = Recorder::new();
    recorder.within(|| {
        group.bench_function("measured, on", |bencher| {
            cycle(bencher, &queries, |query| measured(&flat, query));
        });
        // Even if the benchmark is filtered out.
        measured(&flat, &queries[0]);
    });
    group.finish();
    let snapshot = recorder.snapshot();
    let searches = snapshot.find(names::SEARCHES).map(|metric| metric.series[0].value.clone());
    assert!(matches!(searches, Some(Value::Count(count)) if count > 0), "the searches were counted");
}

fn search(index: &Flat, query: &BlockCode) -> Vec<Hit> {
    index.search(query, TOP).expect("queries have the items' shape")
}

fn measured(index: &Flat, query: &BlockCode) -> Vec<Hit> {
    let _timed = Span::start(facade::histogram!(names::SEARCH_DURATION));
    facade::counter!(names::SEARCHES).increment(1);
    search(index, query)
}
