//! Rows of `vector`.

use crate::storage::format::writer::Write;

/// A vector as its stored bytes.
pub(crate) fn write_vector(vector: &[f32], out: &mut Vec<u8>) {
    out.reserve(vector.len() * 4);
    for component in vector {
        out.put(&component.to_le_bytes());
    }
}

/// A stored vector; `None` if its length is not a multiple of four bytes.
pub(crate) fn read_vector(bytes: &[u8]) -> Option<Vec<f32>> {
    let (components, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| components.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}
