//! Words: the terms of a content, the language of queries, and BM25.

use pulsedb_model::Model;

use crate::config::SearchConfig;
use crate::index::{asks, with_analyser};
use crate::lexical::{self, Bm25, Query, Totals};

/// What an index keeps of a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    /// Its distinct terms, each with how often it stands there.
    pub terms: Vec<(String, u32)>,
    /// Its number of words.
    pub words: u32,
    /// Its pieces, which late interaction compares: rows of the bundled table.
    pub pieces: Vec<u16>,
    /// Whether it ends with a question mark.
    pub asks: bool,
}

/// What an index keeps of a content.
pub fn index(content: &str) -> Indexed {
    let counted = with_analyser(|analyser| analyser.count(content));
    let term = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let terms = counted.iter().map(|(_, bytes, count)| (term(bytes), u32::from(count))).collect();
    // The table has fewer rows than 2^16.
    let pieces = Model::bundled().tokenize(content).into_iter().map(|piece| piece as u16).collect();
    Indexed { terms, words: counted.length(), pieces, asks: asks(content) }
}

/// One term, or all that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern<'q> {
    /// This term.
    Term(&'q str),
    /// Any of several terms, which only a look at each term of a row can tell.
    Several,
}

impl<'q> From<&'q lexical::Pattern> for Pattern<'q> {
    fn from(pattern: &'q lexical::Pattern) -> Self {
        match pattern {
            lexical::Pattern::Term(term) => Self::Term(term.text()),
            lexical::Pattern::Prefix(_) => Self::Several,
        }
    }
}

/// How many rows there are that a query is compared with, and how many words they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rows {
    /// Their number.
    pub rows: u64,
    /// Their words.
    pub words: u64,
}

/// The words that a query asks for.
#[derive(Debug, Clone)]
pub struct Words(Query);

impl Words {
    /// Of the language of queries: `"a phrase"`, `-excluded`, `begin*`.
    pub fn parse(text: &str) -> Self {
        Self(with_analyser(|analyser| Query::parse(text, analyser)))
    }

    /// Of a text in which no sign means anything.
    pub fn plain(text: &str) -> Self {
        Self(with_analyser(|analyser| Query::plain(text, analyser)))
    }

    /// What is scored, in order.
    pub fn patterns(&self) -> Vec<Pattern<'_>> {
        self.0.terms.iter().map(|term| Pattern::from(&term.pattern)).collect()
    }

    /// How often a row holds each of them, from its terms with their counts.
    pub fn counts(&self, terms: &[(String, u32)]) -> Vec<u32> {
        let count = |pattern: &lexical::Pattern| -> u32 {
            terms.iter().filter(|(term, _)| pattern.holds(term)).map(|(_, count)| count).sum()
        };
        self.0.terms.iter().map(|term| count(&term.pattern)).collect()
    }

    /// Whether there is more to a hit than that it holds a word.
    pub fn restricts(&self) -> bool {
        self.0.restricts()
    }

    /// Whether a row with this content and these terms has every phrase and nothing that is excluded.
    pub fn admits(&self, content: &str, terms: &[(String, u32)]) -> bool {
        let holds = |pattern: &lexical::Pattern| terms.iter().any(|(term, _)| pattern.holds(term));
        self.0.required().all(&holds)
            && !self.0.refused().any(&holds)
            && (!self.0.needs_text() || with_analyser(|analyser| self.0.accepts(content, analyser)))
    }

    /// What the words weigh, given how many rows hold each of them.
    pub fn scorer(&self, frequencies: &[u64], rows: Rows, settings: &SearchConfig) -> Scorer {
        let terms = self.0.terms.iter().zip(frequencies).map(|(term, frequency)| (term.times, *frequency));
        let totals = Totals { rows: rows.rows, words: rows.words };
        let parameters = Bm25 { k1: settings.bm25_k1, b: settings.bm25_b };
        Scorer(lexical::Scorer::new(terms, totals, parameters))
    }

    pub(super) fn query(&self) -> &Query {
        &self.0
    }
}

/// What the words of a query weigh.
#[derive(Debug, Clone)]
pub struct Scorer(pub(super) lexical::Scorer);

impl Scorer {
    /// The score of a row from how often it holds each word, and how many words it has: 0 if it holds none.
    pub fn score(&self, counts: &[u32], words: u32) -> f32 {
        self.0.score(counts, words)
    }
}
