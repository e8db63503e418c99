//! Which chunks are known: each distinct chunk has one number.

use std::collections::HashMap;

use crate::tables::chunks::Chunk;

/// The numbers of chunks by their hashes.
///
/// It keeps eight bytes of a hash and a number for each chunk, and compares whole hashes where they lie; chunks of
/// which the eight bytes are equal by chance go to a second map.
#[derive(Debug, Default)]
pub(crate) struct ChunkIds {
    by_prefix: HashMap<u64, u32>,
    others: HashMap<[u8; 32], u32>,
}

impl ChunkIds {
    /// The number of a chunk; `hash_of` gives the hash of a number.
    pub(crate) fn get(&self, chunk: &Chunk, hash_of: impl Fn(u32) -> Option<[u8; 32]>) -> Option<u32> {
        let number = *self.by_prefix.get(&prefix(&chunk.hash))?;
        if hash_of(number) == Some(chunk.hash) {
            return Some(number);
        }
        self.others.get(&chunk.hash).copied()
    }

    /// Keeps the number of a chunk that has none.
    pub(crate) fn insert(&mut self, chunk: &Chunk, number: u32) {
        let mut fresh = false;
        self.by_prefix.entry(prefix(&chunk.hash)).or_insert_with(|| {
            fresh = true;
            number
        });
        if !fresh {
            self.others.insert(chunk.hash, number);
        }
    }
}

fn prefix(hash: &[u8; 32]) -> u64 {
    hash.iter().take(8).fold(0, |prefix, byte| prefix << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_equal_prefixes_have_numbers_of_their_own() {
        let hashes = [[1; 32], [2; 32], {
            let mut hash = [1; 32];
            hash[31] = 9;
            hash
        }];
        let hash_of = |number: u32| hashes.get(number as usize).copied();
        let mut ids = ChunkIds::default();
        for (number, hash) in (0..).zip(hashes) {
            let chunk = Chunk { hash, length: 5 };
            assert_eq!(ids.get(&chunk, hash_of), None);
            ids.insert(&chunk, number);
        }
        for (number, hash) in (0..).zip(hashes) {
            assert_eq!(ids.get(&Chunk { hash, length: 5 }, hash_of), Some(number));
        }
    }
}
