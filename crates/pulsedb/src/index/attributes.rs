//! Domains, tags, agents and tasks as terms, so that the postings of a block answer filters too.
//!
//! A term begins with a control character that no word begins with, then the kind, then the text. A text that is too
//! long for one term is cut into several, numbered, of which the last has a kind of its own; a record has one agent,
//! one task and one value of a tag, so that all of its pieces together stand for exactly one text.

use std::collections::BTreeMap;

use crate::id::{AgentId, TaskId};
use crate::lexical::Pattern;
use crate::limits;

/// Begins every attribute. No word contains it.
const MARK: char = '\u{2}';
/// Between the key of a tag and its value.
const BETWEEN: char = '\u{3}';
/// Stands before the replacement of a control character that has a meaning here.
const ESCAPE: char = '\u{1}';

/// The kinds, each with the letter of its last piece and that of the others.
const DOMAIN: [char; 2] = ['D', 'd'];
const TAG: [char; 2] = ['T', 't'];
const AGENT: [char; 2] = ['A', 'a'];
const TASK: [char; 2] = ['K', 'k'];

/// What is indexed of a record, new or stored.
pub(super) struct Indexed<'e> {
    pub(super) content: &'e str,
    pub(super) domain: &'e [String],
    pub(super) tags: &'e BTreeMap<String, String>,
    pub(super) agent: Option<&'e AgentId>,
    pub(super) task: Option<&'e TaskId>,
}

/// The terms of every attribute of a record.
pub(super) fn attributes(record: &Indexed<'_>) -> impl Iterator<Item = String> {
    let domains = record.domain.iter().flat_map(|domain| terms(DOMAIN, None, domain));
    let tags = record.tags.iter().flat_map(|(key, value)| terms(TAG, Some(key), value));
    let agent = record.agent.into_iter().flat_map(|agent| terms(AGENT, None, agent.as_str()));
    let task = record.task.into_iter().flat_map(|task| terms(TASK, None, task.as_str()));
    domains.chain(tags).chain(agent).chain(task)
}

/// What a record must have: all of these terms.
pub(crate) type AllOf = Vec<Pattern>;

pub(crate) fn domain(domain: &str) -> AllOf {
    patterns(terms(DOMAIN, None, domain))
}

pub(crate) fn tag(key: &str, value: &str) -> AllOf {
    patterns(terms(TAG, Some(key), value))
}

pub(crate) fn agent(agent: &str) -> AllOf {
    patterns(terms(AGENT, None, agent))
}

pub(crate) fn task(task: &str) -> AllOf {
    patterns(terms(TASK, None, task))
}

fn patterns(terms: Vec<String>) -> AllOf {
    terms.iter().map(|term| Pattern::attribute(term)).collect()
}

fn terms([last, other]: [char; 2], key: Option<&str>, text: &str) -> Vec<String> {
    let head = |kind: char, piece: usize| {
        let mut head = String::from(MARK);
        head.push(kind);
        // Fewer than ten pieces: 256 bytes, each of which escaping doubles at most, in pieces of 40 and more.
        head.extend(char::from_digit(piece as u32, 36));
        if let Some(key) = key {
            head.extend(escaped(key));
            head.push(BETWEEN);
        }
        head
    };
    let mut terms = Vec::new();
    let mut term = head(last, 0);
    for character in escaped(text) {
        if term.len() + character.len_utf8() > limits::ATTRIBUTE_BYTES_MAX {
            let piece = terms.len();
            terms.push(term.replacen(last, &other.to_string(), 1));
            term = head(last, piece + 1);
        }
        term.push(character);
    }
    terms.push(term);
    terms
}

fn escaped(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(|character| {
        let replaced = match character {
            '\0' => Some('0'),
            ESCAPE => Some('1'),
            MARK => Some('2'),
            BETWEEN => Some('3'),
            _ => None,
        };
        let pair = [replaced.map(|_| ESCAPE), Some(replaced.unwrap_or(character))];
        pair.into_iter().flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_become_several_terms_that_fit() {
        for text in ["", "short", &"\u{1}".repeat(200), &"x".repeat(256), &"\u{e9}".repeat(128)] {
            let all = terms(TAG, Some(&"\u{2}".repeat(100)), text);
            assert!(all.iter().all(|term| term.len() <= limits::ATTRIBUTE_BYTES_MAX), "{all:?}");
            let agent = terms(AGENT, None, text);
            assert!(agent.iter().all(|term| term.len() <= limits::ATTRIBUTE_BYTES_MAX), "{agent:?}");
        }
    }

    #[test]
    fn text_and_one_that_goes_on_have_no_last_term_in_common() {
        let (short, long) = ("x".repeat(252), "x".repeat(253));
        let (short, long) = (terms(AGENT, None, &short), terms(AGENT, None, &long));
        assert_eq!((short.len(), long.len()), (1, 2));
        assert!(!long.contains(&short[0]));
    }

    #[test]
    fn key_and_value_are_not_taken_for_others() {
        assert_ne!(terms(TAG, Some("a"), "b\u{3}c"), terms(TAG, Some("a\u{3}b"), "c"));
        assert_ne!(terms(DOMAIN, None, "x"), terms(AGENT, None, "x"));
    }
}
