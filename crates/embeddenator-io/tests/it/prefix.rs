//! Contents that are encoded behind a prefix: small where they share with it, and nothing without it.

use embeddenator_io::{Codec, Decoder, Encoded, Encoder, Error, Profile, Result};

/// Bytes that no codec makes smaller.
fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..count).map(step).collect()
}

fn decode(codec: Codec, stored: &[u8], raw_length: usize, prefix: &[u8]) -> Result<Vec<u8>> {
    let encoded = Encoded { codec, stored, raw_length: raw_length as u64, what: "a content", offset: 0 };
    let mut raw = Vec::new();
    Decoder::default().decode_with_prefix(encoded, prefix, &mut raw)?;
    Ok(raw)
}

#[test]
fn content_like_its_prefix_is_small_and_comes_back() {
    for profile in Profile::ALL {
        let prefix = noise(1, 2 << 20);
        let mut raw = prefix.clone();
        raw[1_000_000..1_000_100].fill(7);
        let mut encoder = Encoder::new(profile.compression()).expect("makes an encoder");
        let (codec, stored) = encoder.encode_with_prefix(&raw, &prefix).expect("encodes");
        assert_eq!(codec, Codec::Zstd);
        assert!(stored.len() < raw.len() / 100, "{profile}: {} bytes", stored.len());
        assert_eq!(decode(codec, stored, raw.len(), &prefix).expect("decodes"), raw);
    }
}

#[test]
fn content_unlike_its_prefix_is_stored_as_it_is() {
    let (raw, prefix) = (noise(1, 5000), noise(2, 5000));
    let mut encoder = Encoder::new(Profile::Balanced.compression()).expect("makes an encoder");
    let (codec, stored) = encoder.encode_with_prefix(&raw, &prefix).expect("encodes");
    assert_eq!((codec, stored), (Codec::None, raw.as_slice()));
    assert_eq!(decode(codec, stored, raw.len(), &prefix).expect("decodes"), raw);
}

#[test]
fn content_without_its_prefix_is_refused_or_other_bytes() {
    let prefix = noise(1, 50_000);
    let raw = prefix[..40_000].to_vec();
    let mut encoder = Encoder::new(Profile::Balanced.compression()).expect("makes an encoder");
    let (codec, stored) = encoder.encode_with_prefix(&raw, &prefix).expect("encodes");
    for other in [vec![], noise(3, 50_000), prefix[..30_000].to_vec()] {
        match decode(codec, stored, raw.len(), &other) {
            Ok(decoded) => assert_ne!(decoded, raw),
            Err(error) => assert!(matches!(error, Error::Undecodable { .. }), "{error}"),
        }
    }
}
