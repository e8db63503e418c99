//! Conversions between the representations: exact both ways, or refused.

use embeddenator_vsa::{BlockCode, Counts, Error, Planes, Shape, SparseTernary};
use proptest::prelude::*;

use super::bundle::bundle;
use super::dense::{dense, dot};
use super::{codes, sparse, ternary, three};

fn narrow(code: &BlockCode) -> Vec<i32> {
    dense(code).into_iter().map(|element| element as i32).collect()
}

proptest! {
    #[test]
    fn codes_convert_exactly_both_ways([a, b, _] in three()) {
        let shape = a.shape();
        let (counts, sparse_a, planes) = (Counts::from(&a), SparseTernary::from(&a), Planes::from(&a));
        prop_assert_eq!(counts.as_counters(), narrow(&a));
        prop_assert_eq!(&sparse_a, &sparse(&narrow(&a)));
        prop_assert_eq!(planes.elements().collect::<Vec<_>>(), narrow(&a));
        prop_assert_eq!(&BlockCode::try_from(&counts).unwrap(), &a);
        prop_assert_eq!(&BlockCode::try_from((shape, &sparse_a)).unwrap(), &a);
        prop_assert_eq!(&BlockCode::try_from((shape, &planes)).unwrap(), &a);
        let expected = dot(&dense(&a), &dense(&b));
        prop_assert_eq!(sparse_a.dot(&SparseTernary::from(&b)).unwrap(), expected);
        prop_assert_eq!(planes.dot(&Planes::from(&b)).unwrap(), expected);
    }

    #[test]
    fn planes_and_sparse_vectors_convert_exactly(elements in ternary()) {
        let sparse = sparse(&elements);
        let planes = Planes::from_signs(&elements).unwrap();
        prop_assert_eq!(&Planes::from(&sparse), &planes);
        prop_assert_eq!(&SparseTernary::from(&planes), &sparse);
        prop_assert_eq!(planes.nonzero_count(), sparse.nonzero_count());
    }

    #[test]
    fn vectors_with_other_than_one_element_a_block_are_refused((shape, codes) in codes(3)) {
        let counts = bundle(shape, &codes);
        let elements: Vec<_> = counts.as_counters().iter().map(|counter| counter.signum()).collect();
        let blocks = elements.chunks_exact(shape.positions());
        let nonzero: Vec<_> = blocks.map(|block| block.iter().filter(|e| **e != 0).count()).collect();
        let converted = BlockCode::try_from((shape, &sparse(&elements)));
        if let Some(block) = nonzero.iter().position(|count| *count != 1) {
            let refused = Err(Error::NotBlockCode { block, nonzero: nonzero[block] });
            prop_assert_eq!(&converted, &refused);
            prop_assert_eq!(BlockCode::try_from((shape, &counts.majority())), refused);
            prop_assert!(BlockCode::try_from(&counts).is_err());
        } else {
            prop_assert_eq!(narrow(&converted.unwrap()), elements);
        }
    }
}

#[test]
fn other_dimensions_are_refused() {
    let vector = SparseTernary::new(63, vec![1], vec![]).unwrap();
    let refused = Err(Error::DimensionMismatch { left: 64, right: 63 });
    let shape = Shape::new(8, 8).unwrap();
    assert_eq!(BlockCode::try_from((shape, &vector)), refused);
    assert_eq!(BlockCode::try_from((shape, &Planes::from(&vector))), refused);
}

#[test]
fn bundle_of_a_code_twice_is_not_a_code() {
    let code = BlockCode::identity(Shape::DEFAULT);
    let mut counts = Counts::from(&code);
    counts.add(&code).unwrap();
    assert_eq!(BlockCode::try_from(&counts), Err(Error::NotUnit { block: 0, counter: 2 }));
    counts.clear();
    assert_eq!(BlockCode::try_from(&counts), Err(Error::NotBlockCode { block: 0, nonzero: 0 }));
}
