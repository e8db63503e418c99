//! The kernels of each instruction set that this machine has, on the shapes of the published numbers.

// The kernels are private to the crate, so the benchmark compiles their files itself. Their tests
// come along, but a benchmark does not run them.
#[path = "../src/arch/mod.rs"]
#[allow(dead_code, unused_imports, unreachable_pub)]
mod arch;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use arch::Isa;

const BLOCKS: usize = 128;
const POSITIONS: usize = 128;

/// Pseudo-random numbers, the same in each run.
fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    (1_u64..).map(move |index| {
        let mixed = (seed ^ index).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 32)
    })
}

fn bytes(seed: u64, count: usize) -> Vec<u8> {
    numbers(seed).flat_map(u64::to_le_bytes).take(count).collect()
}

/// The part of a buffer that starts at a cache line, as rows do in the crate's types.
fn aligned<T>(buffer: &[T]) -> &[T] {
    &buffer[buffer.as_ptr().align_offset(64)..]
}

/// A code at the start of a cache line, as in the crate's types.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Code([u8; BLOCKS]);

fn code(seed: u64) -> Code {
    let mut code = Code([0; BLOCKS]);
    code.0.copy_from_slice(&bytes(seed, BLOCKS));
    code
}

fn pairs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("code_128");
    let (a, b, mut out) = (code(1), code(2), Code([0; BLOCKS]));
    group.bench_function("dot/detected", |bencher| {
        bencher.iter(|| Isa::detect().dot(&black_box(&a).0, &black_box(&b).0));
    });
    group.bench_function("bind/detected", |bencher| {
        bencher
            .iter(|| Isa::detect().bind(128, &black_box(&a).0, &black_box(&b).0, &mut black_box(&mut out).0));
    });
    for isa in Isa::supported() {
        group.bench_function(BenchmarkId::new("dot", isa.name()), |bencher| {
            bencher.iter(|| isa.dot(&black_box(&a).0, &black_box(&b).0));
        });
        group.bench_function(BenchmarkId::new("bind", isa.name()), |bencher| {
            bencher.iter(|| isa.bind(128, &black_box(&a).0, &black_box(&b).0, &mut black_box(&mut out).0));
        });
        group.bench_function(BenchmarkId::new("unbind", isa.name()), |bencher| {
            bencher.iter(|| isa.unbind(128, &black_box(&a).0, &black_box(&b).0, &mut black_box(&mut out).0));
        });
    }
    group.finish();
}

fn rows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rows");
    let query = code(3);
    for count in [1_000, 20_000, 1_000_000] {
        let rows = bytes(4, count * BLOCKS + 64);
        let rows = &aligned(&rows)[..count * BLOCKS];
        let mut dots = vec![0; count];
        group.throughput(Throughput::Bytes(rows.len() as u64));
        for isa in Isa::supported() {
            group.bench_function(BenchmarkId::new(format!("dots_{count}"), isa.name()), |bencher| {
                bencher.iter(|| isa.dots(&black_box(&query).0, black_box(rows), black_box(&mut dots)));
            });
            group.bench_function(
                BenchmarkId::new(format!("positions_below_{count}"), isa.name()),
                |bencher| {
                    bencher.iter(|| assert!(isa.positions_below(128, black_box(rows))));
                },
            );
        }
    }
    group.finish();
}

fn counters(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("counters_128x128");
    let mut counters: Vec<i32> =
        numbers(5).map(|number| number as i32 % 100).take(BLOCKS * POSITIONS).collect();
    let codes: Vec<Code> = (100..1124).map(code).collect();
    let (mut out, mut nonzero, mut sign) =
        ([0; BLOCKS], [0; BLOCKS * POSITIONS / 64], [0; BLOCKS * POSITIONS / 64]);
    for isa in Isa::supported() {
        group.bench_function(BenchmarkId::new("add_code_same", isa.name()), |bencher| {
            bencher.iter(|| isa.add_code(black_box(&mut counters), POSITIONS, &black_box(&codes[0]).0, 1));
        });
        let mut next = codes.iter().cycle();
        group.bench_function(BenchmarkId::new("add_code_many", isa.name()), |bencher| {
            bencher.iter(|| {
                let code = next.next().expect("a cycle does not end");
                isa.add_code(black_box(&mut counters), POSITIONS, &black_box(code).0, 1);
            });
        });
        group.bench_function(BenchmarkId::new("counts_dot", isa.name()), |bencher| {
            bencher.iter(|| {
                let code = next.next().expect("a cycle does not end");
                isa.counts_dot(black_box(&counters), POSITIONS, &black_box(code).0)
            });
        });
        group.bench_function(BenchmarkId::new("thin", isa.name()), |bencher| {
            bencher.iter(|| isa.thin(black_box(&counters), POSITIONS, black_box(&mut out)));
        });
        group.bench_function(BenchmarkId::new("majority", isa.name()), |bencher| {
            bencher.iter(|| isa.majority(black_box(&counters), &mut nonzero, black_box(&mut sign)));
        });
    }
    group.finish();
}

fn planes(criterion: &mut Criterion) {
    const WORDS: usize = 157;
    let mut group = criterion.benchmark_group("planes_157");
    let planes: Vec<Vec<u64>> = (6..10).map(|seed| numbers(seed).take(WORDS).collect()).collect();
    let (a, b) = ((&*planes[0], &*planes[1]), (&*planes[2], &*planes[3]));
    let (mut nonzero, mut sign) = ([0; WORDS], [0; WORDS]);
    let rows: Vec<u64> = numbers(10).take(2 * WORDS * 1000).collect();
    let mut dots = vec![0; 1000];
    for isa in Isa::supported() {
        group.bench_function(BenchmarkId::new("dot", isa.name()), |bencher| {
            bencher.iter(|| isa.planes_dot(black_box(a), black_box(b)));
        });
        group.bench_function(BenchmarkId::new("dots_1000", isa.name()), |bencher| {
            bencher.iter(|| isa.planes_dots(black_box(a), black_box(&rows), WORDS, black_box(&mut dots)));
        });
        group.bench_function(BenchmarkId::new("hadamard", isa.name()), |bencher| {
            bencher.iter(|| {
                isa.planes_hadamard(black_box(a), black_box(b), (&mut nonzero, black_box(&mut sign)));
            });
        });
    }
    group.finish();
}

/// Scoring nodes of 64 items: one that stays in the cache, and 244 in turn that do not.
fn nodes(criterion: &mut Criterion) {
    const NODE: usize = BLOCKS * POSITIONS * 64;
    let mut group = criterion.benchmark_group("node_of_64");
    group.throughput(Throughput::Elements(64));
    let codes: Vec<Code> = (100..1123).map(code).collect();
    for count in [1, 244] {
        let bytes = numbers(11).flat_map(u64::to_le_bytes);
        let nodes: Vec<i8> = bytes.map(|byte| byte as i8).take(count * NODE + 64).collect();
        let nodes = aligned(&nodes);
        for isa in Isa::supported() {
            let (mut next, mut at) = (codes.iter().cycle(), (0..count).cycle());
            group.bench_function(BenchmarkId::new(format!("add_rows_of_{count}"), isa.name()), |bencher| {
                bencher.iter(|| {
                    let (code, at) = (next.next().expect("a cycle"), at.next().expect("a cycle"));
                    let mut totals = [0; 64];
                    isa.add_rows(
                        black_box(&nodes[at * NODE..][..NODE]),
                        &black_box(code).0,
                        POSITIONS,
                        &mut totals,
                    );
                    totals
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, pairs, rows, counters, planes, nodes);
criterion_main!(benches);
