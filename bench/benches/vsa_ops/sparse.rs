//! Like for like: our sparse vectors and the peer's, made from the same entries.

use criterion::Criterion;
use embeddenator_bench::{INPUTS, Signs, cycle, one};
use embeddenator_vsa::SparseTernary;
use peer_vsa::SparseVec;

use crate::{BUNDLED, DIMENSION, SHIFT, Vectors};

const SAME: &str = "both have the same dimension";

type Ours = [(SparseTernary, SparseTernary); INPUTS];

/// The rows of sparse vectors, and those of the peer in the groups of the codes.
pub(crate) fn measure(criterion: &mut Criterion, vectors: &Vectors) {
    let ours: Ours = std::array::from_fn(|at| {
        let (left, right) = &vectors.plain[at];
        (left.ours(DIMENSION), right.ours(DIMENSION))
    });
    check(&ours, vectors);
    pairs(criterion, "vsa_ops/bind", &ours, &vectors.peers);
    pairs(criterion, "vsa_ops/bind, one pair", one(&ours), one(&vectors.peers));
    bundles(criterion, "vsa_ops/bundle", &ours, &vectors.peers);
    bundles(criterion, "vsa_ops/bundle, one pair", one(&ours), one(&vectors.peers));
    many(criterion, &ours, vectors);
    let mut group = criterion.benchmark_group("vsa_ops/permute");
    group.bench_function("SparseTernary", |bencher| cycle(bencher, &ours, |(a, _)| a.permute(SHIFT as i64)));
    group.bench_function("peer SparseVec", |bencher| {
        cycle(bencher, &vectors.peers, |(a, _)| a.permute(SHIFT));
    });
    group.finish();
}

/// Ours and the peer's give the same as the plain lists.
fn check(ours: &Ours, vectors: &Vectors) {
    for ((plain, peer), ours) in vectors.plain.iter().zip(&vectors.peers).zip(ours) {
        let product = plain.0.product(&plain.1);
        assert_eq!(Signs::of_ours(&ours.0.hadamard(&ours.1).expect(SAME)), product);
        assert_eq!(Signs::of_peer(&peer.0.bind(&peer.1)), product);
        let sum = Signs::sign_of_sum([&plain.0, &plain.1]);
        assert_eq!(Signs::of_ours(&SparseTernary::majority([&ours.0, &ours.1]).expect(SAME)), sum);
        assert_eq!(Signs::of_peer(&peer.0.bundle(&peer.1)), sum);
        let shifted = plain.0.shifted(DIMENSION, SHIFT);
        assert_eq!(Signs::of_ours(&ours.0.permute(SHIFT as i64)), shifted);
        assert_eq!(Signs::of_peer(&peer.0.permute(SHIFT)), shifted);
    }
}

/// The peer's bind is the element-wise product; so is our `hadamard`.
fn pairs<const N: usize>(
    criterion: &mut Criterion,
    name: &str,
    ours: &[(SparseTernary, SparseTernary); N],
    peers: &[(SparseVec, SparseVec); N],
) {
    let mut group = criterion.benchmark_group(name);
    group.bench_function("SparseTernary hadamard", |bencher| {
        cycle(bencher, ours, |(a, b)| a.hadamard(b).expect(SAME));
    });
    group.bench_function("peer SparseVec", |bencher| cycle(bencher, peers, |(a, b)| a.bind(b)));
    group.finish();
}

fn bundles<const N: usize>(
    criterion: &mut Criterion,
    name: &str,
    ours: &[(SparseTernary, SparseTernary); N],
    peers: &[(SparseVec, SparseVec); N],
) {
    let mut group = criterion.benchmark_group(name);
    group.bench_function("SparseTernary majority", |bencher| {
        cycle(bencher, ours, |(a, b)| SparseTernary::majority([a, b]).expect(SAME));
    });
    group.bench_function("peer SparseVec", |bencher| cycle(bencher, peers, |(a, b)| a.bundle(b)));
    group.finish();
}

fn many(criterion: &mut Criterion, ours: &Ours, vectors: &Vectors) {
    let plain = vectors.plain.iter().map(|(left, _)| left).take(BUNDLED);
    let ours: Vec<&SparseTernary> = ours.iter().map(|(left, _)| left).take(BUNDLED).collect();
    let peers: Vec<&SparseVec> = vectors.peers.iter().map(|(left, _)| left).take(BUNDLED).collect();
    let sum = Signs::sign_of_sum(plain);
    assert_eq!(Signs::of_ours(&SparseTernary::majority(ours.iter().copied()).expect(SAME)), sum);
    assert_eq!(Signs::of_peer(&SparseVec::bundle_sum_many(peers.iter().copied())), sum);
    let mut group = criterion.benchmark_group("vsa_ops/majority of 16");
    group.bench_function("SparseTernary majority", |bencher| {
        bencher.iter(|| SparseTernary::majority(ours.iter().copied()).expect(SAME));
    });
    group.bench_function("peer SparseVec", |bencher| {
        bencher.iter(|| SparseVec::bundle_sum_many(peers.iter().copied()));
    });
    group.finish();
}
