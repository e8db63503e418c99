//! Rows of `vector`.

use crate::storage::format::writer::Write;

/// A vector that is to be stored, and what the kernels keep beside it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredVector {
    pub(crate) components: Vec<f32>,
    pub(crate) norm_bits: u32,
}

/// A vector as it lies in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VectorRow<'b> {
    pub(crate) norm_bits: u32,
    /// Little-endian `f32`, one or more.
    pub(crate) bytes: &'b [u8],
}

impl VectorRow<'_> {
    pub(crate) fn components(&self) -> Vec<f32> {
        self.bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }

    pub(crate) fn to_stored(self) -> StoredVector {
        StoredVector { components: self.components(), norm_bits: self.norm_bits }
    }
}

/// The row of a record: its vector, or nothing if it has none.
pub(crate) fn write_vector(vector: Option<&StoredVector>, out: &mut Vec<u8>) {
    let Some(vector) = vector else { return };
    out.reserve(4 + vector.components.len() * 4);
    out.u32(vector.norm_bits);
    for component in &vector.components {
        out.put(&component.to_le_bytes());
    }
}

/// A stored row, whose vector is `None` if the record has none; `None` for bytes that are no row.
#[expect(clippy::option_option, reason = "a row without a vector is not the same as no row")]
pub(crate) fn read_vector(bytes: &[u8]) -> Option<Option<VectorRow<'_>>> {
    if bytes.is_empty() {
        return Some(None);
    }
    let (norm, bytes) = bytes.split_first_chunk::<4>()?;
    let is_whole = !bytes.is_empty() && bytes.len().is_multiple_of(4);
    is_whole.then(|| Some(VectorRow { norm_bits: u32::from_le_bytes(*norm), bytes }))
}
