//! The norm of a vector, kept beside it so that its cosine needs one dot product.

use std::ops::RangeInclusive;

/// Reciprocal norms whose vectors the `f32` dot product scores.
///
/// Against a unit query no product or sum of such a vector leaves the range of `f32`, and what underflows
/// is too small to count. Models give norms near 1; the range is generous and ends at powers of two.
const USUAL: RangeInclusive<f32> = f32::from_bits((127 - 64) << 23)..=f32::from_bits((127 + 64) << 23);

/// What is kept beside a vector: the reciprocal of its norm, or the mark that the vector is extreme.
///
/// An extreme vector (components like 3e38, or subnormal ones) is scored in `f64` from its bytes. So is one
/// whose norm was read as bits that are no usual reciprocal: no bits lead to a NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Norm(u32);

impl Norm {
    /// The mark of an extreme vector: the bits of +0.0, which is no norm's reciprocal.
    const EXTREME: Norm = Norm(0);

    /// The norm of a vector; `None` if it is empty or zero, or has a component that is not finite.
    pub(crate) fn of(vector: &[f32]) -> Option<Norm> {
        let reciprocal = (1.0 / norm(vector)?) as f32;
        Some(if USUAL.contains(&reciprocal) { Norm(reciprocal.to_bits()) } else { Norm::EXTREME })
    }

    /// The bits to be stored.
    pub(crate) fn to_bits(self) -> u32 {
        self.0
    }

    /// The norm that was stored as these bits.
    pub(crate) fn from_bits(bits: u32) -> Norm {
        Norm(bits)
    }

    /// The reciprocal of the norm; `None` for an extreme vector.
    pub(crate) fn reciprocal(self) -> Option<f32> {
        let reciprocal = f32::from_bits(self.0);
        USUAL.contains(&reciprocal).then_some(reciprocal)
    }
}

/// The Euclidean norm, which `f64` holds for any finite `f32` components; `None` if there is none above zero.
pub(crate) fn norm(vector: &[f32]) -> Option<f64> {
    let norm = vector.iter().fold(0.0, |squares, &component| squares + square(component)).sqrt();
    (norm > 0.0 && norm.is_finite()).then_some(norm)
}

/// The exact square of a component.
pub(crate) fn square(component: f32) -> f64 {
    f64::from(component) * f64::from(component)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Norm, USUAL};

    #[test]
    fn vector_without_a_direction_has_no_norm() {
        for vector in [&[][..], &[0.0; 4], &[-0.0], &[f32::NAN], &[1.0, f32::INFINITY], &[f32::NEG_INFINITY]]
        {
            assert_eq!(Norm::of(vector), None, "{vector:?}");
        }
    }

    #[test]
    fn usual_vector_keeps_its_reciprocal_norm() {
        assert_eq!(Norm::of(&[3.0, -4.0]).and_then(Norm::reciprocal), Some(0.2));
        assert_eq!(Norm::of(&[1.0 / *USUAL.start()]).and_then(Norm::reciprocal), Some(*USUAL.start()));
        assert_eq!(Norm::of(&[1.0 / *USUAL.end()]).and_then(Norm::reciprocal), Some(*USUAL.end()));
    }

    #[test]
    fn extreme_vector_is_marked() {
        for vector in [&[3e38; 384][..], &[1e-42; 384], &[f32::MAX], &[f32::from_bits(1)], &[2e19], &[5e-20]]
        {
            assert_eq!(Norm::of(vector).map(Norm::to_bits), Some(0), "{vector:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bits_are_kept_and_none_gives_an_unusual_reciprocal(bits: u32) {
            let norm = Norm::from_bits(bits);
            prop_assert_eq!(norm.to_bits(), bits);
            prop_assert!(norm.reciprocal().is_none_or(|reciprocal| USUAL.contains(&reciprocal)));
        }
    }
}
