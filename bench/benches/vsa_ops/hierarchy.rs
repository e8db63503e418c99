//! Inserting one item into a hierarchy of a hundred thousand.

use std::time::{Duration, Instant};

use criterion::Criterion;
use embeddenator_bench::{CODES, Corpus};
use embeddenator_retrieval::{Id, Index};
use embeddenator_vsa::{BlockCode, Random};

const ITEMS: usize = 100_000;

/// Items are inserted one after another and removed again; only the insertions are timed.
pub(crate) fn measure(criterion: &mut Criterion, random: &mut Random) {
    let corpus = Corpus::unrelated(ITEMS, 0, 0, random);
    let mut index = corpus.hierarchy();
    let new: [BlockCode; CODES] = std::array::from_fn(|_| BlockCode::random(index.shape(), random));
    let ids = |at: usize| Id((ITEMS + at) as u64);
    let mut group = criterion.benchmark_group("vsa_ops/insert into 100000");
    group.bench_function("Hierarchy", |bencher| {
        bencher.iter_custom(|iterations| {
            let mut taken = Duration::ZERO;
            let mut left = iterations as usize;
            while left > 0 {
                let now = left.min(CODES);
                let start = Instant::now();
                for (at, code) in new[..now].iter().enumerate() {
                    index.insert(ids(at), code).expect("the id is free");
                }
                taken += start.elapsed();
                for (at, code) in new[..now].iter().enumerate() {
                    assert_eq!(index.remove(ids(at)).as_ref(), Some(code));
                }
                left -= now;
            }
            taken
        });
    });
    group.finish();
    assert_eq!(index.len(), ITEMS);
}
