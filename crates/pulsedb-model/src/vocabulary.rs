//! The word index: finds the row of the longest piece at the start of some letters.

use crate::hash;
use crate::table::VOCABULARY;

include!(concat!(env!("OUT_DIR"), "/vocabulary.rs"));

/// The place of a piece in its word: the vocabulary has words for the start and `##` pieces for the
/// inside.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    Start,
    Inside,
}

/// A piece of a word.
pub(crate) struct Piece {
    /// Its row in the table.
    pub(crate) row: u16,
    /// Its length, at least 1.
    pub(crate) bytes: usize,
}

/// The longest piece in the vocabulary that `letters` (UTF-8, whole characters) start with.
pub(crate) fn longest_piece(letters: &[u8], place: Place) -> Option<Piece> {
    let (seed, prefix_bytes, longest) = match place {
        Place::Start => (hash::WORD_START, 0, LONGEST_START_BYTES),
        Place::Inside => (hash::WORD_INSIDE, 2, LONGEST_INSIDE_BYTES),
    };
    let candidates = letters.get(..longest).unwrap_or(letters);
    let mut states = [0; LONGEST_BYTES];
    let mut state = seed;
    for (after, &byte) in states.iter_mut().zip(candidates) {
        state = hash::step(state, byte);
        *after = state;
    }
    // Pieces always end between characters: one that did not would not be UTF-8, and is in no slot.
    (1..=candidates.len()).rev().find_map(|bytes| {
        let hash = hash::finish(*states.get(bytes - 1)?);
        let row = find(candidates.get(..bytes)?, prefix_bytes, hash)?;
        Some(Piece { row, bytes })
    })
}

/// Looks a piece up: open addressing, linear probing; a slot is a tag of the hash above a row.
fn find(letters: &[u8], prefix_bytes: usize, hash: u32) -> Option<u16> {
    let mut at = hash as usize % SLOTS.len();
    loop {
        let slot = *SLOTS.get(at)?;
        if slot == EMPTY_SLOT {
            return None;
        }
        let row = slot as u16;
        if slot >> 16 == hash >> 16 && token(row)?.get(prefix_bytes..) == Some(letters) {
            return Some(row);
        }
        at = (at + 1) % SLOTS.len();
    }
}

/// A token as in the vocabulary, with its `##`.
fn token(row: u16) -> Option<&'static [u8]> {
    let row = usize::from(row);
    let (start, next) = (*STARTS.get(row)?, *STARTS.get(row + 1)?);
    // A newline ends each token, even the last one.
    VOCABULARY.get(start as usize..next as usize - 1)
}
