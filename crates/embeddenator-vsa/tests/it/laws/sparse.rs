//! Sparse ternary vectors, compared with their elements written out.

use embeddenator_vsa::{Error, SparseTernary};
use proptest::prelude::*;

use super::{sparse, ternary, ternary_pair};

proptest! {
    #[test]
    fn dot_and_cosine_are_those_of_the_elements((left, right) in ternary_pair()) {
        let expected: i32 = left.iter().zip(&right).map(|(a, b)| a * b).sum();
        let (a, b) = (sparse(&left), sparse(&right));
        prop_assert_eq!(a.dot(&b).unwrap(), i64::from(expected));
        prop_assert_eq!(b.dot(&a).unwrap(), i64::from(expected));
        let norm = |elements: &[i32]| elements.iter().map(|e| f64::from(e * e)).sum::<f64>().sqrt();
        let norms = norm(&left) * norm(&right);
        let cosine = if norms == 0.0 { 0.0 } else { f64::from(expected) / norms };
        prop_assert!((f64::from(a.cosine(&b).unwrap()) - cosine).abs() < 1e-6);
    }

    #[test]
    fn hadamard_is_the_product_of_the_elements((left, right) in ternary_pair()) {
        let expected: Vec<_> = left.iter().zip(&right).map(|(a, b)| a * b).collect();
        prop_assert_eq!(sparse(&left).hadamard(&sparse(&right)).unwrap(), sparse(&expected));
    }

    #[test]
    fn majority_is_the_sign_of_the_sum(
        (dimension, seed) in (1_usize..150, any::<u64>()), count in 1_usize..7)
    {
        let mut random = embeddenator_vsa::Random::new(seed);
        let vectors: Vec<Vec<i32>> =
            (0..count).map(|_| (0..dimension).map(|_| random.below(3) as i32 - 1).collect()).collect();
        let sum = |index: usize| vectors.iter().map(|vector| vector[index]).sum::<i32>();
        let expected: Vec<_> = (0..dimension).map(|index| sum(index).signum()).collect();
        let sparse_vectors: Vec<_> = vectors.iter().map(|vector| sparse(vector)).collect();
        prop_assert_eq!(SparseTernary::majority(&sparse_vectors).unwrap(), sparse(&expected));
        prop_assert_eq!(SparseTernary::majority(sparse_vectors.iter().rev()).unwrap(), sparse(&expected));
    }

    #[test]
    fn permute_rotates_the_elements(elements in ternary(), by in any::<i64>()) {
        let mut expected = elements.clone();
        expected.rotate_right(by.rem_euclid(elements.len() as i64) as usize);
        prop_assert_eq!(sparse(&elements).permute(by), sparse(&expected));
        let by = by >> 1;
        prop_assert_eq!(sparse(&elements).permute(by).permute(-by), sparse(&elements));
    }

    #[test]
    fn only_ordered_indexes_below_the_dimension_are_taken(
        dimension in 1_usize..20,
        plus in prop::collection::vec(0_u32..22, 0..6),
        minus in prop::collection::vec(0_u32..22, 0..6))
    {
        let ascending = |list: &[u32]| list.windows(2).all(|pair| pair[0] < pair[1]);
        let below = |list: &[u32]| list.iter().all(|index| (*index as usize) < dimension);
        let good = ascending(&plus) && ascending(&minus) && below(&plus) && below(&minus)
            && plus.iter().all(|index| !minus.contains(index));
        let made = SparseTernary::new(dimension, plus.clone(), minus.clone());
        prop_assert_eq!(made.is_ok(), good, "{:?} {:?}", plus, minus);
        if let Err(error) = made {
            let named = matches!(error, Error::Index { index, dimension: of }
                if of == dimension && (plus.contains(&index) || minus.contains(&index)));
            prop_assert!(named, "{}", error);
        }
    }
}

#[test]
fn majority_of_nothing_and_of_two_dimensions_is_refused() {
    assert_eq!(SparseTernary::majority([]), Err(Error::Dimension { dimension: 0 }));
    let (three, four) = (sparse(&[0, 1, 0]), sparse(&[0, 1, 0, 0]));
    let refused = Error::DimensionMismatch { left: 3, right: 4 };
    assert_eq!(SparseTernary::majority([&three, &four]), Err(refused.clone()));
    assert_eq!(three.dot(&four), Err(refused.clone()));
    assert_eq!(three.cosine(&four), Err(refused.clone()));
    assert_eq!(three.hadamard(&four), Err(refused));
}

#[test]
fn dimensions_outside_of_the_limits_are_refused() {
    for dimension in [0, (1 << 24) + 1, usize::MAX] {
        let refused = Error::Dimension { dimension };
        assert_eq!(SparseTernary::new(dimension, vec![], vec![]), Err(refused));
    }
    let largest = SparseTernary::new(1 << 24, vec![(1 << 24) - 1], vec![]).unwrap();
    assert_eq!(largest.permute(1).plus(), [0]);
    assert!(SparseTernary::new(1 << 24, vec![1 << 24], vec![]).is_err());
}
