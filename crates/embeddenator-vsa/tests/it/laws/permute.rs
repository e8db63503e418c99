//! Permute: a rotation of blocks, of order B, an automorphism of bind.

use proptest::prelude::*;

use super::dense::dense;
use super::three;

proptest! {
    #[test]
    fn permute_rotates_blocks([a, _, _] in three(), by in any::<i64>()) {
        let (blocks, positions) = (a.shape().blocks(), a.shape().positions());
        let mut expected = dense(&a);
        expected.rotate_right(by.rem_euclid(blocks as i64) as usize * positions);
        prop_assert_eq!(dense(&a.permute(by)), expected);
    }

    #[test]
    fn permute_has_the_order_of_the_blocks([a, _, _] in three(), by in any::<i32>()) {
        let blocks = a.shape().blocks() as i64;
        prop_assert_eq!(a.permute(blocks), a.clone());
        prop_assert_eq!(a.permute(0), a.clone());
        prop_assert_eq!(a.permute(i64::from(by) + blocks), a.permute(i64::from(by)));
    }

    #[test]
    fn permutations_add_up_and_have_inverses([a, _, _] in three(), by in any::<i32>(), more in any::<i32>()) {
        let (by, more) = (i64::from(by), i64::from(more));
        prop_assert_eq!(a.permute(by).permute(more), a.permute(by + more));
        prop_assert_eq!(a.permute(by).permute(-by), a);
    }

    #[test]
    fn permute_is_an_automorphism_of_bind([a, b, _] in three(), by in any::<i64>()) {
        let bound = a.bind(&b).unwrap().permute(by);
        prop_assert_eq!(bound, a.permute(by).bind(&b.permute(by)).unwrap());
        prop_assert_eq!(a.inverse().permute(by), a.permute(by).inverse());
    }

    #[test]
    fn permute_keeps_similarity([a, b, _] in three(), by in any::<i64>()) {
        prop_assert_eq!(a.permute(by).dot(&b.permute(by)).unwrap(), a.dot(&b).unwrap());
    }
}
