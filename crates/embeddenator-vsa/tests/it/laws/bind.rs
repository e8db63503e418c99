//! Bind: an exactly invertible, commutative, associative operation that preserves similarity.
#![allow(clippy::float_cmp)] // Exact values are promised.

use embeddenator_vsa::BlockCode;
use proptest::prelude::*;

use super::dense::{convolve, dense};
use super::{code, shapes, table, three};

proptest! {
    #[test]
    fn bind_is_blockwise_circular_convolution([a, b, _] in three()) {
        let expected = convolve(a.shape(), &dense(&a), &dense(&b));
        prop_assert_eq!(dense(&a.bind(&b).unwrap()), expected);
    }

    #[test]
    fn bind_is_exactly_invertible([a, b, _] in three()) {
        let bound = a.bind(&b).unwrap();
        let unbound = bound.unbind(&b).unwrap();
        prop_assert_eq!(unbound.as_bytes(), a.as_bytes());
        prop_assert_eq!(bound.unbind(&a).unwrap(), b.clone());
        prop_assert_eq!(a.unbind(&b).unwrap().bind(&b).unwrap(), a);
    }

    #[test]
    fn bind_is_commutative_and_associative([a, b, c] in three()) {
        prop_assert_eq!(a.bind(&b).unwrap(), b.bind(&a).unwrap());
        let left = a.bind(&b).unwrap().bind(&c).unwrap();
        let right = a.bind(&b.bind(&c).unwrap()).unwrap();
        prop_assert_eq!(left, right);
    }

    #[test]
    fn bind_keeps_similarity([a, b, c] in three()) {
        let bound = (a.bind(&c).unwrap(), b.bind(&c).unwrap());
        prop_assert_eq!(bound.0.dot(&bound.1).unwrap(), a.dot(&b).unwrap());
        prop_assert_eq!(bound.0.cosine(&bound.1).unwrap(), a.cosine(&b).unwrap());
    }

    #[test]
    fn identity_has_zero_bytes_and_changes_nothing([a, _, _] in three()) {
        let identity = BlockCode::identity(a.shape());
        prop_assert!(identity.as_bytes().iter().all(|byte| *byte == 0));
        prop_assert_eq!(a.bind(&identity).unwrap(), a.clone());
        prop_assert_eq!(a.unbind(&identity).unwrap(), a);
    }

    #[test]
    fn inverse_binds_to_the_identity([a, b, _] in three()) {
        let identity = BlockCode::identity(a.shape());
        prop_assert_eq!(a.bind(&a.inverse()).unwrap(), identity.clone());
        prop_assert_eq!(a.unbind(&a).unwrap(), identity.clone());
        prop_assert_eq!(identity.unbind(&a).unwrap(), a.inverse());
        prop_assert_eq!(a.inverse().inverse(), a.clone());
        prop_assert_eq!(b.bind(&a.inverse()).unwrap(), b.unbind(&a).unwrap());
    }

    #[test]
    fn power_is_repeated_bind([a, b, _] in three(), exponent in -300_i64..300) {
        let mut repeated = BlockCode::identity(a.shape());
        let factor = if exponent < 0 { a.inverse() } else { a.clone() };
        for _ in 0..exponent.abs() {
            repeated = repeated.bind(&factor).unwrap();
        }
        prop_assert_eq!(a.power(exponent), repeated);
        let both = a.bind(&b).unwrap().power(exponent);
        prop_assert_eq!(both, a.power(exponent).bind(&b.power(exponent)).unwrap());
    }

    #[test]
    fn powers_add_up([a, _, _] in three(), left in any::<i32>(), right in any::<i32>()) {
        let (left, right) = (i64::from(left), i64::from(right));
        prop_assert_eq!(a.power(left).bind(&a.power(right)).unwrap(), a.power(left + right));
        let order = 2 * a.shape().positions() as i64;
        prop_assert_eq!(a.power(order), BlockCode::identity(a.shape()));
        prop_assert_eq!(a.power(i64::MIN), a.power(i64::MIN % order));
        prop_assert_eq!(a.power(i64::MAX), a.power(i64::MAX % order));
    }

    #[test]
    fn bind_into_any_code_is_bind([a, b, _] in three(), former in shapes().prop_flat_map(code)) {
        let mut out = former.clone();
        a.bind_into(&b, &mut out).unwrap();
        prop_assert_eq!(&out, &a.bind(&b).unwrap());
        let mut out = former;
        a.unbind_into(&b, &mut out).unwrap();
        prop_assert_eq!(&out, &a.unbind(&b).unwrap());
    }

    #[test]
    fn rows_bind_as_codes_do([a, b, _] in three()) {
        let rows = table(a.shape(), &[a.clone(), b.clone()]);
        let (left, right) = (rows.get(0).unwrap(), rows.get(1).unwrap());
        prop_assert_eq!(left.bind(right).unwrap(), a.bind(&b).unwrap());
        prop_assert_eq!(left.unbind(&b).unwrap(), a.unbind(right).unwrap());
        prop_assert_eq!(left.dot(&b).unwrap(), a.dot(right).unwrap());
        prop_assert_eq!(left.elements().collect::<Vec<_>>(), a.elements().collect::<Vec<_>>());
        prop_assert_eq!((left.inverse(), left.negate()), (a.inverse(), a.negate()));
        prop_assert_eq!((left.power(-3), left.permute(5)), (a.power(-3), a.permute(5)));
        prop_assert_eq!(BlockCode::from(left), a);
    }

    #[test]
    fn dot_and_cosine_are_those_of_the_written_out_vectors([a, b, _] in three()) {
        let expected = super::dense::dot(&dense(&a), &dense(&b));
        prop_assert_eq!(i64::from(a.dot(&b).unwrap()), expected);
        prop_assert_eq!(a.cosine(&b).unwrap(), expected as f32 / a.shape().blocks() as f32);
        prop_assert_eq!(a.cosine(&a).unwrap(), 1.0);
        prop_assert_eq!(a.cosine(&a.negate()).unwrap(), -1.0);
        prop_assert_eq!(a.negate().dot(&b).unwrap(), -a.dot(&b).unwrap());
        prop_assert_eq!(a.negate().negate(), a);
    }
}
