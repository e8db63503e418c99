//! WordPiece: splits each word greedily into the longest pieces in the vocabulary (Wu et al. 2016, section 4.1).
//!
//! ```text
//! rest = word; place = start
//! while rest is not empty:
//!     piece = the longest piece in the vocabulary, for this place, that rest starts with
//!     if there is none: the word is unknown, and none of its pieces count
//!     rest = rest after piece; place = inside
//! ```

use crate::vocabulary::{Place, longest_piece};
use crate::words::{WORD_CHARACTERS_MAX, for_each_word};

/// Calls `visit` with the row of each token of the text, in order.
pub(crate) fn for_each_row(text: &str, mut visit: impl FnMut(u16)) {
    let mut pieces = [0; WORD_CHARACTERS_MAX];
    for_each_word(text, |word| cut(word, &mut pieces).iter().for_each(|&row| visit(row)));
}

/// The rows of a word's pieces; none if it is unknown. A piece has at least one character, so they always fit.
fn cut<'a>(word: &[u8], pieces: &'a mut [u16; WORD_CHARACTERS_MAX]) -> &'a [u16] {
    let (mut rest, mut place, mut count) = (word, Place::Start, 0);
    while !rest.is_empty() {
        let Some(piece) = longest_piece(rest, place) else { return &[] };
        let (Some(free), Some(after)) = (pieces.get_mut(count), rest.get(piece.bytes..)) else { return &[] };
        *free = piece.row;
        count += 1;
        (rest, place) = (after, Place::Inside);
    }
    pieces.get(..count).unwrap_or_default()
}
