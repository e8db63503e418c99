//! Signatures: unbiased estimates of the Jaccard similarity, with the noise that theory predicts.

use std::collections::BTreeSet;

use embeddenator_vsa::{BlockCode, Error, Random, Shape, ShingleEncoder, ShingleOptions};
use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

const SHAPES: [(usize, usize); 6] = [(8, 8), (10, 100), (100, 100), (128, 128), (512, 128), (73, 101)];

fn encoder(blocks: usize, positions: usize, seed: u64, shingle_bytes: usize) -> ShingleEncoder {
    let shape = Shape::new(blocks, positions).unwrap();
    ShingleEncoder::new(ShingleOptions { shape, seed, shingle_bytes }).unwrap()
}

fn bytes(length: usize, random: &mut Random) -> Vec<u8> {
    (0..length).map(|_| random.below(256) as u8).collect()
}

/// The document with about this share of its bytes changed, in runs.
fn edited(document: &[u8], percent: u64, random: &mut Random) -> Vec<u8> {
    let mut edited = document.to_vec();
    for run in edited.chunks_mut(50) {
        if random.below(100) < percent {
            run.fill_with(|| random.below(256) as u8);
        }
    }
    edited
}

/// The exact Jaccard similarity of the sets of shingles, of at most eight bytes each.
fn exact(left: &[u8], right: &[u8], shingle_bytes: usize) -> f64 {
    let number = |shingle: &[u8]| shingle.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte));
    let [left, right] = [left, right].map(|bytes| {
        let mut shingles: Vec<u64> = bytes.windows(shingle_bytes).map(number).collect();
        shingles.sort_unstable();
        shingles.dedup();
        shingles
    });
    let mut all = [left.as_slice(), &right].concat();
    all.sort_unstable();
    let common = all.windows(2).filter(|pair| pair[0] == pair[1]).count();
    common as f64 / (all.len() - common) as f64
}

/// For each shape, the mean and standard deviation of the estimates' errors over pairs of
/// documents, and the deviation that theory predicts.
fn errors(shapes: &[(usize, usize)], length: usize, percent: u64, pairs: u64) -> Vec<(f64, f64, f64)> {
    let mut sums = vec![(0.0, 0.0, 0.0); shapes.len()];
    for pair in 0..pairs {
        let mut random = Random::new(pair ^ (percent << 32));
        let seed = random.next_u64();
        let document = bytes(length, &mut random);
        let copy = edited(&document, percent, &mut random);
        let exact = exact(&document, &copy, 5);
        for ((sum, squares, theory), (blocks, positions)) in sums.iter_mut().zip(shapes) {
            let encoder = encoder(*blocks, *positions, seed, 5);
            let [left, right] = [&document, &copy].map(|bytes| encoder.encode(bytes));
            let error = f64::from(ShingleEncoder::jaccard(&left, &right).unwrap()) - exact;
            *sum += error;
            *squares += error * error;
            *theory += (1.0 - exact) * (exact + 1.0 / *positions as f64) / *blocks as f64;
        }
    }
    let pairs = pairs as f64;
    let means = sums
        .into_iter()
        .map(|(sum, squares, theory)| (sum / pairs, f64::sqrt(squares / pairs), f64::sqrt(theory / pairs)));
    means.collect()
}

#[test]
fn estimate_is_unbiased_with_the_noise_of_theory() {
    for percent in [0, 10, 40, 70, 100] {
        for (shape, (mean, deviation, theory)) in SHAPES.iter().zip(errors(&SHAPES, 4000, percent, 300)) {
            let context = format!("{shape:?}, {percent}%: {mean} {deviation} {theory}");
            assert!(mean.abs() <= 4.0 * theory / 300.0_f64.sqrt(), "{context}");
            // 300 squares give a deviation to about 4%; disjoint blocks make it slightly smaller.
            assert!((0.8 * theory..=1.2 * theory).contains(&deviation), "{context}");
        }
    }
}

#[test]
fn estimate_is_unbiased_where_most_blocks_are_empty() {
    let shapes = [(128, 128), (512, 128), (73, 101)];
    for percent in [0, 30, 100] {
        for (shape, (mean, deviation, theory)) in shapes.iter().zip(errors(&shapes, 60, percent, 1000)) {
            // Few shingles fill all blocks, so blocks agree together: the noise is that of the
            // shingles.
            let noise = deviation.max(theory) / 1000.0_f64.sqrt();
            assert!(mean.abs() <= 4.0 * noise, "{shape:?}, {percent}%: {mean} {deviation} {theory}");
        }
    }
}

#[test]
fn edited_copies_are_told_from_a_million_unrelated_pairs() {
    let encoder = ShingleEncoder::default();
    let mut random = Random::new(5);
    // Words of a small vocabulary, so that unrelated documents share shingles.
    let words: Vec<Vec<u8>> = (0..400).map(|_| bytes(2 + random.below(8) as usize, &mut random)).collect();
    let line = |random: &mut Random| {
        let words = (0..6).map(|_| words[random.below(400) as usize].as_slice());
        [words.collect::<Vec<_>>().join(&b' '), vec![b'\n']].concat()
    };
    let documents: Vec<Vec<Vec<u8>>> =
        (0..1420).map(|_| (0..150).map(|_| line(&mut random)).collect()).collect();
    let codes = encoder.encode_all(&documents.iter().map(|lines| lines.concat()).collect::<Vec<_>>());
    let mut unrelated = Vec::new();
    for (index, code) in codes.iter().enumerate() {
        unrelated.extend_from_slice(&codes.dots(code).unwrap()[..index]);
    }
    assert!(unrelated.len() >= 1_000_000, "{}", unrelated.len());
    unrelated.sort_unstable();
    let threshold = unrelated[unrelated.len() - unrelated.len() / 10_000] + 1;
    let mut found = 0;
    for (lines, code) in documents.iter().zip(&codes).take(500) {
        let copy: Vec<Vec<u8>> = lines
            .iter()
            .map(|kept| if random.below(100) < 40 { line(&mut random) } else { kept.clone() })
            .collect();
        found += usize::from(encoder.encode(&copy.concat()).dot(code).unwrap() >= threshold);
    }
    assert!(found >= 485, "{found} of 500 at {threshold}");
}

proptest! {
    #[test]
    fn parts_split_anywhere_give_the_same_signature(
        document in prop::collection::vec(any::<u8>(), 0..200),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        shingle_bytes in 1_usize..40)
    {
        let encoder = encoder(16, 128, 3, shingle_bytes);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(document.len() + 1)).collect();
        cuts.extend([0, document.len()]);
        cuts.sort_unstable();
        let mut sketch = encoder.sketch();
        for cut in cuts.windows(2) {
            sketch.push(&document[cut[0]..cut[1]]);
            // Reading the code in between changes nothing.
            sketch.code();
        }
        prop_assert_eq!(sketch.code(), encoder.encode(&document));
    }

    #[test]
    fn bytes_are_the_set_of_their_shingles(
        document in prop::collection::vec(0_u8..3, 0..60), shingle_bytes in 1_usize..12)
    {
        let encoder = encoder(16, 128, 3, shingle_bytes);
        let set: BTreeSet<&[u8]> = if document.len() < shingle_bytes {
            [&document[..]].into()
        } else {
            document.windows(shingle_bytes).collect()
        };
        prop_assert_eq!(encoder.encode(&document), encoder.encode_set(set));
    }

    #[test]
    fn merged_sketches_equal_the_sketch_of_the_union(
        left in prop::collection::vec(any::<u8>(), 0..60), right in prop::collection::vec(any::<u8>(), 0..60))
    {
        let encoder = encoder(16, 128, 3, 8);
        let sketch = |document: &[u8]| {
            let mut sketch = encoder.sketch();
            sketch.push(document);
            sketch
        };
        let shingles = |document: &[u8]| -> Vec<Vec<u8>> {
            match document.len() {
                0 => Vec::new(),
                1..8 => vec![document.to_vec()],
                _ => document.windows(8).map(<[u8]>::to_vec).collect(),
            }
        };
        let union = [shingles(&left), shingles(&right)].concat();
        let mut merged = sketch(&left);
        merged.merge(&sketch(&right)).unwrap();
        prop_assert_eq!(&merged.code(), &encoder.encode_set(&union));
        let mut other = sketch(&right);
        other.merge(&sketch(&left)).unwrap();
        prop_assert_eq!(other.code(), merged.code());
    }
}

#[test]
fn nothing_and_short_inputs_have_signatures_of_their_own() {
    let encoder = ShingleEncoder::default();
    let nothing = encoder.encode(b"");
    assert_eq!(nothing, encoder.encode_set::<&[u8]>([]));
    assert_eq!(nothing, encoder.sketch().code());
    let inputs = [&b""[..], b"a", b"aa", b"b", b"\0", b"\0\0", b"shorter"];
    let codes: Vec<BlockCode> = inputs.iter().map(|input| encoder.encode(input)).collect();
    for (index, code) in codes.iter().enumerate() {
        for other in &codes[..index] {
            assert!(ShingleEncoder::jaccard(code, other).unwrap().abs() < 0.2);
        }
        assert_eq!(code, &encoder.encode(inputs[index]));
    }
    let mut only_first = encoder.sketch();
    only_first.push(b"something of some length");
    only_first.merge(&encoder.sketch()).unwrap();
    assert_eq!(only_first.code(), encoder.encode(b"something of some length"));
}

#[test]
fn smallest_set_fills_the_largest_shape() {
    for (blocks, positions) in [(4096, 128), (4096, 1), (1, 128), (1, 1)] {
        let encoder = encoder(blocks, positions, 9, 4);
        let code = encoder.encode(b"one");
        // One element, so one byte everywhere.
        assert!(code.as_bytes().iter().all(|byte| *byte == code.as_bytes()[0]));
        assert_eq!(code.dot(&encoder.encode(b"one")), Ok(blocks as i32));
    }
}

#[test]
fn seeds_and_lengths_have_nothing_in_common() {
    let document = bytes(5000, &mut Random::new(1));
    let codes = [(0, 8), (1, 8), (0, 9), (u64::MAX, 8)]
        .map(|(seed, shingle_bytes)| encoder(512, 128, seed, shingle_bytes).encode(&document));
    for (index, code) in codes.iter().enumerate() {
        for other in &codes[..index] {
            assert!(code.cosine(other).unwrap().abs() < 0.03);
        }
    }
}

#[test]
fn options_out_of_range_and_mismatched_sketches_are_refused() {
    for shingle_bytes in [0, 257, usize::MAX] {
        let refused = Error::EncoderOption {
            option: "shingle_bytes",
            value: shingle_bytes as u64,
            least: 1,
            most: 256,
        };
        let options = ShingleOptions { shingle_bytes, ..ShingleOptions::default() };
        assert_eq!(ShingleEncoder::new(options), Err(refused));
    }
    let mut sketch = encoder(8, 8, 0, 8).sketch();
    sketch.push(b"some document");
    let before = sketch.code();
    let mismatch = Error::ShapeMismatch { left: Shape::new(8, 8).unwrap(), right: Shape::new(8, 9).unwrap() };
    assert_eq!(sketch.merge(&encoder(8, 9, 0, 8).sketch()), Err(mismatch));
    assert_eq!(sketch.merge(&encoder(8, 8, 1, 8).sketch()), Err(Error::OptionsMismatch));
    assert_eq!(sketch.merge(&encoder(8, 8, 0, 9).sketch()), Err(Error::OptionsMismatch));
    assert_eq!(sketch.code(), before);
}

/// Blocks, positions, shingle length, and the digest of the signatures of 20 inputs of other lengths.
const DIGESTS: [(usize, usize, usize, u64); 6] = [
    (8, 8, 1, 0xee33_d9bc_075b_1820),
    (10, 100, 4, 0x2d3a_c6c4_1949_920a),
    (100, 100, 8, 0xb876_edfd_4d21_5567),
    (128, 128, 12, 0x99cd_0215_29ff_50f1),
    (512, 128, 32, 0x471a_ca65_61e4_1c07),
    (73, 101, 256, 0x6da5_391e_3ca2_a739),
];

#[test]
fn same_bytes_give_the_same_signature_forever() {
    let found = DIGESTS.map(|(blocks, positions, shingle_bytes, _)| {
        let encoder = encoder(blocks, positions, 77, shingle_bytes);
        let mut random = Random::new(2);
        let inputs: Vec<_> = (0..20).map(|input| bytes(input * input * 3, &mut random)).collect();
        let codes = encoder.encode_all(&inputs);
        let digest = xxh3_64(&codes.iter().flat_map(|code| code.as_bytes().to_vec()).collect::<Vec<_>>());
        (blocks, positions, shingle_bytes, digest)
    });
    assert_eq!(found, DIGESTS, "{found:#x?}");
}
