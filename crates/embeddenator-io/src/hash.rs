//! Hashes of contents: the first bytes of BLAKE3.

use std::fmt;

/// The first 16 bytes of the BLAKE3 hash of a content (BLAKE3-128).
///
/// For all practical purposes two different contents have different hashes, unless someone searches
/// for a collision, which takes about 2^64 steps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 16]);

impl ContentHash {
    /// The hash of `content`.
    pub fn of(content: &[u8]) -> Self {
        Self(prefix(&blake3::hash(content)))
    }
}

impl fmt::Display for ContentHash {
    /// 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHash({self})")
    }
}

/// The first 8 bytes of the BLAKE3 hash, for headers and stored bytes, where only accidents need to
/// be detected.
pub(crate) fn check_of(bytes: &[u8]) -> [u8; 8] {
    prefix(&blake3::hash(bytes))
}

/// The first `N` bytes of a hash.
pub(crate) fn prefix<const N: usize>(hash: &blake3::Hash) -> [u8; N] {
    let mut first = [0; N];
    for (to, from) in first.iter_mut().zip(hash.as_bytes()) {
        *to = *from;
    }
    first
}
