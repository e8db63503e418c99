//! The time of a query, a passage and the largest record: `cargo bench -p pulsedb-model`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pulsedb_model::Model;

const WORDS_12: &str = "why does the connection pool run dry when many workers start together";
const WORDS_60: &str = "The deployment failed twice because the health check ran before the database had applied its \
    migrations. We moved the check behind a readiness probe, raised the timeout to ninety seconds and added a \
    retry with exponential backoff. Since then every rollout has finished in under four minutes, and nobody has \
    been paged at night for this service or its neighbours.";
const LARGE_BYTES: usize = 100 * 1024;

fn embed(criterion: &mut Criterion) {
    let model = Model::bundled();
    let large = WORDS_60.repeat(LARGE_BYTES / WORDS_60.len());
    assert_eq!(WORDS_12.split(' ').count(), 12);
    assert_eq!(WORDS_60.split(' ').count(), 60);
    // The most pieces that a text of its size can have, each looked for at every length.
    let pieces = format!("{} ", "q".repeat(100)).repeat(LARGE_BYTES / 101);
    let texts = [
        ("12 words", WORDS_12),
        ("60 words", WORDS_60),
        ("100 KB", large.as_str()),
        ("100 KB of one-letter pieces", pieces.as_str()),
    ];
    for (name, text) in texts {
        let (tokens, embedding) = (model.tokenize(text), model.embed(text));
        assert!(tokens.len() >= text.split_whitespace().count() && embedding.len() == model.dimension());
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("tokenize", |bencher| {
            bencher.iter(|| assert_eq!(model.tokenize(black_box(text)).len(), tokens.len()));
        });
        group.bench_function("embed", |bencher| {
            bencher.iter(|| assert_eq!(model.embed(black_box(text)).first(), embedding.first()));
        });
        group.finish();
    }
}

criterion_group!(benches, embed);
criterion_main!(benches);
