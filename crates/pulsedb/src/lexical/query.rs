//! The language of queries: plain words, `"a phrase"`, `-excluded`, `begin*`.
//!
//! ```text
//! at the beginning of a query, and behind white space:
//!     "  and a later "           the words between them must stand in a record one behind the other
//!     -  and no - or space       the word or the quoted phrase behind it must not stand in a record
//!     text up to white space
//!         ending in *            the words that begin so, if there is one word (or one chain) before the star
//!         else                   plain words
//! ```
//!
//! Whatever is none of these is text: a quotation mark without a second one, a sign alone. No query is an error.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::analyse::{Analyser, Side, TokenKind};
use super::pattern::{Pattern, Prefix, Term};
use super::phrase::Phrase;
use crate::limits::{QUERY_CLAUSES_MAX, QUERY_TERMS_MAX};

/// What a query asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// What is scored: each distinct term, in the order in which they first stand.
    pub(crate) terms: Vec<QueryTerm>,
    /// Where they stand.
    pub(crate) places: Vec<Place>,
    /// Phrases that a record must contain.
    pub(crate) phrases: Vec<Phrase>,
    /// What a record must not contain.
    pub(crate) excluded: Vec<Excluded>,
    /// Whether all of its words are stop words, so that none was dropped.
    pub(crate) has_only_stop_words: bool,
    /// Terms that were left out because there were too many: more than `QUERY_TERMS_MAX` distinct ones. A prefix, a
    /// phrase or an exclusion above `QUERY_CLAUSES_MAX` is taken as plain words, and counts here as one.
    pub(crate) left_out: usize,
}

/// A term of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueryTerm {
    pub(crate) pattern: Pattern,
    /// How often it stands in the query.
    pub(crate) times: u32,
}

/// Where a term of the query stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Bytes of the query.
    pub(crate) range: Range<usize>,
    /// Its index in `terms`.
    pub(crate) term: usize,
    /// Whether it is a word, or a pair of characters, as it stands there: no part of one, and no chain of several.
    pub(crate) is_word: bool,
}

/// What no hit may contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Excluded {
    /// A word, or the words that begin in one way.
    Pattern(Pattern),
    /// Words in this order.
    Phrase(Phrase),
}

impl Query {
    /// Reads a query.
    pub(crate) fn parse(text: &str, analyser: &mut Analyser) -> Query {
        let mut parser = Parser { text, analyser, query: Query::default(), found: Vec::new(), clauses: 0 };
        parser.parse();
        parser.finish()
    }

    /// Takes a text as the words that it has: nothing in it is a sign of the language of queries.
    pub(crate) fn plain(text: &str, analyser: &mut Analyser) -> Query {
        let mut parser = Parser { text, analyser, query: Query::default(), found: Vec::new(), clauses: 0 };
        parser.words(0..text.len(), false);
        parser.finish()
    }

    /// Whether a hit must be compared with `accepts`, because postings cannot tell.
    pub(crate) fn needs_text(&self) -> bool {
        !self.phrases.is_empty()
            || self.excluded.iter().any(|excluded| matches!(excluded, Excluded::Phrase(_)))
    }

    /// Whether a record with this text has every phrase of the query, and none that is excluded. Excluded words
    /// are not looked for here: see `restrict`.
    pub(crate) fn accepts(&self, text: &str, analyser: &mut Analyser) -> bool {
        self.phrases.iter().all(|phrase| phrase.stands_in(text, analyser))
            && !self.excluded.iter().any(|excluded| match excluded {
                Excluded::Phrase(phrase) => phrase.stands_in(text, analyser),
                Excluded::Pattern(_) => false,
            })
    }

    /// Which of its terms a text holds.
    pub(crate) fn held(&self, text: &str, analyser: &mut Analyser) -> Vec<bool> {
        let mut held = vec![false; self.terms.len()];
        analyser.tokens(text, Side::Record, |token| {
            for (held, term) in held.iter_mut().zip(&self.terms) {
                *held |= term.pattern.holds(token.term);
            }
        });
        held
    }

    /// Where words that the query asks for stand in a text, in order and apart from one another: what a hit shows in
    /// bold.
    pub(crate) fn matched(&self, text: &str, analyser: &mut Analyser) -> Vec<Range<usize>> {
        let mut exact = HashSet::new();
        let mut prefixes = Vec::new();
        for term in &self.terms {
            match &term.pattern {
                Pattern::Term(term) => {
                    exact.insert(term.text());
                }
                Pattern::Prefix(_) => prefixes.push(&term.pattern),
            }
        }
        let mut matched: Vec<Range<usize>> = Vec::new();
        analyser.tokens(text, Side::Record, |token| {
            if exact.contains(token.term) || prefixes.iter().any(|prefix| prefix.holds(token.term)) {
                matched.push(token.range);
            }
        });
        matched.sort_unstable_by_key(|range| (range.start, range.end));
        matched.dedup_by(|next, kept| {
            let overlaps = next.start < kept.end;
            if overlaps {
                kept.end = kept.end.max(next.end);
            }
            overlaps
        });
        matched
    }
}

/// A term of the query before stop words are dropped.
struct Found {
    pattern: Pattern,
    range: Range<usize>,
    is_stop_word: bool,
    is_word: bool,
}

struct Parser<'t, 'a> {
    text: &'t str,
    analyser: &'a mut Analyser,
    query: Query,
    found: Vec<Found>,
    /// Prefixes, phrases and exclusions so far.
    clauses: usize,
}

impl Parser<'_, '_> {
    fn parse(&mut self) {
        let mut at = 0;
        // Where plain text began that has not been analysed.
        let mut plain = 0;
        while at < self.text.len() {
            let rest = &self.text[at..];
            let space = rest.len() - rest.trim_start().len();
            if space > 0 {
                at += space;
                continue;
            }
            let end = self.clause(at, plain);
            if let Some(end) = end {
                plain = end;
            }
            at = end.unwrap_or_else(|| at + rest.find(char::is_whitespace).unwrap_or(rest.len()));
        }
        self.words(plain..self.text.len(), false);
    }

    /// Takes a clause that begins here, and the plain text before it; where it ends.
    fn clause(&mut self, at: usize, plain: usize) -> Option<usize> {
        let is_excluded = self.text[at..].starts_with('-');
        let body = at + usize::from(is_excluded);
        let rest = &self.text[body..];
        if let Some(quoted) = rest.strip_prefix('"') {
            let inside = body + 1..body + 1 + quoted.find('"')?;
            self.has_room()?;
            let phrase = Phrase::new(&self.text[inside.clone()], self.analyser)?;
            self.begin_clause(plain..at);
            if is_excluded {
                self.query.excluded.push(Excluded::Phrase(phrase));
            } else {
                self.query.phrases.push(phrase);
                self.words(inside.clone(), true);
            }
            return Some(inside.end + 1);
        }
        let token = body..body + rest.find(char::is_whitespace).unwrap_or(rest.len());
        let end = token.end;
        let has_star = rest[..token.len()].ends_with('*');
        if (!is_excluded && !has_star) || (is_excluded && rest.starts_with('-')) {
            return None;
        }
        self.has_room()?;
        let start = if has_star { self.analyser.beginning(&self.text[body..end - 1]) } else { None };
        let prefix = start.map(|start| Prefix::of_words(&start, self.analyser.stems()));
        if is_excluded {
            let excluded = match prefix {
                Some(prefix) => Excluded::Pattern(Pattern::Prefix(prefix)),
                None => self.excluded(token)?,
            };
            self.begin_clause(plain..at);
            self.query.excluded.push(excluded);
        } else {
            let pattern = Pattern::Prefix(prefix?);
            self.begin_clause(plain..at);
            let range = body..end - 1;
            self.found.push(Found { pattern, range, is_stop_word: false, is_word: false });
        }
        Some(end)
    }

    /// `None` if there are so many clauses that a further one is plain text.
    fn has_room(&mut self) -> Option<()> {
        let is_full = self.clauses == QUERY_CLAUSES_MAX;
        self.query.left_out += usize::from(is_full);
        (!is_full).then_some(())
    }

    fn begin_clause(&mut self, plain: Range<usize>) {
        self.clauses += 1;
        self.words(plain, false);
    }

    /// What a token excludes: its one word or chain, else its words in their order.
    fn excluded(&mut self, token: Range<usize>) -> Option<Excluded> {
        let token = &self.text[token];
        let mut first = None;
        self.analyser.tokens(token, Side::Query, |found| {
            let pattern = match found.kind {
                TokenKind::Single => Pattern::Prefix(Prefix::of_terms(found.term)),
                TokenKind::Word | TokenKind::Besides => Pattern::Term(Term::new(found.term)),
            };
            // Of a chain the whole comes first, of a word the word: what covers the token.
            first.get_or_insert((pattern, found.range));
        });
        let (pattern, range) = first?;
        let rest = [&token[..range.start], &token[range.end..]];
        if rest.iter().all(|rest| !rest.contains(char::is_alphanumeric)) {
            return Some(Excluded::Pattern(pattern));
        }
        Phrase::new(token, self.analyser).map(Excluded::Phrase)
    }

    /// Adds the words of a part of the query; those of a phrase are asked for even if they are stop words.
    fn words(&mut self, range: Range<usize>, in_phrase: bool) {
        let found = &mut self.found;
        self.analyser.tokens(&self.text[range.clone()], Side::Query, |token| {
            let pattern = match token.kind {
                TokenKind::Single => Pattern::Prefix(Prefix::of_terms(token.term)),
                TokenKind::Word | TokenKind::Besides => Pattern::Term(Term::new(token.term)),
            };
            found.push(Found {
                pattern,
                range: range.start + token.range.start..range.start + token.range.end,
                is_stop_word: token.is_stop_word && !in_phrase,
                is_word: token.kind != TokenKind::Besides,
            });
        });
    }

    fn finish(mut self) -> Query {
        let all_stop = self.found.iter().all(|found| found.is_stop_word);
        let mut known: HashMap<Pattern, usize> = HashMap::new();
        self.query.has_only_stop_words = all_stop;
        for Found { pattern, range, is_stop_word, is_word } in self.found {
            if is_stop_word && !all_stop {
                continue;
            }
            let terms = &mut self.query.terms;
            if let Some(&term) = known.get(&pattern) {
                terms[term].times += 1;
                self.query.places.push(Place { range, term, is_word });
            } else if terms.len() < QUERY_TERMS_MAX {
                let term = terms.len();
                known.insert(pattern.clone(), term);
                terms.push(QueryTerm { pattern, times: 1 });
                self.query.places.push(Place { range, term, is_word });
            } else {
                self.query.left_out += 1;
            }
        }
        self.query
    }
}
