//! The reference for the laws: the same vectors written out, and the operations by definition.

use embeddenator_vsa::{BlockCode, Shape};

/// The elements of a code, block after block, read from its bytes.
pub(crate) fn dense(code: &BlockCode) -> Vec<i64> {
    let mut elements = Vec::with_capacity(code.shape().dimension());
    for byte in code.as_bytes() {
        let mut block = vec![0; code.shape().positions()];
        block[usize::from(byte & 0x7f)] = if byte & 0x80 == 0 { 1 } else { -1 };
        elements.extend(block);
    }
    elements
}

/// The sum of some codes.
pub(crate) fn sum<'a>(shape: Shape, codes: impl IntoIterator<Item = &'a BlockCode>) -> Vec<i64> {
    let mut sum = vec![0; shape.dimension()];
    for code in codes {
        for (sum, element) in sum.iter_mut().zip(dense(code)) {
            *sum += element;
        }
    }
    sum
}

/// Block-wise circular convolution.
pub(crate) fn convolve(shape: Shape, left: &[i64], right: &[i64]) -> Vec<i64> {
    let positions = shape.positions();
    let mut product = vec![0; left.len()];
    for (block, product) in product.chunks_exact_mut(positions).enumerate() {
        let range = block * positions..(block + 1) * positions;
        for (i, a) in left[range.clone()].iter().enumerate().filter(|(_, a)| **a != 0) {
            for (j, b) in right[range.clone()].iter().enumerate() {
                product[(i + j) % positions] += a * b;
            }
        }
    }
    product
}

/// The dot product.
pub(crate) fn dot(left: &[i64], right: &[i64]) -> i64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}
