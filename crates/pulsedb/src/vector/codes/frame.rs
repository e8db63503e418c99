//! The frame of reference of codes: the rotation, and the axis along which nothing is coded.
//!
//! Vectors of one model share a direction (the mean of the bundled table's has a norm of 0.84), which would waste
//! most of a short code. RaBitQ codes the difference to a centroid; here the centroid is taken as an axis, and of a
//! vector and of a query only the parts perpendicular to it meet in codes. These are never longer than the
//! differences, and the products along the axis are exact. On text vectors it leaves 28% fewer rows to refine.

use super::rotation::Rotation;
use super::shape::Shape;

/// The rotation with the rotated axis: everything that a code depends on besides its vector.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    rotation: Rotation,
    /// The unit vector of the axis after the rotation, or zeros if there is none.
    axis: Vec<f32>,
}

/// A rotated unit vector as its coordinate on the axis and what is perpendicular to it.
pub(super) struct Split {
    pub(super) coordinate: f64,
    pub(super) residual: Vec<f32>,
}

impl Frame {
    /// The frame whose axis is the direction of `centroid`, which has one component for each of `dimension`.
    ///
    /// A centroid without a direction (of no length, or not finite) gives a frame without an axis, so there is none
    /// that fails; codes can be compared only in the frame in which they were made.
    pub(crate) fn new(dimension: usize, centroid: &[f32]) -> Frame {
        let rotation = Rotation::new(Shape::new(dimension));
        let norm = sum_of_products(centroid, centroid).sqrt();
        let reciprocal = if norm.is_finite() && norm > 1e-6 { 1.0 / norm } else { 0.0 };
        let axis = if reciprocal > 0.0 {
            rotation.rotate(centroid.iter().map(|component| (f64::from(*component) * reciprocal) as f32))
        } else {
            vec![0.0; rotation.shape().bits()]
        };
        Frame { rotation, axis }
    }

    /// The sizes of the codes made in this frame.
    pub(crate) fn shape(&self) -> Shape {
        self.rotation.shape()
    }

    /// Rotates and splits a vector of unit length.
    pub(super) fn split(&self, unit: impl Iterator<Item = f32>) -> Split {
        let mut residual = self.rotation.rotate(unit);
        let coordinate = sum_of_products(&residual, &self.axis);
        for (component, axis) in residual.iter_mut().zip(&self.axis) {
            *component -= coordinate as f32 * axis;
        }
        Split { coordinate, residual }
    }
}

/// The mean of the directions of vectors, as it is frozen when the first rows of a collective become a block.
///
/// Vectors without a direction count for nothing. Without any vector the mean is zero, which is a frame without axis.
pub(crate) fn centroid<'a>(dimension: usize, vectors: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
    let mut sums = vec![0.0; dimension];
    let mut count = 0.0;
    for vector in vectors {
        let Some(norm) = crate::vector::norm::norm(vector) else { continue };
        for (sum, component) in sums.iter_mut().zip(vector) {
            *sum += f64::from(*component) / norm;
        }
        count += 1.0;
    }
    sums.iter().map(|sum| if count > 0.0 { (sum / count) as f32 } else { 0.0 }).collect()
}

/// The sum of products in f64, one after the other; each product of two f32 is exact.
pub(super) fn sum_of_products(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).fold(0.0, |sum, (left, right)| sum + f64::from(*left) * f64::from(*right))
}
