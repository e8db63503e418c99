//! Unicode NFC for what is compared byte by byte: tags, domains, agents, tasks, keys, collective names.
//!
//! So two spellings of a word, such as an accented letter as one code point or as two, are one word. Contents are not
//! changed. The form is that of Unicode Standard Annex 15.

use std::collections::BTreeMap;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::error::ValidationError;
use crate::id::{AgentId, TaskId};
use crate::model::SearchFilter;

/// A text in NFC.
pub(crate) fn nfc(text: String) -> String {
    if is_nfc(&text) { text } else { text.nfc().collect() }
}

/// Whether a text is known to be in NFC, which most are.
fn is_nfc(text: &str) -> bool {
    text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes
}

pub(super) fn texts(texts: Vec<String>) -> Vec<String> {
    texts.into_iter().map(nfc).collect()
}

/// Tags in NFC. Two spellings of one key with two values are refused, since one value would be lost.
pub(super) fn pairs(pairs: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, ValidationError> {
    if pairs.iter().all(|(key, value)| is_nfc(key) && is_nfc(value)) {
        return Ok(pairs);
    }
    let mut normal = BTreeMap::new();
    for (key, value) in pairs {
        let (key, value) = (nfc(key), nfc(value));
        if normal.get(&key).is_some_and(|other| *other != value) {
            let reason = format!("the key `{key}` is given in two spellings with two values; give it once");
            return Err(ValidationError::invalid("tags", reason));
        }
        normal.insert(key, value);
    }
    Ok(normal)
}

pub(super) fn agent(agent: AgentId) -> AgentId {
    AgentId::new(nfc(agent.into_string()))
}

pub(super) fn task(task: TaskId) -> TaskId {
    TaskId::new(nfc(task.into_string()))
}

pub(super) fn filter(filter: SearchFilter) -> Result<SearchFilter, ValidationError> {
    Ok(SearchFilter {
        domains: filter.domains.map(texts),
        tags_all: filter.tags_all.map(pairs).transpose()?,
        source_agents: filter.source_agents.map(|agents| agents.into_iter().map(agent).collect()),
        source_tasks: filter.source_tasks.map(|tasks| tasks.into_iter().map(task).collect()),
        key_prefix: filter.key_prefix.map(nfc),
        ..filter
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_a_word_become_one() {
        assert_eq!(nfc("cafe\u{301}".into()), "caf\u{e9}");
        assert_eq!(nfc("caf\u{e9}".into()), "caf\u{e9}");
        assert_eq!(nfc("\u{1100}\u{1161}".into()), "\u{ac00}");
    }
}
