//! The terms of one record with their counts, as the analysis yields them.

use super::analyse::{Analyser, Side, TokenKind};
use super::hash::term_hash;

/// The distinct terms of a text, each with how often it stands there, in the order of (hash, term).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CountedTerms {
    /// The bytes of all terms, those of repeated ones more than once.
    bytes: Vec<u8>,
    terms: Vec<Place>,
    length: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    hash: u32,
    start: u32,
    length: u8,
    count: u16,
}

impl CountedTerms {
    /// The number of distinct terms.
    pub(crate) fn len(&self) -> usize {
        self.terms.len()
    }

    /// The number of words of the text, which is what BM25 calls its length.
    pub(crate) fn length(&self) -> u32 {
        self.length
    }

    /// Each term with its hash and its count, in the order of (hash, term).
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (u32, &[u8], u16)> + Clone {
        self.terms.iter().map(|place| (place.hash, place.bytes(&self.bytes), place.count))
    }
}

impl CountedTerms {
    /// Adds terms that are no words of the text, such as its tags: each counts once, and none adds to the length.
    /// They must begin with a character that no word does, so that no query for words finds them.
    pub(crate) fn with_attributes(mut self, attributes: impl IntoIterator<Item = String>) -> Self {
        for attribute in attributes {
            let term = attribute.as_bytes();
            let start = u32::try_from(self.bytes.len()).expect("a record has less than 4 GB of terms");
            let length = u8::try_from(term.len()).expect("an attribute is at most ATTRIBUTE_BYTES_MAX long");
            self.terms.push(Place { hash: term_hash(term), start, length, count: 1 });
            self.bytes.extend_from_slice(term);
        }
        let bytes = &self.bytes;
        self.terms
            .sort_unstable_by(|a, b| a.hash.cmp(&b.hash).then_with(|| a.bytes(bytes).cmp(b.bytes(bytes))));
        self.terms.dedup_by(|next, kept| next.hash == kept.hash && next.bytes(bytes) == kept.bytes(bytes));
        self
    }
}

impl Place {
    fn bytes(self, all: &[u8]) -> &[u8] {
        &all[self.start as usize..][..usize::from(self.length)]
    }
}

impl Analyser {
    /// The terms of a record's text.
    pub(crate) fn count(&mut self, text: &str) -> CountedTerms {
        // About one term in four bytes of English, and most of a word's bytes.
        let mut bytes = Vec::with_capacity(text.len());
        let mut terms = Vec::with_capacity(text.len() / 4);
        let mut length = 0;
        self.tokens(text, Side::Record, |token| {
            let term = token.term.as_bytes();
            let start = u32::try_from(bytes.len()).expect("a text of 100 KB has less than 4 GB of terms");
            bytes.extend_from_slice(term);
            let size = u8::try_from(term.len()).expect("a term is at most TERM_BYTES_MAX long");
            terms.push(Place { hash: term_hash(term), start, length: size, count: 1 });
            length += u32::from(token.kind == TokenKind::Word);
        });
        terms.sort_unstable_by(|a, b| a.hash.cmp(&b.hash).then_with(|| a.bytes(&bytes).cmp(b.bytes(&bytes))));
        terms.dedup_by(|next, kept| {
            let same = next.hash == kept.hash && next.bytes(&bytes) == kept.bytes(&bytes);
            if same {
                kept.count = kept.count.saturating_add(1);
            }
            same
        });
        CountedTerms { bytes, terms, length }
    }
}
