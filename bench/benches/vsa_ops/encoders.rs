//! The encoders of texts and bytes, in megabytes per second.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use embeddenator_vsa::{BytesEncoder, Planes, Random, ShingleEncoder, TextEncoder};
use peer_vsa::{ReversibleVSAConfig, SparseVec};

/// The distinct words in the texts, besides the function words.
const WORDS: u64 = 5000;
/// The words that hold English sentences together. About 4 of 10 words in a text are among them.
const FUNCTION_WORDS: [&str; 20] = [
    "the", "of", "and", "to", "a", "in", "is", "that", "it", "was", "for", "on", "with", "as", "he", "be",
    "at", "by", "this", "had",
];
/// A message and a page.
const TEXT_BYTES: [usize; 2] = [500, 5000];
const TEXTS_BYTES: usize = 200_000;
const BYTES: usize = 4096;

/// The rows of the encoders.
pub(crate) fn measure(criterion: &mut Criterion, random: &mut Random) {
    for bytes in TEXT_BYTES {
        texts(criterion, bytes, random);
    }
    bytes(criterion, random);
}

fn texts(criterion: &mut Criterion, bytes: usize, random: &mut Random) {
    let vocabulary: Vec<String> = (0..WORDS).map(|_| word(random)).collect();
    let texts: Vec<String> = (0..TEXTS_BYTES / bytes).map(|_| text(&vocabulary, bytes, random)).collect();
    let encoder = TextEncoder::default();
    let codes = encoder.encode_all(&texts);
    for (text, code) in texts.iter().zip(&codes) {
        let mut words: Vec<&str> = text.split(' ').collect();
        words.reverse();
        assert_eq!(encoder.encode(&words.join(" ")), *code, "the order of words is of no matter");
        assert!(code.nonzero_count() > 0);
    }
    let mut group = criterion.benchmark_group("vsa_ops/encode text");
    group.throughput(Throughput::Bytes(texts.iter().map(|text| text.len() as u64).sum()));
    group.bench_function(format!("TextEncoder, {bytes} bytes"), |bencher| {
        bencher.iter(|| encoder.encode_all(black_box(&texts)));
    });
    group.finish();
}

/// Three to ten letters; earlier letters are more frequent.
fn word(random: &mut Random) -> String {
    let letters = 3 + random.below(8);
    let letter =
        |random: &mut Random| b"etaoinshrdlcumwfgypbvk"[(random.below(22) * random.below(22) / 22) as usize];
    (0..letters).map(|_| char::from(letter(random))).collect()
}

/// Words with a frequency that falls with their rank, up to this many bytes.
fn text(vocabulary: &[String], bytes: usize, random: &mut Random) -> String {
    let mut text = String::new();
    while text.len() < bytes {
        if !text.is_empty() {
            text.push(' ');
        }
        if random.below(10) < 4 {
            text.push_str(FUNCTION_WORDS[random.below(FUNCTION_WORDS.len() as u64) as usize]);
        } else {
            let rank = random.unit() * random.unit();
            text.push_str(&vocabulary[(rank * vocabulary.len() as f64) as usize]);
        }
    }
    text
}

/// Arbitrary bytes as a dense vector and as a signature, compared with the peer's encoding of
/// bytes.
fn bytes(criterion: &mut Criterion, random: &mut Random) {
    let bytes: Vec<u8> = (0..BYTES).map(|_| random.next_u64() as u8).collect();
    let encoder = BytesEncoder::default();
    let code: Planes = encoder.encode(&bytes);
    let mut stream = encoder.stream();
    bytes.chunks(100).for_each(|part| stream.push(part));
    assert_eq!(stream.finish(), code, "a stream of parts gives the same code");
    let shingles = ShingleEncoder::default();
    let (signature, edited) = (shingles.encode(&bytes), shingles.encode(&bytes[BYTES / 2..]));
    let jaccard = ShingleEncoder::jaccard(&signature, &edited).expect("both have one shape");
    assert!((jaccard - 0.5).abs() < 0.2, "half of the shingles are common, not {jaccard}");
    let config = ReversibleVSAConfig::default();
    let peer = || SparseVec::encode_data(black_box(&bytes), &config, None);
    assert_eq!(peer().pos, peer().pos);
    assert!(!peer().pos.is_empty());
    let mut group = criterion.benchmark_group("vsa_ops/encode 4096 bytes");
    group.throughput(Throughput::Bytes(BYTES as u64));
    group.bench_function("BytesEncoder", |bencher| bencher.iter(|| encoder.encode(black_box(&bytes))));
    group.bench_function("ShingleEncoder", |bencher| bencher.iter(|| shingles.encode(black_box(&bytes))));
    group.bench_function("peer SparseVec", |bencher| bencher.iter(peer));
    group.finish();
}
