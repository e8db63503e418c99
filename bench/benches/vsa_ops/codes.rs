//! Block codes and the counters that bundle them.

use std::hint::black_box;

use criterion::Criterion;
use embeddenator_bench::{CODES, Signs, cycle};
use embeddenator_vsa::{BlockCode, Counts, Random, Shape};

use crate::{BUNDLED, SHIFT};

const SAME: &str = "all have the same shape";

type Pairs = [(BlockCode, BlockCode); CODES];

/// The rows of block codes: the default shape, and the one with the peer's dimension and number of
/// entries.
pub(crate) fn measure(criterion: &mut Criterion, random: &mut Random) {
    for (name, shape) in [("BlockCode", Shape::DEFAULT), ("BlockCode d10k", Shape::D10K)] {
        let pairs: Pairs =
            std::array::from_fn(|_| (BlockCode::random(shape, random), BlockCode::random(shape, random)));
        check_bind(&pairs);
        bind(criterion, "vsa_ops/bind", name, &pairs);
        add(criterion, "vsa_ops/bundle", name, &pairs);
        read_outs(criterion, name, &pairs);
        if shape == Shape::DEFAULT {
            // Nothing here depends on the input, but the peer's rows next to these do.
            bind(criterion, "vsa_ops/bind, one pair", name, &pairs);
            add(criterion, "vsa_ops/bundle, one pair", name, &pairs);
            permute(criterion, name, &pairs);
        }
    }
}

/// Positions add modulo their number, signs multiply, and unbinding recovers the bytes.
fn check_bind(pairs: &Pairs) {
    for (a, b) in pairs {
        let bound = a.bind(b).expect(SAME);
        let positions = a.shape().positions();
        for ((bound, a), b) in bound.elements().zip(a.elements()).zip(b.elements()) {
            assert_eq!(bound, ((a.0 + b.0) % positions, a.1 * b.1));
        }
        assert_eq!(bound.unbind(b).expect(SAME), *a);
    }
}

fn bind(criterion: &mut Criterion, group: &str, name: &str, pairs: &Pairs) {
    let mut group = criterion.benchmark_group(group);
    group.bench_function(name, |bencher| cycle(bencher, pairs, |(a, b)| a.bind(b).expect(SAME)));
    let mut out = BlockCode::identity(pairs[0].0.shape());
    group.bench_function(format!("{name}, into a buffer"), |bencher| {
        cycle(bencher, pairs, |(a, b)| a.bind_into(b, black_box(&mut out)).expect(SAME));
    });
    group.bench_function(format!("{name}, unbind into a buffer"), |bencher| {
        cycle(bencher, pairs, |(a, b)| a.unbind_into(b, black_box(&mut out)).expect(SAME));
    });
    group.finish();
}

/// Adding a code to counters is the step of our bundle.
fn add(criterion: &mut Criterion, group: &str, name: &str, pairs: &Pairs) {
    let mut counts = counts_of(pairs, CODES);
    let plain: Vec<Signs> = pairs.iter().map(|(code, _)| Signs::of_code(code)).collect();
    assert_eq!(signs_of(&counts), Signs::sign_of_sum(&plain));
    let mut group = criterion.benchmark_group(group);
    group.bench_function(format!("{name} added to Counts"), |bencher| {
        cycle(bencher, pairs, |(code, _)| black_box(&mut counts).add(code).expect(SAME));
    });
    group.finish();
}

/// The read-outs of sixteen bundled codes.
fn read_outs(criterion: &mut Criterion, name: &str, pairs: &Pairs) {
    let full = [counts_of(pairs, BUNDLED)];
    let thinned = Signs::of_code(&full[0].thin());
    let majority = signs_of(&full[0]);
    let kept = thinned.entries.iter().filter(|(position, sign)| majority.entries.get(position) == Some(sign));
    assert_eq!(kept.count(), full[0].shape().blocks(), "thinning keeps one counter a block, with its sign");
    let mut group = criterion.benchmark_group("vsa_ops/majority of 16");
    group.bench_function(format!("{name} by Counts"), |bencher| {
        bencher.iter(|| counts_of(pairs, BUNDLED).majority());
    });
    group.finish();
    let mut group = criterion.benchmark_group("vsa_ops/thin");
    group.bench_function(name, |bencher| cycle(bencher, &full, Counts::thin));
    group.finish();
}

fn permute(criterion: &mut Criterion, name: &str, pairs: &Pairs) {
    let shape = pairs[0].0.shape();
    for (code, _) in pairs {
        let wanted =
            Signs::of_code(code).shifted(shape.dimension(), SHIFT % shape.blocks() * shape.positions());
        assert_eq!(Signs::of_code(&code.permute(SHIFT as i64)), wanted);
    }
    let mut group = criterion.benchmark_group("vsa_ops/permute");
    group.bench_function(name, |bencher| cycle(bencher, pairs, |(code, _)| code.permute(SHIFT as i64)));
    group.finish();
}

fn counts_of(pairs: &Pairs, codes: usize) -> Counts {
    let mut counts = Counts::new(pairs[0].0.shape());
    for (code, _) in pairs.iter().take(codes) {
        counts.add(code).expect(SAME);
    }
    counts
}

/// The signs of the counters that are not zero.
fn signs_of(counts: &Counts) -> Signs {
    let signs = counts.as_counters().iter().map(|counter| counter.signum() as i8).enumerate();
    Signs { entries: signs.filter(|&(_, sign)| sign != 0).collect() }
}
