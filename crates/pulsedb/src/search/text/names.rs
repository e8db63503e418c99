//! The agent whom a query names.

use std::collections::HashSet;

use crate::error::Result;
use crate::limits;
use crate::storage::CollectiveView;
use crate::validate::nfc;

/// Letters of a word that can be a name.
const NAME_LETTERS_MIN: usize = 3;

/// The one agent of a collective of whose id a query contains a word, whole, in any case; `None` if there is none, or
/// more than one.
pub(super) fn named<'t>(collective: CollectiveView<'t>, query: &str) -> Result<Option<&'t str>> {
    if names(&folded(query)).next().is_none() {
        return Ok(None);
    }
    let agents = collective.agents(limits::NAMED_AGENTS_MAX)?.unwrap_or_default();
    Ok(named_of(agents, query))
}

/// As [`named`], of these agents.
pub(crate) fn named_of<'a>(agents: impl IntoIterator<Item = &'a str>, query: &str) -> Option<&'a str> {
    let text = folded(query);
    let asked: HashSet<&str> = names(&text).collect();
    let is_named = |agent: &&str| names(&folded(agent)).any(|name| asked.contains(name));
    let mut named = agents.into_iter().filter(is_named);
    named.next().filter(|_| named.next().is_none())
}

fn folded(text: &str) -> String {
    nfc(text.to_lowercase())
}

/// The words of a text that can be names.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|character: char| !character.is_alphanumeric());
    words
        .filter(|word| word.chars().filter(|character| character.is_alphabetic()).count() >= NAME_LETTERS_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_of_three_letters_in_any_case() {
        let text = folded("Ann-Marie's CODE-reviewer_7 Bo \u{c9}lo\u{ef}se agent42");
        let found: Vec<&str> = names(&text).collect();
        assert_eq!(found, ["ann", "marie", "code", "reviewer", "\u{e9}lo\u{ef}se", "agent42"]);
    }
}
