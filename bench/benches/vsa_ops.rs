//! The algebra beside the peer's: bind, bundle, permute, encoders.

use criterion::Criterion;
use embeddenator_bench::{INPUTS, Random, Signs, cycle, one};
use peer_vsa::SparseVec;

/// The peer's default dimension, and the entries of a vector that is 1% full.
const DIMENSION: usize = peer_vsa::DIM;
const NON_ZERO: usize = 100;
const BUNDLED: usize = 16;
const SHIFT: usize = 1234;

fn main() {
    let mut criterion = embeddenator_bench::criterion();
    let mut random = Random::new(1);
    let pairs: [(Signs, Signs); INPUTS] = std::array::from_fn(|_| {
        let mut vector = || Signs::random(&mut random, DIMENSION, NON_ZERO);
        (vector(), vector())
    });
    bind(&mut criterion, &pairs);
    bundle(&mut criterion, &pairs);
    permute(&mut criterion, &pairs);
    criterion.final_summary();
}

fn peers(pairs: &[(Signs, Signs); INPUTS]) -> [(SparseVec, SparseVec); INPUTS] {
    std::array::from_fn(|at| (pairs[at].0.peer(), pairs[at].1.peer()))
}

fn bind(criterion: &mut Criterion, pairs: &[(Signs, Signs); INPUTS]) {
    let peers = peers(pairs);
    for (pair, peer) in pairs.iter().zip(&peers) {
        assert_eq!(Signs::of_peer(&peer.0.bind(&peer.1)), pair.0.product(&pair.1));
    }
    let mut group = criterion.benchmark_group("vsa_ops/bind");
    group.bench_function("peer SparseVec", |bencher| cycle(bencher, &peers, |(a, b)| a.bind(b)));
    group.finish();
    let mut group = criterion.benchmark_group("vsa_ops/bind, one pair");
    group.bench_function("peer SparseVec", |bencher| cycle(bencher, one(&peers), |(a, b)| a.bind(b)));
    group.finish();
}

fn bundle(criterion: &mut Criterion, pairs: &[(Signs, Signs); INPUTS]) {
    let peers = peers(pairs);
    for (pair, peer) in pairs.iter().zip(&peers) {
        assert_eq!(Signs::of_peer(&peer.0.bundle(&peer.1)), Signs::sign_of_sum([&pair.0, &pair.1]));
    }
    let mut group = criterion.benchmark_group("vsa_ops/bundle");
    group.bench_function("peer SparseVec", |bencher| cycle(bencher, &peers, |(a, b)| a.bundle(b)));
    group.finish();
    let mut group = criterion.benchmark_group("vsa_ops/bundle, one pair");
    group.bench_function("peer SparseVec", |bencher| cycle(bencher, one(&peers), |(a, b)| a.bundle(b)));
    group.finish();

    let (many, many_peers): (Vec<&Signs>, Vec<&SparseVec>) =
        pairs.iter().zip(&peers).take(BUNDLED).map(|(pair, peer)| (&pair.0, &peer.0)).unzip();
    let bundled = SparseVec::bundle_sum_many(many_peers.iter().copied());
    assert_eq!(Signs::of_peer(&bundled), Signs::sign_of_sum(many));
    let mut group = criterion.benchmark_group("vsa_ops/majority of 16");
    group.bench_function("peer SparseVec", |bencher| {
        bencher.iter(|| SparseVec::bundle_sum_many(many_peers.iter().copied()));
    });
    group.finish();
}

fn permute(criterion: &mut Criterion, pairs: &[(Signs, Signs); INPUTS]) {
    let peers = peers(pairs);
    for (pair, peer) in pairs.iter().zip(&peers) {
        assert_eq!(Signs::of_peer(&peer.0.permute(SHIFT)), pair.0.shifted(DIMENSION, SHIFT));
    }
    let mut group = criterion.benchmark_group("vsa_ops/permute");
    group.bench_function("peer SparseVec", |bencher| cycle(bencher, &peers, |(a, _)| a.permute(SHIFT)));
    group.finish();
}
