//! Similarity by each kernel, beside the peer's cosine.

use criterion::Criterion;
use embeddenator_bench::{INPUTS, Random, Signs, cycle, one};
use peer_vsa::{PackedTritVec, SparseVec};

const DIMENSION: usize = peer_vsa::DIM;
const NON_ZERO: usize = 100;

fn main() {
    let mut criterion = embeddenator_bench::criterion();
    let mut random = Random::new(2);
    // Half of the entries are common, so that the product is neither zero nor the whole.
    let pairs: [(Signs, Signs); INPUTS] = std::array::from_fn(|_| {
        let vector = Signs::random(&mut random, DIMENSION, NON_ZERO);
        let near = vector.disturbed(&mut random, DIMENSION, NON_ZERO / 2);
        (vector, near)
    });
    sparse(&mut criterion, &pairs);
    dense(&mut criterion, &mut random);
    criterion.final_summary();
}

fn sparse(criterion: &mut Criterion, pairs: &[(Signs, Signs); INPUTS]) {
    let peers: [(SparseVec, SparseVec); INPUTS] =
        std::array::from_fn(|at| (pairs[at].0.peer(), pairs[at].1.peer()));
    for (pair, peer) in pairs.iter().zip(&peers) {
        assert!((peer.0.cosine(&peer.1) - pair.0.cosine(&pair.1)).abs() < 1e-9);
        assert!((peer.0.cosine_scalar(&peer.1) - pair.0.cosine(&pair.1)).abs() < 1e-9);
    }
    let mut group = criterion.benchmark_group("simd_cosine/sparse");
    group.bench_function("peer SparseVec", |bencher| cycle(bencher, &peers, |(a, b)| a.cosine(b)));
    group.bench_function("peer SparseVec, scalar", |bencher| {
        cycle(bencher, &peers, |(a, b)| a.cosine_scalar(b));
    });
    group.finish();
    let mut group = criterion.benchmark_group("simd_cosine/sparse, one pair");
    group.bench_function("peer SparseVec", |bencher| cycle(bencher, one(&peers), |(a, b)| a.cosine(b)));
    group.bench_function("peer SparseVec, scalar", |bencher| {
        cycle(bencher, one(&peers), |(a, b)| a.cosine_scalar(b));
    });
    group.finish();
}

/// Two thirds of the entries are not zero.
fn dense(criterion: &mut Criterion, random: &mut Random) {
    let pairs: [(Signs, Signs); INPUTS] = std::array::from_fn(|_| {
        let mut vector = || Signs::random(random, DIMENSION, DIMENSION * 2 / 3);
        (vector(), vector())
    });
    let pack = |vector: &Signs| PackedTritVec::from_sparsevec(&vector.peer(), DIMENSION);
    let peers: [(PackedTritVec, PackedTritVec); INPUTS] =
        std::array::from_fn(|at| (pack(&pairs[at].0), pack(&pairs[at].1)));
    for (pair, peer) in pairs.iter().zip(&peers) {
        assert_eq!(peer.0.dot(&peer.1), pair.0.dot(&pair.1));
    }
    let mut group = criterion.benchmark_group("simd_cosine/dense");
    group.bench_function("peer PackedTritVec, dot", |bencher| cycle(bencher, &peers, |(a, b)| a.dot(b)));
    group.finish();
}
