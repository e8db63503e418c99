//! Throughput of wrapping and opening envelopes with each codec, and of the bare hash.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use embeddenator_io::{Compression, ContentHash, Envelope, Kind, Limits};

const KIND: Kind = Kind(1);
const BYTES: usize = 1 << 20;

/// 1 MiB of text with repeating words, so that a codec has something to compress.
fn content() -> Vec<u8> {
    const WORDS: [&str; 16] = [
        "bundle", "bind", "of", "the", "a", "record", "engram", "vector", "and", "chunk", "is", "stored",
        "verified", "page", "with", "sign",
    ];
    // A linear congruential generator (Knuth, MMIX), so the bytes are the same on every machine.
    let mut state = 1_u64;
    let mut text = Vec::with_capacity(BYTES + 16);
    while text.len() < BYTES {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.extend_from_slice(WORDS[(state >> 60) as usize].as_bytes());
        text.push(b' ');
        if (state >> 40).is_multiple_of(32) {
            text.extend_from_slice((state >> 32).to_string().as_bytes());
        }
    }
    text.truncate(BYTES);
    text
}

fn compressions() -> Vec<(String, Compression)> {
    let none = ("none".to_owned(), Compression::None);
    #[cfg(feature = "zstd")]
    let named = embeddenator_io::Profile::ALL.map(|profile| (profile.to_string(), profile.compression()));
    #[cfg(not(feature = "zstd"))]
    let named: [(String, Compression); 0] = [];
    [none].into_iter().chain(named).collect()
}

fn envelope(criterion: &mut Criterion) {
    let content = content();
    let limits = Limits::default();
    let mut group = criterion.benchmark_group("envelope");
    group.throughput(Throughput::Bytes(content.len() as u64)).sample_size(10);
    group.bench_function("hash", |bencher| bencher.iter(|| ContentHash::of(black_box(&content))));
    for (name, compression) in compressions() {
        let wrapped = Envelope::wrap(KIND, &content, compression).expect("wraps");
        assert_eq!(*Envelope::open(&wrapped, KIND, &limits).expect("opens"), *content);
        group.bench_function(format!("wrap/{name}"), |bencher| {
            bencher.iter(|| Envelope::wrap(KIND, black_box(&content), compression).expect("wraps").len());
        });
        group.bench_function(format!("open/{name}"), |bencher| {
            bencher.iter(|| Envelope::open(black_box(&wrapped), KIND, &limits).expect("opens").len());
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("small");
    let small = &content[..128];
    let wrapped = Envelope::wrap(KIND, small, Compression::None).expect("wraps");
    group.bench_function("wrap/none", |bencher| {
        bencher.iter(|| Envelope::wrap(KIND, black_box(small), Compression::None).expect("wraps").len());
    });
    group.bench_function("open/none", |bencher| {
        bencher.iter(|| Envelope::open(black_box(&wrapped), KIND, &limits).expect("opens").len());
    });
    group.finish();
}

criterion_group!(benches, envelope);
criterion_main!(benches);
