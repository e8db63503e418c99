//! Dense ternary vectors and their tables, compared with their elements written out.

use embeddenator_vsa::{Error, Planes, PlanesTable, Similar};
use proptest::prelude::*;

use super::{ternary, ternary_pair};

fn planes(elements: &[i32]) -> Planes {
    Planes::from_signs(elements).unwrap()
}

proptest! {
    #[test]
    fn planes_keep_the_signs_of_numbers(numbers in prop::collection::vec(any::<i32>(), 1..200)) {
        let signs: Vec<_> = numbers.iter().map(|number| number.signum()).collect();
        let planes = planes(&numbers);
        prop_assert_eq!(planes.dimension(), numbers.len());
        prop_assert_eq!(planes.nonzero_count(), signs.iter().filter(|sign| **sign != 0).count());
        prop_assert_eq!(planes.elements().collect::<Vec<_>>(), signs);
    }

    #[test]
    fn dot_cosine_and_hadamard_are_those_of_the_elements((left, right) in ternary_pair()) {
        let products: Vec<_> = left.iter().zip(&right).map(|(a, b)| a * b).collect();
        let (a, b) = (planes(&left), planes(&right));
        let expected = i64::from(products.iter().sum::<i32>());
        prop_assert_eq!(a.dot(&b).unwrap(), expected);
        prop_assert_eq!(a.hadamard(&b).unwrap(), planes(&products));
        let squares = (a.nonzero_count() * b.nonzero_count()) as f64;
        let cosine = if squares == 0.0 { 0.0 } else { expected as f64 / squares.sqrt() };
        prop_assert!((f64::from(a.cosine(&b).unwrap()) - cosine).abs() < 1e-6);
    }

    #[test]
    fn words_round_trip(elements in ternary()) {
        let planes = planes(&elements);
        let again = Planes::from_words(planes.dimension(), planes.nonzero(), planes.sign()).unwrap();
        prop_assert_eq!(again, planes);
    }

    #[test]
    fn bits_without_an_element_are_refused(elements in ternary(), bit in any::<prop::sample::Index>()) {
        let planes = planes(&elements);
        let bit = bit.index(planes.nonzero().len() * 64);
        let set = |plane: &[u64]| {
            let mut words = plane.to_vec();
            words[bit / 64] |= 1 << (bit % 64);
            words
        };
        let dimension = planes.dimension();
        let refused = Error::Index { index: bit as u32, dimension };
        if bit >= dimension {
            let found = Planes::from_words(dimension, &set(planes.nonzero()), planes.sign());
            prop_assert_eq!(found, Err(refused));
        } else if elements[bit] == 0 {
            let found = Planes::from_words(dimension, planes.nonzero(), &set(planes.sign()));
            prop_assert_eq!(found, Err(refused));
        }
    }

    #[test]
    fn tables_answer_as_their_rows_do(
        dimension in 1_usize..150, seed in any::<u64>(), count in 0_usize..9)
    {
        let mut random = embeddenator_vsa::Random::new(seed);
        let mut draw = || {
            let zeros = random.below(4);
            let elements = (0..dimension).map(|_| match random.below(2 + zeros) {
                0 => 1,
                1 => -1,
                _ => 0,
            });
            planes(&elements.collect::<Vec<_>>())
        };
        let rows: Vec<_> = (0..count).map(|_| draw()).collect();
        let query = draw();
        let mut table = PlanesTable::new(dimension).unwrap();
        for row in &rows {
            table.push(row).unwrap();
        }
        prop_assert_eq!((table.len(), table.is_empty(), table.dimension()), (count, count == 0, dimension));
        for (index, row) in rows.iter().enumerate() {
            prop_assert_eq!(&table.get(index).unwrap(), row);
        }
        prop_assert_eq!(table.get(count), None);
        prop_assert_eq!(table.get(usize::MAX), None);
        let dots: Vec<_> = rows.iter().map(|row| row.dot(&query).unwrap()).collect();
        prop_assert_eq!(table.dots(&query).unwrap(), dots);
        let cosines: Vec<_> = rows.iter().map(|row| row.cosine(&query).unwrap()).collect();
        prop_assert_eq!(&table.cosines(&query).unwrap(), &cosines);
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|left, right| cosines[*right].total_cmp(&cosines[*left]));
        for k in [0, 1, count / 2, count, count + 1] {
            let nearest = table.nearest(&query, k).unwrap();
            let expected: Vec<_> =
                order.iter().take(k).map(|index| Similar { index: *index, cosine: cosines[*index] }).collect();
            prop_assert_eq!(nearest, expected);
        }
    }
}

#[test]
fn zero_has_no_elements_and_no_direction() {
    let zero = Planes::zero(100).unwrap();
    assert_eq!(zero.nonzero_count(), 0);
    assert_eq!(zero, planes(&[0; 100]));
    assert_eq!(zero.cosine(&planes(&[1; 100])), Ok(0.0));
}

#[test]
fn other_dimensions_and_lengths_are_refused() {
    let (three, four) = (planes(&[0, 1, 0]), planes(&[0, 1, 0, 0]));
    let refused = Error::DimensionMismatch { left: 3, right: 4 };
    assert_eq!(three.dot(&four), Err(refused.clone()));
    assert_eq!(three.cosine(&four), Err(refused.clone()));
    assert_eq!(three.hadamard(&four), Err(refused.clone()));
    let mut table = PlanesTable::new(3).unwrap();
    assert_eq!(table.push(&four), Err(refused.clone()));
    assert!(table.is_empty());
    assert_eq!(table.dots(&four), Err(refused.clone()));
    assert_eq!(table.cosines(&four), Err(refused.clone()));
    assert_eq!(table.nearest(&four, 1), Err(refused));
    for dimension in [0, (1 << 24) + 1] {
        let refused = Error::Dimension { dimension };
        assert_eq!(Planes::zero(dimension), Err(refused.clone()));
        assert_eq!(Planes::from_words(dimension, &[], &[]), Err(refused.clone()));
        assert_eq!(PlanesTable::new(dimension), Err(refused));
    }
    assert_eq!(Planes::from_signs(&[]), Err(Error::Dimension { dimension: 0 }));
    for (nonzero, sign) in
        [(&[0_u64][..], &[0_u64, 0][..]), (&[0, 0], &[0]), (&[0, 0, 0], &[0, 0]), (&[], &[])]
    {
        assert!(matches!(Planes::from_words(65, nonzero, sign), Err(Error::Length { expected: 2, .. })));
    }
}
