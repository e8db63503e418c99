//! What queries mean.

use proptest::prelude::*;

use crate::lexical::analyse::Side;
use crate::lexical::pattern::Pattern;
use crate::lexical::query::Excluded;
use crate::lexical::{Analyser, Query};
use crate::limits::{QUERY_BYTES_MAX, QUERY_CLAUSES_MAX, QUERY_TERMS_MAX};

fn parse(text: &str) -> Query {
    Query::parse(text, &mut Analyser::new())
}

fn name(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Term(term) => term.text().to_owned(),
        Pattern::Prefix(prefix) => format!("{}*", prefix.start()),
    }
}

fn terms(query: &Query) -> Vec<String> {
    query.terms.iter().map(|term| name(&term.pattern)).collect()
}

fn finds(query: &str, text: &str) -> bool {
    let query = parse(query);
    let mut analyser = Analyser::new();
    let mut words = Vec::new();
    analyser.tokens(text, Side::Record, |token| words.push(token.term.to_owned()));
    let holds = |pattern: &Pattern| words.iter().any(|word| pattern.holds(word));
    let excluded = query.excluded.iter().any(|excluded| match excluded {
        Excluded::Pattern(pattern) => holds(pattern),
        Excluded::Phrase(_) => false,
    });
    query.terms.iter().any(|term| holds(&term.pattern)) && !excluded && query.accepts(text, &mut analyser)
}

#[test]
fn stop_words_are_dropped_unless_nothing_is_left_or_they_are_quoted() {
    assert_eq!(terms(&parse("What happens when the disk is full?")), ["happen", "disk", "full"]);
    assert_eq!(terms(&parse("who could it be")), ["who", "could", "it", "be"]);
    assert_eq!(terms(&parse("\"to be\" disk")), ["to", "be", "disk"]);
    assert_eq!(terms(&parse("may")), ["may"]);
}

#[test]
fn repeated_words_count_as_often_as_they_stand() {
    let query = parse("disk full disk disks");
    let times: Vec<u32> = query.terms.iter().map(|term| term.times).collect();
    assert_eq!((terms(&query), times), (vec!["disk".to_owned(), "full".to_owned()], vec![3, 1]));
    let places: Vec<_> = query.places.iter().map(|place| (place.range.clone(), place.term)).collect();
    assert_eq!(places, [(0..4, 0), (5..9, 1), (10..14, 0), (15..20, 0)]);
}

#[test]
fn phrases_must_stand_as_they_are_but_for_capitals_and_what_is_between() {
    assert!(finds("\"disk is full\"", "the Disk is  -full- again"));
    assert!(!finds("\"disk is full\"", "the full disk is big"));
    assert!(!finds("\"disk is full\"", "disks is full"));
    assert!(finds("\"mod rs\"", "in src/db/mod.rs"));
    assert!(finds("\"a a b\"", "a a a b"));
    assert!(finds("\"\u{672c}\u{8a9e}\"", "\u{65e5}\u{672c}\u{8a9e}\u{3067}"));
    assert!(!finds("\"\u{672c}\u{65e5}\"", "\u{65e5}\u{672c}"));
    assert!(parse("\"disk full\" now").needs_text());
    assert!(!parse("disk full -now").needs_text());
}

#[test]
fn excluded_words_and_phrases_keep_records_away() {
    assert!(!finds("disk -full", "the disk is full"));
    assert!(finds("disk -full", "the disk is empty"));
    assert!(!finds("disk -\"is full\"", "the disk is full"));
    assert!(finds("disk -\"is full\"", "full is the disk"));
    assert!(!finds("vec -std::vec", "std::vec"));
    assert!(finds("vec -std::vec", "my vec of std"));
    assert!(!finds("disk -wri*", "disk written"));
    assert!(!finds("disk -foo,bar", "disk foo bar"));
    assert!(finds("disk -foo,bar", "disk bar"));
    assert!(parse("-full").terms.is_empty());
}

#[test]
fn signs_that_are_no_operators_are_text() {
    for (text, expected) in [
        ("\"disk full", vec!["disk", "full"]),
        ("disk \"", vec!["disk"]),
        ("- disk", vec!["disk"]),
        ("--release", vec!["releas"]),
        ("-", vec![]),
        ("\"\" \"...\" disk", vec!["disk"]),
        ("* ** -* ?", vec![]),
        ("well-known", vec!["well-known", "well", "known"]),
        ("x*y", vec!["x", "y"]),
        ("foo,bar*", vec!["foo", "bar"]),
        ("", vec![]),
    ] {
        let query = parse(text);
        assert_eq!(terms(&query), expected, "{text}");
        assert!(!query.restricts(), "{text}");
    }
}

#[test]
fn prefixes_find_every_word_that_begins_so_whatever_its_stem() {
    let words = [
        "organization",
        "organizing",
        "running",
        "happy",
        "happily",
        "writes",
        "writing",
        "dying",
        "studies",
        "studied",
        "hoping",
        "connections",
        "relational",
        "carelessness",
        "quickly",
        "database",
        "getUserById",
        "snake_case",
        "std::vec",
        "src/db/mod.rs",
        "skies",
        "news",
        "generously",
        "traditional",
        "analogously",
        "international",
        "locks",
        "locked",
        "locker",
        "wives",
        "caf\u{e9}s",
        "deletion",
        "deleted",
        "possibly",
        "agreed",
        "replacement",
    ];
    for word in words {
        for (end, _) in word.char_indices().skip(2).chain([(word.len(), ' ')]) {
            let query = format!("{}*", &word[..end]);
            assert!(finds(&query, &format!("before {word} after")), "{query} should find {word}");
        }
    }
    assert!(!finds("organiz*", "origin"));
    assert_eq!(terms(&parse("src/db/* get_* Std::*")), ["src/db/*", "get_*", "std::*"]);
    assert_eq!(terms(&parse("\u{732b}")), ["\u{732b}*"]);
}

#[test]
fn matched_words_are_shown_where_they_stand() {
    let text = "The disks were full; getUserById wrote \u{65e5}\u{672c}\u{8a9e}.";
    let query = parse("disk writ* user \u{65e5}\u{672c}\u{8a9e} full");
    let matched = query.matched(text, &mut Analyser::new());
    let shown: Vec<&str> = matched.into_iter().map(|range| &text[range]).collect();
    assert_eq!(shown, ["disks", "full", "User", "\u{65e5}\u{672c}\u{8a9e}"]);
}

#[test]
fn limits_leave_words_out_and_say_so() {
    let many: Vec<String> = (0..QUERY_TERMS_MAX + 7).map(|n| format!("w{n}x")).collect();
    let query = parse(&many.join(" "));
    assert_eq!((query.terms.len(), query.left_out), (QUERY_TERMS_MAX, 7));
    let query = parse(&"wri* ".repeat(QUERY_CLAUSES_MAX + 3));
    assert_eq!((terms(&query), query.left_out), (vec!["wri*".to_owned(), "wri".to_owned()], 3));
}

#[test]
fn hostile_queries_are_parsed() {
    let full = |unit: &str| unit.repeat(QUERY_BYTES_MAX / unit.len());
    for text in [
        full("a"),
        full("\""),
        full("\"a "),
        full("-\""),
        full("-a "),
        full("a* "),
        full("*"),
        full("- "),
        full("the "),
        full("\u{732b}"),
        full("\u{0}"),
        full("\u{301}*"),
        format!("\"{}\"", full("a ")),
    ] {
        let query = parse(&text);
        assert!(query.terms.len() <= QUERY_TERMS_MAX);
        assert!(query.phrases.len() + query.excluded.len() <= QUERY_CLAUSES_MAX);
        query.accepts(&full("a "), &mut Analyser::new());
    }
}

proptest! {
    #[test]
    fn no_query_is_an_error(text in "[a-c\"*\u{732b}\u{301}. -]{0,40}|\\PC{0,60}", record in "[a-c ]{0,20}|\\PC{0,30}") {
        let query = parse(&text);
        for place in &query.places {
            prop_assert!(text.get(place.range.clone()).is_some());
            prop_assert!(place.term < query.terms.len());
        }
        let times: u32 = query.terms.iter().map(|term| term.times).sum();
        prop_assert_eq!(times as usize, query.places.len());
        let mut analyser = Analyser::new();
        query.accepts(&record, &mut analyser);
        for range in query.matched(&record, &mut analyser) {
            prop_assert!(record.get(range).is_some());
        }
    }

    #[test]
    fn phrases_are_found_where_the_words_follow_one_another(
        phrase in prop::collection::vec("[ab]", 1..6), text in prop::collection::vec("[ab]", 0..20)
    ) {
        let query = parse(&format!("\"{}\"", phrase.join(" ")));
        let expected = text.windows(phrase.len()).any(|window| window == phrase);
        prop_assert_eq!(query.accepts(&text.join(" "), &mut Analyser::new()), expected);
    }
}
