//! The words of a query as a tokenizer of pieces takes them: cut at signs, without what a query can do without.

use super::query::Query;
use super::stop::is_stop_word;

impl Query {
    /// The words of the query cut at every sign inside of them, each with the index of the term of its word. What is a
    /// stop word by itself is left out, such as the end of `Ann's`, unless the query has no other words.
    pub(crate) fn cuts<'q>(&self, text: &'q str) -> impl Iterator<Item = (&'q str, usize)> {
        let keeps_stop_words = self.has_only_stop_words;
        self.places.iter().filter(|place| place.is_word).flat_map(move |place| {
            let cuts = text.get(place.range.clone()).unwrap_or_default();
            let cuts =
                cuts.split(|character: char| character.is_ascii_punctuation() || character == '\u{2019}');
            cuts.filter(move |cut| {
                !cut.is_empty() && (keeps_stop_words || !is_stop_word(&cut.to_lowercase()))
            })
            .map(|cut| (cut, place.term))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Analyser, Query};

    fn cuts(text: &str) -> Vec<&str> {
        let query = Query::plain(text, &mut Analyser::new());
        query.cuts(text).map(|(cut, _)| cut).collect()
    }

    #[test]
    fn words_are_cut_at_signs_and_stop_words_are_left_out() {
        assert_eq!(cuts("What did Ann's dog do at 1,000 km?"), ["Ann", "dog", "1", "000", "km"]);
        assert_eq!(cuts("std::vec snake_case"), ["std", "vec", "snake", "case"]);
        assert_eq!(cuts("don't you?"), ["don", "t", "you"]);
        assert_eq!(cuts("\"a phrase\" -not begin*"), ["phrase", "begin"]);
        assert_eq!(cuts("\u{6570}\u{636e}\u{5e93}"), ["\u{6570}\u{636e}", "\u{636e}\u{5e93}"]);
        assert!(cuts("?! ...").is_empty());
    }

    #[test]
    fn each_cut_has_the_term_of_its_word() {
        let text = "Ann's snake_case Ann";
        let query = Query::plain(text, &mut Analyser::new());
        let terms: Vec<usize> = query.cuts(text).map(|(_, term)| term).collect();
        assert_eq!(terms[0], 0);
        assert_eq!(terms[1], terms[2]);
        assert_eq!(terms.last(), Some(&0), "the stem of Ann's is Ann");
    }
}
