//! Encoded values decode to themselves, and each has only one encoding.

use embeddenator_vsa::wire::{self, Kind};
use embeddenator_vsa::{BlockCode, Codes, Counts, Planes, SparseTernary};
use proptest::prelude::*;

use crate::laws::{codes, sparse, table, ternary};

proptest! {
    #[test]
    fn codes_tables_and_bundles_round_trip((shape, codes) in codes(6), start in 0_usize..70) {
        let table = table(shape, &codes);
        let mut counts = Counts::new(shape);
        counts.add_all(&table).unwrap();
        prop_assert_eq!(&wire::decode::<Counts>(&wire::encode(&counts)).unwrap(), &counts);
        for code in &codes {
            let message = wire::encode(code);
            prop_assert_eq!(&wire::decode::<BlockCode>(&message).unwrap(), code);
            prop_assert_eq!(message.len(), 64 + shape.blocks());
        }
        // At any alignment.
        let mut bytes = vec![0xff; start];
        wire::encode_into(&table, &mut bytes);
        let message = &bytes[start..];
        prop_assert_eq!(message, &wire::encode(&table));
        prop_assert_eq!(&wire::decode::<Codes>(message).unwrap(), &table);
        let view = wire::view(message).unwrap();
        prop_assert_eq!(view, table.view());
        prop_assert_eq!(view.as_rows().as_ptr(), message[64..].as_ptr());
        prop_assert_eq!([&wire::header_of(table.view())[..], table.as_rows()].concat(), message);
        prop_assert_eq!(wire::encode(&wire::decode::<Codes>(message).unwrap()), message);
    }

    #[test]
    fn vectors_of_any_dimension_round_trip(elements in ternary()) {
        let sparse = sparse(&elements);
        let planes = Planes::from(&sparse);
        prop_assert_eq!(&wire::decode::<SparseTernary>(&wire::encode(&sparse)).unwrap(), &sparse);
        prop_assert_eq!(&wire::decode::<Planes>(&wire::encode(&planes)).unwrap(), &planes);
    }

    #[test]
    fn head_describes_what_follows((shape, codes) in codes(6)) {
        let mut stream = wire::encode(&table(shape, &codes));
        let bytes = stream.len() as u64;
        stream.extend(wire::encode(&Counts::new(shape)));
        let head = wire::head(&stream).unwrap();
        prop_assert_eq!((head.kind, head.shape, head.bytes), (Kind::Codes, Some(shape), bytes));
        prop_assert_eq!(head.dimension, shape.dimension());
        let next = wire::head(&stream[head.bytes as usize..][..64]).unwrap();
        prop_assert_eq!((next.kind, next.bytes), (Kind::Counts, stream.len() as u64 - bytes));
    }
}
