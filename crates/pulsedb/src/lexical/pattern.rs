//! What a query looks for in the list of terms: one term, or all that begin alike.

use super::hash::term_hash;
use super::normal::Stems;
use super::tail::TailRow;

/// One term, or all terms that begin alike and count as one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Pattern {
    /// This term.
    Term(Term),
    /// Every term with this beginning.
    Prefix(Prefix),
}

/// A term with its hash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Term {
    text: String,
    hash: u32,
}

/// The terms of the words that begin in one way. A row counts as holding one term, as often as it holds all of them
/// together, so that neither the number of them nor where they lie has a say in the score, and none is left out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Prefix {
    start: String,
    /// Stems of words that begin with `start` although the stem does not: `run` of `runni*`, `happi` of `happy*`.
    stems: Vec<Term>,
}

impl Term {
    pub(super) fn new(text: &str) -> Term {
        Term { text: text.to_owned(), hash: term_hash(text.as_bytes()) }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl Pattern {
    /// The term of an attribute, as [`CountedTerms::with_attributes`](super::CountedTerms::with_attributes) adds it.
    pub(crate) fn attribute(text: &str) -> Pattern {
        Pattern::Term(Term::new(text))
    }
}

impl Prefix {
    /// The terms that begin with `start`, and no others.
    pub(super) fn of_terms(start: &str) -> Prefix {
        Prefix { start: start.to_owned(), stems: Vec::new() }
    }

    /// The terms of the words that begin with `start`: those that begin so themselves, and those that the stemmer
    /// makes of `start` with the endings of English behind it, whole or begun in `start` already.
    pub(super) fn of_words(start: &str, stemmer: &mut Stems) -> Prefix {
        let mut stems: Vec<Term> = Vec::new();
        let mut word = String::new();
        for ending in ENDINGS {
            for begun in (0..=ending.len()).filter(|&begun| start.ends_with(&ending[..begun])) {
                word.clear();
                word.push_str(start);
                word.push_str(&ending[begun..]);
                let stem = stemmer.stem(&word);
                if !stem.starts_with(start) && stems.iter().all(|known| known.text != *stem) {
                    stems.push(Term::new(stem));
                }
            }
        }
        Prefix { start: start.to_owned(), stems }
    }

    pub(crate) fn start(&self) -> &str {
        &self.start
    }

    pub(super) fn stems(&self) -> &[Term] {
        &self.stems
    }

    fn holds(&self, term: &[u8]) -> bool {
        term.starts_with(self.start.as_bytes()) || self.stems.iter().any(|stem| stem.text.as_bytes() == term)
    }
}

impl Pattern {
    /// How often a row of the tail holds it.
    pub(crate) fn count(&self, row: &TailRow<'_>) -> u32 {
        match self {
            Pattern::Term(term) => row.count(term.hash, term.text.as_bytes()),
            Pattern::Prefix(prefix) => {
                row.terms().filter(|term| prefix.holds(term.term)).map(|term| u32::from(term.count)).sum()
            }
        }
    }

    /// Whether it stands for this term of a record.
    pub(crate) fn holds(&self, term: &str) -> bool {
        match self {
            Pattern::Term(wanted) => wanted.text == term,
            Pattern::Prefix(prefix) => prefix.holds(term.as_bytes()),
        }
    }
}

/// Endings that Snowball's English stemmer takes off or changes, alone and one behind another.
const ENDINGS: &[&str] = &[
    "", "'s", "ability", "able", "ably", "al", "alism", "ality", "ally", "ance", "ances", "ant", "ate",
    "ated", "ates", "ating", "ation", "ational", "ations", "ative", "ator", "ators", "e", "ed", "edly",
    "ement", "ence", "ences", "ent", "ently", "er", "ers", "es", "ful", "fully", "fulness", "ible", "ibly",
    "ic", "ical", "ically", "icate", "ies", "ied", "ing", "ingly", "ings", "ion", "ional", "ions", "ism",
    "isms", "ist", "ists", "ities", "ity", "ive", "ively", "iveness", "ivity", "ization", "izations", "ize",
    "ized", "izer", "izers", "izes", "izing", "isation", "ise", "ised", "ising", "less", "lessly",
    "lessness", "ly", "ment", "ments", "ness", "nesses", "ogy", "ous", "ously", "ousness", "s", "y", "ying",
];
