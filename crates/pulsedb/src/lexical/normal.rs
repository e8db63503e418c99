//! The one form of a word: normalised, in small letters, of bounded length; and its stem.
//!
//! NFKC rather than NFC: full-width letters, ligatures and half-width kana are what a keyboard or a PDF made of the
//! same word, and a search has no use for the difference. Accents stay: they tell words apart in most languages.

use std::borrow::Cow;
use std::fmt::Write as _;

use snowball_stemmers_rs::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization as _;
use xxhash_rust::xxh3::xxh3_64;

use super::script::is_ignorable;
use crate::limits::TERM_BYTES_MAX;

/// Stands between the head of a term that was too long and the hash of the whole; no word contains it.
const CUT: char = '~';
/// Bytes of a term that are kept when it is cut: the rest is the mark and the hash as text.
pub(super) const TERM_HEAD_BYTES: usize = TERM_BYTES_MAX - 17;
/// Longer words are no words of English.
const STEMMED_BYTES_MAX: usize = 40;

/// Writes the normal form of a word over `out`: NFKC, small letters, straight apostrophes, no commas (they part the
/// thousands of a number), nothing invisible. It is empty if nothing is left.
pub(super) fn normalise(word: &str, out: &mut String) {
    out.clear();
    if word.is_ascii() {
        out.extend(word.chars().filter(|&c| c != ',').map(|c| c.to_ascii_lowercase()));
        return;
    }
    for character in word.nfkc().flat_map(char::to_lowercase) {
        match character {
            ',' => {}
            '\u{2019}' | '\u{2018}' | '\u{2bc}' => out.push('\''),
            // A sigma at the end of a word has a form of its own, but only in small letters.
            '\u{3c2}' => out.push('\u{3c3}'),
            // A white space or a zero byte would end the term where it is part of a key or a row of words.
            character if is_ignorable(character) || character.is_control() => {}
            character => out.push(character),
        }
    }
}

/// Cuts a term that is too long and ends it with the hash of the whole, so that it still tells words apart.
pub(super) fn bound(term: &mut String) {
    if term.len() > TERM_BYTES_MAX {
        let hash = xxh3_64(term.as_bytes());
        term.truncate(term.floor_char_boundary(TERM_HEAD_BYTES));
        write!(term, "{CUT}{hash:016x}").expect("writing to a string cannot fail");
    }
}

/// Stems of English words.
pub(super) struct Stems(Stemmer);

impl Stems {
    pub(super) fn english() -> Self {
        Stems(Stemmer::create(Algorithm::English))
    }

    /// The stem of a word in normal form. Words with other letters than those of ASCII are not English, and kept.
    pub(super) fn stem<'w>(&self, word: &'w str) -> Cow<'w, str> {
        let is_english = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'\'');
        // The stemmer leaves words of two letters as they are.
        if is_english && (3..=STEMMED_BYTES_MAX).contains(&word.len()) {
            self.0.stem(word)
        } else {
            Cow::Borrowed(word)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Stems, bound, normalise};
    use crate::limits::TERM_BYTES_MAX;

    fn normal(word: &str) -> String {
        let mut out = String::from("before");
        normalise(word, &mut out);
        out
    }

    #[test]
    fn forms_of_one_word_become_one() {
        for (left, right) in [
            ("HELLO", "hello"),
            ("\u{ff21}\u{ff22}\u{ff23}", "abc"),
            ("cafe\u{301}", "caf\u{e9}"),
            ("\u{fb01}le", "file"),
            ("don\u{2019}t", "don't"),
            ("\u{ff76}\u{ff9e}", "\u{30ac}"),
            ("\u{39f}\u{394}\u{39f}\u{3a3}", "\u{3bf}\u{3b4}\u{3bf}\u{3c2}"),
            ("co\u{ad}op", "coop"),
            ("1,000", "1000"),
        ] {
            assert_eq!(normal(left), normal(right));
        }
        assert_ne!(normal("cafe"), normal("caf\u{e9}"));
    }

    #[test]
    fn long_terms_are_cut_and_still_told_apart() {
        for letter in ["a", "\u{e9}", "\u{1d11e}"] {
            let mut one = letter.repeat(1000);
            let mut other = letter.repeat(1001);
            let head = one.clone();
            bound(&mut one);
            bound(&mut other);
            assert!(one.len() <= TERM_BYTES_MAX && one.len() > TERM_BYTES_MAX - 4, "{}", one.len());
            assert_ne!(one, other);
            assert!(head.starts_with(one.split('~').next().unwrap()));
        }
        let mut short = "a".repeat(TERM_BYTES_MAX);
        bound(&mut short);
        assert_eq!(short, "a".repeat(TERM_BYTES_MAX));
    }

    #[test]
    fn words_of_english_are_stemmed_and_others_kept() {
        let stems = Stems::english();
        for (word, stem) in [
            ("running", "run"),
            ("caroline's", "carolin"),
            ("happy", "happi"),
            ("e0499", "e0499"),
            ("caf\u{e9}s", "caf\u{e9}s"),
        ] {
            assert_eq!(stems.stem(word), stem);
        }
    }
}
