//! Forged bytes with matching checksums: invalid values are refused, and nothing panics.

use embeddenator_vsa::wire::{self, Kind};
use embeddenator_vsa::{BlockCode, Codes, Counts, Error, Planes, SparseTernary};
use proptest::prelude::*;

use super::{DECODERS, Samples, seal};

/// The message with other bytes at a place and matching checksums.
fn with(message: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut changed = message.to_vec();
    changed[at..at + bytes.len()].copy_from_slice(bytes);
    seal(&mut changed);
    changed
}

proptest! {
    #[test]
    fn foreign_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for decode in DECODERS {
            prop_assert!(decode(&bytes).is_err());
        }
    }

    #[test]
    fn sealed_headers_never_panic(
        kind in 0_u16..8,
        numbers in [field(), field(), Just(0).boxed()],
        counts in [field(), field(), field()],
        payload in prop::collection::vec(any::<u8>(), 0..300))
    {
        let mut message = b"EMBEDVSA\x01\0".to_vec();
        message.extend(kind.to_le_bytes());
        message.extend(numbers.iter().flat_map(|number| (*number as u32).to_le_bytes()));
        message.extend(counts.iter().flat_map(|number| number.to_le_bytes()));
        message.extend([0; 16]);
        message.extend(payload);
        seal(&mut message);
        for decode in &DECODERS[..6] {
            // Random payloads of three hundred bytes are rarely a value; if they are, it has this
            // length.
            if decode(&message).is_ok() {
                prop_assert_eq!(wire::head(&message).unwrap().bytes, message.len() as u64);
            }
        }
    }

    #[test]
    fn sealed_changes_never_panic(
        which in 0_usize..5, at in any::<prop::sample::Index>(), to in any::<[u8; 4]>())
    {
        let (_, message, decode) = &Samples::new().messages()[which];
        let at = at.index(message.len() - 4);
        let changed = with(message, at, &to);
        // Some changes give another value, but none gives a message of another length.
        if decode(&changed).is_ok() {
            prop_assert_eq!(wire::head(&changed).unwrap().bytes, message.len() as u64);
        }
    }
}

/// Numbers at and around the limits of the fields.
fn field() -> BoxedStrategy<u64> {
    prop_oneof![
        0_u64..300,
        prop::sample::select(vec![1 << 24, (1 << 24) + 1, 1 << 32, 1 << 36, 1 << 61, 1 << 62, u64::MAX]),
        any::<u64>(),
    ]
    .boxed()
}

#[test]
fn newer_versions_and_other_kinds_are_told_apart_from_damage() {
    let samples = Samples::new();
    let message = wire::encode(&samples.code);
    let newer = with(&message, 8, &2_u16.to_le_bytes());
    assert_eq!(wire::head(&newer), Err(Error::MessageVersion { found: 2, supported: 1 }));
    let unknown = with(&message, 10, &6_u16.to_le_bytes());
    assert_eq!(wire::head(&unknown), Err(Error::Damaged { what: "kind" }));
    let kinds = [Kind::BlockCode, Kind::Codes, Kind::Counts, Kind::Planes, Kind::SparseTernary];
    for (found, (_, message, _)) in kinds.into_iter().zip(samples.messages()) {
        assert_eq!(wire::head(&message).unwrap().kind, found);
        let refused = |expected| (expected != found).then_some(Error::MessageKind { expected, found });
        assert_eq!(wire::decode::<BlockCode>(&message).err(), refused(Kind::BlockCode));
        assert_eq!(wire::decode::<Codes>(&message).err(), refused(Kind::Codes));
        assert_eq!(wire::view(&message).err(), refused(Kind::Codes));
        assert_eq!(wire::decode::<Counts>(&message).err(), refused(Kind::Counts));
        assert_eq!(wire::decode::<Planes>(&message).err(), refused(Kind::Planes));
        assert_eq!(wire::decode::<SparseTernary>(&message).err(), refused(Kind::SparseTernary));
    }
}

#[test]
fn fields_must_agree() {
    let messages = Samples::new().messages();
    let refused = |which: usize, at: usize, bytes: &[u8]| {
        let (_, message, decode) = &messages[which];
        decode(&with(message, at, bytes)).unwrap_err()
    };
    for which in 0..5 {
        assert_eq!(refused(which, 20, &[1]), Error::Damaged { what: "reserved field" });
        assert_eq!(refused(which, 40, &[0xee]), Error::Damaged { what: "payload length" });
    }
    for which in 0..3 {
        assert!(matches!(refused(which, 12, &[0, 0]), Error::Shape { blocks: 0, .. }));
        assert!(matches!(refused(which, 12, &[1, 0x10]), Error::Shape { blocks: 4097, .. }));
        assert!(matches!(refused(which, 16, &[129]), Error::Shape { positions: 129, .. }));
        assert_eq!(refused(which, 32, &[1]), Error::Damaged { what: "count" });
    }
    for which in 3..5 {
        assert!(matches!(refused(which, 12, &[0, 0, 0, 0]), Error::Dimension { dimension: 0 }));
        assert!(matches!(refused(which, 12, &[1, 0, 0, 1]), Error::Dimension { dimension: 0x0100_0001 }));
        assert_eq!(refused(which, 16, &[1]), Error::Damaged { what: "shape" });
    }
    for which in [0, 2, 3] {
        assert_eq!(refused(which, 24, &[77]), Error::Damaged { what: "count" });
    }
    for which in [1, 4] {
        assert_eq!(refused(which, 24, &[77]), Error::Damaged { what: "payload length" });
        assert_eq!(refused(which, 24, &[0xff; 8]), Error::Damaged { what: "count" });
    }
}

#[test]
fn invalid_payloads_are_refused() {
    let samples = Samples::new();
    let [code, codes, counts, planes, sparse] = samples.messages().map(|(_, message, _)| message);
    let position = |row, block| Error::Position { row, block, position: 100, positions: 100 };
    assert_eq!(wire::decode::<BlockCode>(&with(&code, 67, &[100])), Err(position(0, 3)));
    let other_row = with(&codes, 64 + 64 + 5, &[0xe4]);
    assert_eq!(wire::decode::<Codes>(&other_row), Err(position(1, 5)));
    assert_eq!(wire::view(&other_row), Err(position(1, 5)));
    let padding = with(&codes, 64 + 128 + 10, &[1]);
    assert_eq!(wire::view(&padding), Err(Error::Padding { row: 2 }));
    let least = with(&counts, 64 + 8, &i32::MIN.to_le_bytes());
    assert_eq!(wire::decode::<Counts>(&least), Err(Error::Full { limit: i64::from(i32::MAX) }));
    // Bit 100 of a vector of a hundred elements.
    let past = with(&planes, 64 + 12, &[0xff; 4]);
    assert_eq!(wire::decode::<Planes>(&past), Err(Error::Index { index: 100, dimension: 100 }));
    let zero = samples.planes.elements().position(|element| element == 0).unwrap();
    let sign = with(&planes, 64 + 16 + zero / 8, &[1 << (zero % 8)]);
    assert!(matches!(wire::decode::<Planes>(&sign), Err(Error::Index { dimension: 100, .. })));
    for (at, index) in [(64, 17_u32), (64 + 4, 0), (64 + 8, 1_000_000), (64 + 12, 999_999), (64 + 16, 17)] {
        let unordered = with(&sparse, at, &index.to_le_bytes());
        let found = wire::decode::<SparseTernary>(&unordered);
        assert!(matches!(found, Err(Error::Index { dimension: 1_000_000, .. })), "{at} {found:?}");
    }
}
