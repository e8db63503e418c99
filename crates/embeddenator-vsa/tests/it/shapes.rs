//! The shapes with which the laws are tested.

use embeddenator_vsa::Shape;

/// Small ones, where everything collides; those of the profiles; and one of primes.
pub(crate) fn shapes() -> Vec<Shape> {
    [(8, 8), (10, 100), (100, 100), (128, 128), (512, 128), (73, 101)]
        .map(|(blocks, positions)| Shape::new(blocks, positions).expect("a shape"))
        .to_vec()
}
