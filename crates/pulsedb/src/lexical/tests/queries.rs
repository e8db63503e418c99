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
    assert_eq!(terms(&parse("What happens when the tank is cold?")), ["happen", "tank", "cold"]);
    assert_eq!(terms(&parse("who could it be")), ["who", "could", "it", "be"]);
    assert_eq!(terms(&parse("\"to be\" tank")), ["to", "be", "tank"]);
    assert_eq!(terms(&parse("may")), ["may"]);
}

#[test]
fn repeated_words_count_as_often_as_they_stand() {
    let query = parse("tank cold tank tanks");
    let times: Vec<u32> = query.terms.iter().map(|term| term.times).collect();
    assert_eq!((terms(&query), times), (vec!["tank".to_owned(), "cold".to_owned()], vec![3, 1]));
    let places: Vec<_> = query.places.iter().map(|place| (place.range.clone(), place.term)).collect();
    assert_eq!(places, [(0..4, 0), (5..9, 1), (10..14, 0), (15..20, 0)]);
}

#[test]
fn phrases_must_stand_as_they_are_but_for_capitals_and_what_is_between() {
    assert!(finds("\"tank is cold\"", "the Tank is  -cold- again"));
    assert!(!finds("\"tank is cold\"", "the cold tank is big"));
    assert!(!finds("\"tank is cold\"", "tanks is cold"));
    assert!(finds("\"mod rs\"", "in src/db/mod.rs"));
    assert!(finds("\"a a b\"", "a a a b"));
    assert!(finds("\"\u{672c}\u{8a9e}\"", "\u{65e5}\u{672c}\u{8a9e}\u{3067}"));
    assert!(!finds("\"\u{672c}\u{65e5}\"", "\u{65e5}\u{672c}"));
    assert!(parse("\"tank cold\" now").needs_text());
    assert!(!parse("tank cold -now").needs_text());
}

#[test]
fn excluded_words_and_phrases_keep_records_away() {
    assert!(!finds("tank -cold", "the tank is cold"));
    assert!(finds("tank -cold", "the tank is empty"));
    assert!(!finds("tank -\"is cold\"", "the tank is cold"));
    assert!(finds("tank -\"is cold\"", "cold is the tank"));
    assert!(!finds("vec -std::vec", "std::vec"));
    assert!(finds("vec -std::vec", "my vec of std"));
    assert!(!finds("tank -wri*", "tank written"));
    assert!(!finds("tank -foo,bar", "tank foo bar"));
    assert!(finds("tank -foo,bar", "tank bar"));
    assert!(parse("-cold").terms.is_empty());
}

#[test]
fn signs_that_are_no_operators_are_text() {
    for (text, expected) in [
        ("\"tank cold", vec!["tank", "cold"]),
        ("tank \"", vec!["tank"]),
        ("- tank", vec!["tank"]),
        ("--release", vec!["releas"]),
        ("-", vec![]),
        ("\"\" \"...\" tank", vec!["tank"]),
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
    let text = "The tanks were cold; getUserById wrote \u{65e5}\u{672c}\u{8a9e}.";
    let query = parse("tank writ* user \u{65e5}\u{672c}\u{8a9e} cold");
    let matched = query.matched(text, &mut Analyser::new());
    let shown: Vec<&str> = matched.into_iter().map(|range| &text[range]).collect();
    assert_eq!(shown, ["tanks", "cold", "User", "\u{65e5}\u{672c}\u{8a9e}"]);
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
    let cold = |unit: &str| unit.repeat(QUERY_BYTES_MAX / unit.len());
    for text in [
        cold("a"),
        cold("\""),
        cold("\"a "),
        cold("-\""),
        cold("-a "),
        cold("a* "),
        cold("*"),
        cold("- "),
        cold("the "),
        cold("\u{732b}"),
        cold("\u{0}"),
        cold("\u{301}*"),
        format!("\"{}\"", cold("a ")),
    ] {
        let query = parse(&text);
        assert!(query.terms.len() <= QUERY_TERMS_MAX);
        assert!(query.phrases.len() + query.excluded.len() <= QUERY_CLAUSES_MAX);
        query.accepts(&cold("a "), &mut Analyser::new());
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
