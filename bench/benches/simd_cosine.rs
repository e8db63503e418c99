//! Similarity with each set of kernels that this processor supports, compared with the peer's cosine.
//!
//! A process chooses its kernels once, so this one starts itself again for each other set, selected
//! by `EMBEDDENATOR_ISA`. All write into the same groups.

use std::env;
use std::process::Command;

use criterion::Criterion;
use embeddenator_bench::{CODES, INPUTS, Signs, cycle, one};
use embeddenator_vsa::{BlockCode, Isa, Planes, Random, Shape, SparseTernary};
use peer_vsa::{PackedTritVec, SparseVec};

const DIMENSION: usize = peer_vsa::DIM;
const NON_ZERO: usize = 100;
const KERNELS: &str = "EMBEDDENATOR_ISA";
const SAME: &str = "both have the same shape";

type Pairs = [(Signs, Signs); INPUTS];

fn main() {
    let mut criterion = embeddenator_bench::criterion();
    let kernels = Isa::detect().name();
    codes(&mut criterion, kernels);
    dense(&mut criterion, kernels);
    if env::var_os(KERNELS).is_none() {
        sparse(&mut criterion);
        for isa in Isa::supported().filter(|isa| isa.name() != kernels) {
            run_again(isa);
        }
    }
    criterion.final_summary();
}

/// Measures the rows that depend on the kernels again, with other kernels.
fn run_again(isa: Isa) {
    let program = env::current_exe().expect("a process knows its program");
    let status = Command::new(program).args(env::args_os().skip(1)).env(KERNELS, isa.name()).status();
    assert!(status.is_ok_and(|status| status.success()), "the run with {} failed", isa.name());
}

fn codes(criterion: &mut Criterion, kernels: &str) {
    let mut random = Random::new(2);
    for (name, shape) in [("BlockCode", Shape::DEFAULT), ("BlockCode d10k", Shape::D10K)] {
        // One of eight blocks comes from another code, so that the product is neither zero nor
        // maximal.
        let pairs: [(BlockCode, BlockCode); CODES] = std::array::from_fn(|_| {
            let code = BlockCode::random(shape, &mut random);
            let other = BlockCode::random(shape, &mut random);
            let mut bytes = code.as_bytes().to_vec();
            for (byte, other) in bytes.iter_mut().zip(other.as_bytes()).step_by(8) {
                *byte = *other;
            }
            (code, BlockCode::from_bytes(shape, &bytes).expect("blocks of two codes make one"))
        });
        for (a, b) in &pairs {
            let plain = Signs::of_code(a).cosine(&Signs::of_code(b));
            assert!((f64::from(a.cosine(b).expect(SAME)) - plain).abs() < 1e-6);
            assert_eq!(a.dot(b).expect(SAME), Signs::of_code(a).dot(&Signs::of_code(b)));
        }
        let groups = ["simd_cosine/sparse", "simd_cosine/sparse, one pair"];
        // The second group exists for its peer row; one shape is enough.
        for group in groups.into_iter().take(if shape == Shape::DEFAULT { 2 } else { 1 }) {
            let mut group = criterion.benchmark_group(group);
            group.bench_function(format!("{name}, {kernels}"), |bencher| {
                cycle(bencher, &pairs, |(a, b)| a.cosine(b).expect(SAME));
            });
            group.bench_function(format!("{name} dot, {kernels}"), |bencher| {
                cycle(bencher, &pairs, |(a, b)| a.dot(b).expect(SAME));
            });
            group.finish();
        }
    }
}

fn sparse(criterion: &mut Criterion) {
    let mut random = Random::new(3);
    // Half of the entries are common, so that the product is neither zero nor maximal.
    let pairs: Pairs = std::array::from_fn(|_| {
        let vector = Signs::random(&mut random, DIMENSION, NON_ZERO);
        let near = vector.disturbed(&mut random, DIMENSION, NON_ZERO / 2);
        (vector, near)
    });
    let ours: [(SparseTernary, SparseTernary); INPUTS] =
        std::array::from_fn(|at| (pairs[at].0.ours(DIMENSION), pairs[at].1.ours(DIMENSION)));
    let peers: [(SparseVec, SparseVec); INPUTS] =
        std::array::from_fn(|at| (pairs[at].0.peer(), pairs[at].1.peer()));
    for ((pair, ours), peer) in pairs.iter().zip(&ours).zip(&peers) {
        let plain = pair.0.cosine(&pair.1);
        assert!((f64::from(ours.0.cosine(&ours.1).expect(SAME)) - plain).abs() < 1e-6);
        assert!((peer.0.cosine(&peer.1) - plain).abs() < 1e-9);
        assert!((peer.0.cosine_scalar(&peer.1) - plain).abs() < 1e-9);
    }
    sparse_rows(criterion, "simd_cosine/sparse", &ours, &peers);
    sparse_rows(criterion, "simd_cosine/sparse, one pair", one(&ours), one(&peers));
}

fn sparse_rows<const N: usize>(
    criterion: &mut Criterion,
    name: &str,
    ours: &[(SparseTernary, SparseTernary); N],
    peers: &[(SparseVec, SparseVec); N],
) {
    let mut group = criterion.benchmark_group(name);
    group.bench_function("SparseTernary", |bencher| cycle(bencher, ours, |(a, b)| a.cosine(b).expect(SAME)));
    group.bench_function("peer SparseVec", |bencher| cycle(bencher, peers, |(a, b)| a.cosine(b)));
    group.bench_function("peer SparseVec, scalar", |bencher| {
        cycle(bencher, peers, |(a, b)| a.cosine_scalar(b));
    });
    group.finish();
}

/// Vectors in which two thirds of the entries are not zero.
fn dense(criterion: &mut Criterion, kernels: &str) {
    let mut random = Random::new(4);
    let pairs: [(Signs, Signs); CODES] = std::array::from_fn(|_| {
        let mut vector = || Signs::random(&mut random, DIMENSION, DIMENSION * 2 / 3);
        (vector(), vector())
    });
    let pack = |vector: &Signs| Planes::from(&vector.ours(DIMENSION));
    let ours: [(Planes, Planes); CODES] = std::array::from_fn(|at| (pack(&pairs[at].0), pack(&pairs[at].1)));
    let pack = |vector: &Signs| PackedTritVec::from_sparsevec(&vector.peer(), DIMENSION);
    let peers: [(PackedTritVec, PackedTritVec); CODES] =
        std::array::from_fn(|at| (pack(&pairs[at].0), pack(&pairs[at].1)));
    for ((pair, ours), peer) in pairs.iter().zip(&ours).zip(&peers) {
        assert!((f64::from(ours.0.cosine(&ours.1).expect(SAME)) - pair.0.cosine(&pair.1)).abs() < 1e-6);
        assert_eq!(peer.0.dot(&peer.1), pair.0.dot(&pair.1));
    }
    // Eight pairs of planes fit in the L1 cache, all of them only in the L2 cache.
    let mut group = criterion.benchmark_group("simd_cosine/dense");
    group.bench_function(format!("Planes cosine, {kernels}"), |bencher| {
        cycle(bencher, ours.first_chunk::<8>().expect("there are 64"), |(a, b)| a.cosine(b).expect(SAME));
    });
    if env::var_os(KERNELS).is_none() {
        group.bench_function("peer PackedTritVec dot", |bencher| {
            cycle(bencher, peers.first_chunk::<8>().expect("there are 64"), |(a, b)| a.dot(b));
        });
    }
    group.finish();
}
