//! Envelopes: round trips, damage and headers.

use std::borrow::Cow;

use embeddenator_io::{
    Codec, Compression, ContentHash, ENVELOPE_HEADER_BYTES, Envelope, Error, Kind, Limits, Profile,
};
use proptest::prelude::*;

use crate::damage::refuses_all;

pub(crate) const KIND: Kind = Kind(0x1234);

/// A content that zstd can compress.
pub(crate) fn repetitive(bytes: usize) -> Vec<u8> {
    b"all work and no play ".iter().copied().cycle().take(bytes).collect()
}

#[test]
fn damaged_envelope_is_refused() {
    let limits = Limits { content_bytes_max: 4096, ..Limits::default() };
    for content in [vec![], vec![7], repetitive(300)] {
        let mut compressions = vec![Compression::None];
        if cfg!(feature = "zstd") {
            compressions.push(Profile::Fast.compression());
        }
        for compression in compressions {
            let bytes = Envelope::wrap(KIND, &content, compression).expect("wraps");
            refuses_all(&bytes, 4096, |bytes| Envelope::open(bytes, KIND, &limits).map(Cow::into_owned));
        }
    }
}

#[test]
fn header_says_what_was_wrapped() {
    let content = repetitive(1000);
    let bytes = Envelope::wrap(KIND, &content, Compression::None).expect("wraps");
    let envelope = Envelope::read(&bytes, KIND, &Limits::default()).expect("reads");
    let header = *envelope.header();
    assert_eq!((header.kind, header.codec), (KIND, Codec::None));
    assert_eq!((header.raw_length, header.stored_length), (1000, 1000));
    assert_eq!(header.content_hash, ContentHash::of(&content));
    assert_eq!(header.content_hash.to_string().len(), 32);
    let opened = envelope.content().expect("opens");
    assert!(matches!(opened, Cow::Borrowed(_)), "an uncompressed content is not copied");
}

#[cfg(feature = "zstd")]
#[test]
fn compressed_envelope_names_the_same_content() {
    let content = repetitive(100_000);
    let plain = Envelope::wrap(KIND, &content, Compression::None).expect("wraps");
    for profile in Profile::ALL {
        let small = Envelope::wrap(KIND, &content, profile.compression()).expect("wraps");
        assert!(small.len() < content.len() / 50, "{profile} makes {} bytes", small.len());
        let header = |bytes| *Envelope::read(bytes, KIND, &Limits::default()).expect("reads").header();
        assert_eq!(header(&small).content_hash, header(&plain).content_hash);
        assert_eq!(header(&small).codec, Codec::Zstd);
        assert_eq!(*Envelope::open(&small, KIND, &Limits::default()).expect("opens"), *content);
    }
}

#[cfg(feature = "zstd")]
#[test]
fn content_that_does_not_shrink_is_stored_as_it_is() {
    let mut random = [0; 10_000];
    blake3::Hasher::new().finalize_xof().fill(&mut random);
    for content in [&[][..], &[1], &random] {
        let bytes = Envelope::wrap(KIND, content, Profile::Max.compression()).expect("wraps");
        assert_eq!(bytes.len(), ENVELOPE_HEADER_BYTES + content.len());
        let envelope = Envelope::read(&bytes, KIND, &Limits::default()).expect("reads");
        assert_eq!(envelope.header().codec, Codec::None);
    }
}

#[test]
fn limit_holds_for_the_content_to_the_byte() {
    let bytes = Envelope::wrap(KIND, &[5; 100], Compression::None).expect("wraps");
    let limits = |content_bytes_max| Limits { content_bytes_max, ..Limits::default() };
    assert!(Envelope::open(&bytes, KIND, &limits(100)).is_ok());
    let error = Envelope::open(&bytes, KIND, &limits(99)).expect_err("it is longer");
    assert!(matches!(error, Error::LimitExceeded { value: 100, limit: 99, .. }), "{error}");
}

#[test]
fn other_kind_is_refused() {
    let bytes = Envelope::wrap(KIND, b"content", Compression::None).expect("wraps");
    let error = Envelope::open(&bytes, Kind(9), &Limits::default()).expect_err("another kind");
    assert!(matches!(error, Error::WrongKind { expected: 9, found: 0x1234, .. }), "{error}");
}

#[cfg(not(feature = "zstd"))]
#[test]
fn codec_that_is_not_built_is_named() {
    let limits = Limits::default();
    let error = Envelope::wrap(KIND, b"content", Profile::Fast.compression()).expect_err("not built");
    assert!(matches!(error, Error::CodecNotBuilt { codec: Codec::Zstd }), "{error}");
    let golden = include_bytes!("../golden/envelope-zstd.bin");
    let error = Envelope::open(golden, Kind(2), &limits).expect_err("not built");
    assert!(matches!(error, Error::CodecNotBuilt { codec: Codec::Zstd }), "{error}");
}

proptest! {
    #[test]
    fn any_content_comes_back(kind: u16, content: Vec<u8>, repeats in 1_usize..40, codec in 0..3, after: Vec<u8>) {
        let kind = Kind(kind);
        let content = content.repeat(repeats);
        let compression = match codec {
            1 if cfg!(feature = "zstd") => Profile::Fast.compression(),
            2 if cfg!(feature = "zstd") => Profile::Max.compression(),
            _ => Compression::None,
        };
        let mut bytes = Envelope::wrap(kind, &content, compression).expect("wraps");
        prop_assert!(bytes.len() <= ENVELOPE_HEADER_BYTES + content.len());
        prop_assert_eq!(&*Envelope::open(&bytes, kind, &Limits::default()).expect("opens"), &*content);
        bytes.extend_from_slice(&after);
        let (envelope, rest) = Envelope::read_prefix(&bytes, kind, &Limits::default()).expect("reads");
        prop_assert_eq!(&*envelope.content().expect("opens"), &*content);
        prop_assert_eq!(rest, &*after);
    }

    #[test]
    fn foreign_bytes_never_panic(bytes: Vec<u8>) {
        prop_assert!(Envelope::open(&bytes, KIND, &Limits::default()).is_err());
    }
}
