//! The promises of the bytes encoder.

use embeddenator_vsa::limits::{DIMENSION_MAX, FEATURE_POSITIONS_MAX, GRAM_BYTES_MAX};
use embeddenator_vsa::{BytesEncoder, BytesOptions, Error, Planes, Random};

use super::text::digest;

#[test]
fn golden_codes_are_as_recorded() {
    let encode = |bytes: &[u8]| digest(&BytesEncoder::default().encode(bytes));
    assert_eq!(encode(b"\0"), 0x30ba_31ef_4137_4098);
    assert_eq!(encode(b"some bytes, and some more"), 0x35fd_255a_b8f0_96f9);
    assert_eq!(encode(&random_bytes(1, 100_000)), 0x14a4_431d_12e4_7a3f);
    let other = BytesOptions { dimension: 10_000, seed: 7, gram_bytes: 3, gram_positions: 5 };
    assert_eq!(
        digest(&BytesEncoder::new(other).unwrap().encode(b"some bytes, and some more")),
        0xf46a_f16d_bf77_6880
    );
}

#[test]
fn bytes_have_one_code_however_they_are_split() {
    for gram_bytes in 1..=GRAM_BYTES_MAX {
        let encoder = BytesEncoder::new(BytesOptions { gram_bytes, ..Default::default() }).unwrap();
        let items: Vec<Vec<u8>> = (0..40).map(|length| random_bytes(2, length)).collect();
        let codes: Vec<Planes> = items.iter().map(|bytes| encoder.encode(bytes)).collect();
        assert_eq!(encoder.encode_all(&items), codes);
        let mut stream = encoder.stream();
        for (bytes, code) in items.iter().zip(&codes) {
            for cut in 0..=bytes.len() {
                stream.push(&bytes[..cut]);
                stream.push(&bytes[cut..]);
                assert_eq!(&stream.finish(), code, "{gram_bytes} bytes, cut at {cut} of {}", bytes.len());
            }
        }
    }
}

#[test]
fn only_no_bytes_are_zero() {
    let encoder = BytesEncoder::default();
    let zero = encoder.encode(b"");
    assert_eq!(zero, Planes::zero(encoder.options().dimension).unwrap());
    let short: Vec<Planes> = (1..8).map(|length| encoder.encode(&vec![0; length])).collect();
    for (index, code) in short.iter().enumerate() {
        assert_eq!(code.nonzero_count(), 1, "{} bytes", index + 1);
        assert!(zero.cosine(code).unwrap().abs() < f32::EPSILON);
    }
    // One, two and more zero bytes are not the same.
    assert!(short[0].cosine(&short[1]).unwrap() < 0.5);
    assert!(short[4].cosine(&short[5]).unwrap() < 0.5);
}

#[test]
fn edited_and_moved_bytes_stay_near() {
    let encoder = BytesEncoder::default();
    let bytes = random_bytes(3, 20_000);
    let code = encoder.encode(&bytes);
    let cosine = |other: &[u8]| code.cosine(&encoder.encode(other)).unwrap();
    let mut moved = bytes.clone();
    moved.rotate_left(7777);
    assert!(cosine(&moved) > 0.99);
    let inserted = [&bytes[..9000], b"inserted", &bytes[9000..]].concat();
    assert!(cosine(&inserted) > 0.99);
    let mut edited = bytes.clone();
    edited.chunks_mut(100).for_each(|chunk| chunk[50] ^= 0xff);
    let near = cosine(&edited);
    assert!((0.8..0.99).contains(&near), "{near}");
    assert!(cosine(&bytes[..10_000]) > 0.5);
    assert!(cosine(&random_bytes(4, 20_000)).abs() < 0.05);
}

#[test]
fn long_runs_of_one_byte_stay_one_feature() {
    let encoder = BytesEncoder::default();
    assert_eq!(encoder.encode(&vec![0xff; 1 << 20]).nonzero_count(), 1);
    // Nor do they drown the rest, since they take one position.
    let bytes = random_bytes(5, 4000);
    let padded = [&bytes[..], &vec![0; 1 << 20]].concat();
    assert!(encoder.encode(&bytes).cosine(&encoder.encode(&padded)).unwrap() > 0.99);
}

#[test]
fn seeds_make_codes_that_have_nothing_in_common() {
    let bytes = random_bytes(6, 5000);
    let encode =
        |seed| BytesEncoder::new(BytesOptions { seed, ..Default::default() }).unwrap().encode(&bytes);
    assert!(encode(0).cosine(&encode(1)).unwrap().abs() < 0.05);
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    let refused = |options| BytesEncoder::new(options).unwrap_err();
    let base = BytesOptions::default();
    for dimension in [0, DIMENSION_MAX + 1] {
        assert_eq!(refused(BytesOptions { dimension, ..base }), Error::Dimension { dimension });
    }
    let cases = [
        ("gram_bytes", BytesOptions { gram_bytes: 0, ..base }),
        ("gram_bytes", BytesOptions { gram_bytes: GRAM_BYTES_MAX + 1, ..base }),
        ("gram_positions", BytesOptions { gram_positions: 0, ..base }),
        ("gram_positions", BytesOptions { gram_positions: FEATURE_POSITIONS_MAX + 1, ..base }),
    ];
    for (field, options) in cases {
        let error = refused(options);
        assert!(matches!(&error, Error::EncoderOption { option, .. } if *option == field), "{error}");
    }
}

fn random_bytes(seed: u64, count: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    (0..count).map(|_| random.next_u64() as u8).collect()
}
