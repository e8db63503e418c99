//! From a text to its terms: what is indexed, and what a query looks for.
//!
//! ```text
//! word (an identifier)          its stem                               counts in the length
//!   its parts                   their stems: getUserById -> get user by id
//! chain of words                in normal form: src/db/mod.rs
//!   what follows its last "/"   in normal form, if that is a shorter chain: mod.rs
//! run of a script without spaces, its characters being a b c
//!   of a record                 ab bc c                                each counts in the length
//!   of a query                  ab bc; of one character, all terms that begin with it
//! ```
//!
//! The last character of a run is a term so that each character of a record begins one: by that a query of one
//! character finds it wherever it stands.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use super::normal::{Stems, TERM_HEAD_BYTES, bound, normalise};
use super::parts::parts;
use super::segment::{Segment, is_connector, segments};
use super::stop::is_stop_word;
use crate::limits::TERM_BYTES_MAX;

/// A term where it stands in a text.
#[derive(Debug)]
pub(super) struct Token<'t> {
    pub(super) term: &'t str,
    /// Bytes of the text.
    pub(super) range: Range<usize>,
    pub(super) kind: TokenKind,
    /// Whether a query can do without it; never set for a record, which keeps all words.
    pub(super) is_stop_word: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A word; the length of a text is the number of these.
    Word,
    /// A part of a word, or a chain of words.
    Besides,
    /// The one character of a run, in a query: it stands for every term that begins with it.
    Single,
}

/// Whose terms are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Record,
    Query,
}

/// Turns texts into terms. It holds buffers, so that one is used for many texts.
pub(crate) struct Analyser {
    stems: Stems,
    normal: String,
    part: String,
}

impl std::fmt::Debug for Analyser {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Analyser").finish_non_exhaustive()
    }
}

impl Analyser {
    /// An analyser for English, which keeps the words of other languages as they are.
    pub(crate) fn new() -> Self {
        Analyser { stems: Stems::english(), normal: String::new(), part: String::new() }
    }

    /// Calls `found` with each term of the text, in the order in which they begin.
    pub(super) fn tokens(&mut self, text: &str, side: Side, mut found: impl FnMut(Token<'_>)) {
        segments(text, |segment| match segment {
            Segment::Chain(words) => {
                self.chain(text, words, &mut found);
                for word in words {
                    self.word(text, word.clone(), side, &mut found);
                }
            }
            Segment::Run(run) => self.run(text, run, side, &mut found),
        });
    }

    /// Calls `found` with each word of the text in normal form, as phrases compare them: words without their parts
    /// and their chains, characters of scripts without spaces one by one.
    pub(super) fn words(&mut self, text: &str, mut found: impl FnMut(&str, Range<usize>)) {
        let mut give = |normal: &mut String, range: Range<usize>| {
            normalise(&text[range.clone()], normal);
            if !normal.is_empty() {
                bound(normal);
                found(normal, range);
            }
        };
        segments(text, |segment| match segment {
            Segment::Chain(words) => words.iter().for_each(|word| give(&mut self.normal, word.clone())),
            Segment::Run(run) => {
                for (at, unit) in text[run.clone()].grapheme_indices(true) {
                    give(&mut self.normal, run.start + at..run.start + at + unit.len());
                }
            }
        });
    }

    /// The stems of the language.
    pub(super) fn stems(&mut self) -> &mut Stems {
        &mut self.stems
    }

    /// The normal form of a text that is the beginning of one word or one chain, perhaps with a connector or an
    /// underscore at its end; `None` for another text.
    pub(super) fn beginning(&mut self, text: &str) -> Option<String> {
        let mut whole: Option<Range<usize>> = None;
        let mut segments_found = 0;
        segments(text, |segment| {
            segments_found += 1;
            if let Segment::Chain(words) = segment {
                whole = words.first().zip(words.last()).map(|(first, last)| first.start..last.end);
            }
        });
        let whole = whole.filter(|_| segments_found == 1)?;
        let behind = &text[whole.end..];
        if !(behind.is_empty() || behind == "_" || is_connector(behind)) {
            return None;
        }
        normalise(&text[whole.start..], &mut self.normal);
        // Longer terms end in a hash there, and may be among those that are meant.
        self.normal.truncate(self.normal.floor_char_boundary(TERM_HEAD_BYTES));
        (!self.normal.is_empty()).then(|| self.normal.clone())
    }

    fn chain(&mut self, text: &str, words: &[Range<usize>], found: &mut impl FnMut(Token<'_>)) {
        let [first, .., last] = words else { return };
        let whole = first.start..last.end;
        let name = text[whole.clone()].rfind(['/', '\\']).map(|slash| whole.start + slash + 1..whole.end);
        let name = name.filter(|name| name.start < last.start);
        for range in [Some(whole), name].into_iter().flatten() {
            normalise(&text[range.clone()], &mut self.normal);
            bound(&mut self.normal);
            found(Token { term: &self.normal, range, kind: TokenKind::Besides, is_stop_word: false });
        }
    }

    fn word(&mut self, text: &str, range: Range<usize>, side: Side, found: &mut impl FnMut(Token<'_>)) {
        let word = &text[range.clone()];
        normalise(word, &mut self.normal);
        if self.normal.is_empty() {
            return;
        }
        bound(&mut self.normal);
        found(Token {
            term: self.stems.stem(&self.normal),
            range: range.clone(),
            kind: TokenKind::Word,
            is_stop_word: side == Side::Query && is_stop_word(&self.normal),
        });
        parts(word, |part| {
            normalise(&word[part.clone()], &mut self.part);
            if !self.part.is_empty() {
                bound(&mut self.part);
                found(Token {
                    term: self.stems.stem(&self.part),
                    range: range.start + part.start..range.start + part.end,
                    kind: TokenKind::Besides,
                    is_stop_word: side == Side::Query && is_stop_word(&self.part),
                });
            }
        });
    }

    fn run(&mut self, text: &str, run: Range<usize>, side: Side, found: &mut impl FnMut(Token<'_>)) {
        // Where the character before begins; `normal` holds it.
        let mut before: Option<usize> = None;
        let mut pairs = 0;
        for (at, unit) in text[run.clone()].grapheme_indices(true) {
            normalise(unit, &mut self.part);
            // Two of them make a term that is never cut, so that it begins with the first as it is.
            self.part.truncate(self.part.floor_char_boundary(TERM_BYTES_MAX / 2));
            if self.part.is_empty() {
                continue;
            }
            if let Some(start) = before {
                self.normal.push_str(&self.part);
                let range = start..run.start + at + unit.len();
                found(Token { term: &self.normal, range, kind: TokenKind::Word, is_stop_word: false });
                pairs += 1;
            }
            std::mem::swap(&mut self.normal, &mut self.part);
            before = Some(run.start + at);
        }
        let Some(start) = before else { return };
        let kind = match side {
            Side::Record => TokenKind::Word,
            Side::Query if pairs == 0 => TokenKind::Single,
            Side::Query => return,
        };
        found(Token { term: &self.normal, range: start..run.end, kind, is_stop_word: false });
    }
}
