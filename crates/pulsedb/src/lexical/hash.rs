//! The hash by which the tail looks for terms.

use xxhash_rust::xxh3::xxh3_64;

/// The low half of XXH3-64. Terms that share it are told apart by their bytes.
pub(super) fn term_hash(term: &[u8]) -> u32 {
    xxh3_64(term) as u32
}
