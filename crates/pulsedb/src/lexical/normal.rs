//! The one form of a word: normalised, in small letters, of bounded length; and its stem.
//!
//! NFKC rather than NFC: full-width letters, ligatures and half-width kana are what a keyboard or a PDF made of the
//! same word, and a search has no use for the difference. Accents stay: they tell words apart in most languages.

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
        word.split(',').for_each(|piece| out.push_str(piece));
        out.make_ascii_lowercase();
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
///
/// Stemming a word takes longer than all else that is done for it, and most words of a text are common ones. So the
/// stems of the last ones are kept.
pub(super) struct Stems {
    stemmer: Stemmer,
    /// Each in the place that its hash names.
    known: Vec<Known>,
    /// The last stem that was not kept.
    long: String,
}

/// Words that are kept.
const KNOWN: usize = 1024;
/// Bytes of the longest word that is kept.
const KNOWN_BYTES_MAX: usize = 15;

/// A word and its stem.
#[derive(Clone, Copy, Default)]
struct Known {
    word: Short,
    stem: Short,
}

/// A word of a few bytes; none is empty.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Short {
    bytes: [u8; KNOWN_BYTES_MAX],
    len: u8,
}

impl Short {
    fn new(word: &str) -> Option<Short> {
        let mut bytes = [0; KNOWN_BYTES_MAX];
        bytes.get_mut(..word.len())?.copy_from_slice(word.as_bytes());
        Some(Short { bytes, len: word.len() as u8 })
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).expect("a short word was a text")
    }
}

impl Stems {
    pub(super) fn english() -> Self {
        let known = vec![Known::default(); KNOWN];
        Stems { stemmer: Stemmer::create(Algorithm::English), known, long: String::new() }
    }

    /// The stem of a word in normal form. Words with other letters than those of ASCII are not English, and kept.
    pub(super) fn stem<'w>(&'w mut self, word: &'w str) -> &'w str {
        let is_english = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'\'');
        // The stemmer leaves words of two letters as they are.
        if !is_english || !(3..=STEMMED_BYTES_MAX).contains(&word.len()) {
            return word;
        }
        let Some(short) = Short::new(word) else {
            self.long = self.stemmer.stem(word).into_owned();
            return &self.long;
        };
        let known = &mut self.known[xxh3_64(word.as_bytes()) as usize % KNOWN];
        if known.word != short {
            let stem = self.stemmer.stem(word);
            // A stem is longer than its word by one letter at the most, and may so be too long to be kept.
            let Some(stem) = Short::new(&stem) else {
                self.long = stem.into_owned();
                return &self.long;
            };
            *known = Known { word: short, stem };
        }
        known.stem.text()
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
        let mut stems = Stems::english();
        for (word, stem) in [
            ("running", "run"),
            ("caroline's", "carolin"),
            ("happy", "happi"),
            ("e0499", "e0499"),
            ("caf\u{e9}s", "caf\u{e9}s"),
        ] {
            assert_eq!(stems.stem(word), stem);
            assert_eq!(stems.stem(word), stem, "again");
        }
    }
}
