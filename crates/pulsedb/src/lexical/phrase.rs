//! Words that must stand one behind the other: found in the text itself, for postings hold no positions.

use super::analyse::{Analyser, Side, TokenKind};
use super::pattern::{Pattern, Prefix, Term};

/// A phrase of a query, of at least one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Phrase {
    /// Its words in normal form, not stemmed: what is quoted is meant as it stands, but for capitals and for what
    /// stands between the words.
    words: Vec<String>,
    /// For each word the length of the longest beginning of the phrase that ends there as well: where the search goes
    /// on when the next word is another one (Knuth, Morris & Pratt 1977).
    borders: Vec<usize>,
    /// What a record with the phrase holds.
    patterns: Vec<Pattern>,
}

impl Phrase {
    /// The phrase of these words; `None` if there is no word.
    pub(super) fn new(text: &str, analyser: &mut Analyser) -> Option<Phrase> {
        let mut words: Vec<String> = Vec::new();
        analyser.words(text, |word, _| words.push(word.to_owned()));
        if words.is_empty() {
            return None;
        }
        let mut borders = vec![0; words.len()];
        let mut length = 0;
        for at in 1..words.len() {
            while length > 0 && words[length] != words[at] {
                length = borders[length - 1];
            }
            length += usize::from(words[length] == words[at]);
            borders[at] = length;
        }
        let mut patterns = Vec::new();
        // Parts and chains are left out: a record may write the same words apart.
        analyser.tokens(text, Side::Query, |token| {
            let pattern = match token.kind {
                TokenKind::Word => Pattern::Term(Term::new(token.term)),
                TokenKind::Single => Pattern::Prefix(Prefix::of_terms(token.term)),
                TokenKind::Besides => return,
            };
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        });
        Some(Phrase { words, borders, patterns })
    }

    /// What every record with the phrase holds, so that the others need not be read.
    pub(crate) fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Whether the words stand in the text, one behind the other. Time grows with the length of the text alone.
    pub(crate) fn stands_in(&self, text: &str, analyser: &mut Analyser) -> bool {
        let (mut length, mut found) = (0, false);
        analyser.words(text, |word, _| {
            if found {
                return;
            }
            while length > 0 && self.words[length] != word {
                length = self.borders[length - 1];
            }
            length += usize::from(self.words[length] == word);
            found = length == self.words.len();
        });
        found
    }
}
