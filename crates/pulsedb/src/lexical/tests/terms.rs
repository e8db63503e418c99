//! What terms texts have.

use proptest::prelude::*;

use crate::lexical::analyse::{Side, TokenKind};
use crate::lexical::hash::term_hash;
use crate::lexical::{Analyser, TailRow, encode_tail_row};
use crate::limits::{CONTENT_BYTES_MAX, TERM_BYTES_MAX};

fn terms(text: &str, side: Side) -> Vec<String> {
    let mut found = Vec::new();
    Analyser::new().tokens(text, side, |token| found.push(token.term.to_owned()));
    found
}

fn length(text: &str) -> u32 {
    Analyser::new().count(text).length()
}

#[test]
fn words_are_stemmed_and_their_parts_and_chains_stand_besides() {
    let of_record = |text| terms(text, Side::Record);
    assert_eq!(of_record("Writers were writing."), ["writer", "were", "write"]);
    assert_eq!(of_record("getUserById"), ["getuserbyid", "get", "user", "by", "id"]);
    assert_eq!(of_record("snake_case"), ["snake_case", "snake", "case"]);
    assert_eq!(of_record("std::vec"), ["std::vec", "std", "vec"]);
    assert_eq!(of_record("error[E0499]:"), ["error", "e0499"]);
    assert_eq!(of_record("(src/db/mod.rs)"), ["src/db/mod.rs", "mod.rs", "src", "db", "mod", "rs"]);
    assert_eq!(
        of_record("std::collections::HashMap"),
        ["std::collections::hashmap", "std", "collect", "hashmap", "hash", "map"]
    );
    assert_eq!(of_record("1,000 3.14"), ["1000", "3.14", "3", "14"]);
    assert_eq!(length("getUserById in src/db/mod.rs, 1,000 times"), 8);
}

#[test]
fn identifiers_are_found_whole_and_by_each_part_in_any_case() {
    let record: Vec<String> = terms("called getUserById of std::vec in src/db/mod.rs", Side::Record);
    for query in
        ["getUserById", "GETUSERBYID", "user", "Std::Vec", "vec", "src/db/mod.rs", "mod.rs", "db", "calling"]
    {
        let whole = terms(query, Side::Query).swap_remove(0);
        assert!(record.contains(&whole), "{query}: {whole}");
    }
}

#[test]
fn scripts_without_spaces_are_pairs_of_characters() {
    let text = "\u{65e5}\u{672c}\u{8a9e}";
    assert_eq!(terms(text, Side::Record), ["\u{65e5}\u{672c}", "\u{672c}\u{8a9e}", "\u{8a9e}"]);
    assert_eq!(terms(text, Side::Query), ["\u{65e5}\u{672c}", "\u{672c}\u{8a9e}"]);
    assert_eq!(length(text), 3);
    // Korean: a noun with a particle, and the noun.
    let noun = "\u{ace0}\u{c591}\u{c774}";
    let record = terms(&format!("{noun}\u{b294}"), Side::Record);
    assert!(terms(noun, Side::Query).iter().all(|term| record.contains(term)));
    // Thai: a mark belongs to the letter that it is written on.
    assert_eq!(length("\u{0e17}\u{0e35}\u{0e48}\u{0e19}\u{0e35}\u{0e48}"), 2);
    // Half-width kana are the same as full-width ones.
    assert_eq!(
        terms("\u{ff76}\u{ff9e}\u{ff92}\u{ff97}", Side::Record),
        terms("\u{30ac}\u{30e1}\u{30e9}", Side::Record)
    );
}

#[test]
fn each_character_of_a_run_begins_a_term_of_the_record() {
    let text = "\u{79c1}\u{306f}\u{732b}\u{304c}\u{597d}\u{304d}";
    let record = terms(text, Side::Record);
    for character in text.chars() {
        assert!(record.iter().any(|term| term.starts_with(character)), "{character}");
        let mut kinds = Vec::new();
        Analyser::new().tokens(&character.to_string(), Side::Query, |token| kinds.push(token.kind));
        assert_eq!(kinds, [TokenKind::Single]);
    }
}

#[test]
fn texts_of_every_script_have_terms() {
    for text in [
        "hello",
        "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}",
        "\u{3b3}\u{3b5}\u{3b9}\u{3ac}",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
        "\u{645}\u{631}\u{62d}\u{628}\u{627}",
        "\u{928}\u{92e}\u{938}\u{94d}\u{924}\u{947}",
        "\u{4f60}\u{597d}",
        "\u{3053}\u{3093}",
        "\u{c548}\u{b155}",
        "\u{0e2a}\u{0e27}\u{0e31}\u{0e2a}\u{0e14}\u{0e35}",
        "\u{0eaa}\u{0eb0}\u{0e9a}\u{0eb2}\u{0e8d}\u{0e94}\u{0eb5}",
        "\u{179f}\u{17bd}\u{179f}\u{17d2}\u{178f}\u{17b8}",
        "\u{1019}\u{1004}\u{103a}\u{1039}\u{1002}\u{101c}\u{102c}\u{1015}\u{102b}",
        "\u{1d4d7}\u{1d4f2}",
    ] {
        let found = terms(text, Side::Query);
        assert!(!found.is_empty(), "{text}");
        let record = terms(&format!("x {text}, y"), Side::Record);
        assert!(found.iter().all(|term| record.iter().any(|held| held.starts_with(term.as_str()))), "{text}");
    }
}

/// Every text of the largest size has at most so many terms and bytes of them as are in proportion to it.
#[test]
fn hostile_texts_have_bounded_terms() {
    let full = |unit: &str| unit.repeat(CONTENT_BYTES_MAX / unit.len());
    for text in [
        full("a"),
        full("aB"),
        full("a1"),
        full("a."),
        full("a/"),
        full("a_"),
        full("a b "),
        full("'"),
        full("\u{0}"),
        full("\u{1}x\u{7f}"),
        full("\u{301}"),
        format!("e{}", full("\u{301}")),
        format!("\u{732b}{}", full("\u{301}")),
        full("\u{732b}"),
        full("\u{fdfa}"),
        full("\u{1d11e}"),
        full("\u{ad}"),
        full("\u{200d}"),
        full("\u{ac00}a"),
        full("\u{202e}\u{feff}x"),
    ] {
        let counted = Analyser::new().count(&text);
        let row = encode_tail_row(&counted);
        assert!(row.len() <= 9 * text.len() + 16, "{} bytes of terms of {:?}...", row.len(), &text[..4]);
        assert!(counted.iter().all(|(_, term, _)| !term.is_empty() && term.len() <= TERM_BYTES_MAX));
        assert!(counted.iter().all(|(_, term, _)| !term.contains(&0)));
    }
    assert_eq!(Analyser::new().count(&"a".repeat(1_000_000)).len(), 1);
}

/// The terms of a text in many scripts, as one number. It changes if the analysis does: by a change here, or by one of
/// the tables of Unicode or of the stemmer. Then an index that was written before no longer finds what it should, and
/// has to be built again.
#[test]
fn analysis_is_the_one_that_stored_indexes_were_made_with() {
    let text = "The Writers' don\u{2019}t-care getUserById, HTTPServer sha256 3.14 1,000 src/db/mod.rs std::vec __x__ \
                na\u{ef}ve \u{ff21}\u{ff22} \u{43f}\u{440}\u{438}\u{432}\u{435}\u{442} \u{39f}\u{394}\u{39f}\u{3a3} \
                \u{65e5}\u{672c}\u{8a9e}API\u{3092}\u{547c}\u{3076} \u{ace0}\u{c591}\u{c774} \u{0e17}\u{0e35}\u{0e48} \
                \u{928}\u{92e}\u{938}\u{94d}\u{924}\u{947} \u{645}\u{631}\u{62d}\u{628}\u{627} \u{5e9}\u{5dc}\u{5d5}";
    let joined = terms(text, Side::Record).join(" ");
    assert_eq!(term_hash(joined.as_bytes()), 0x6667_7261, "{joined}");
}

proptest! {
    #[test]
    fn tail_rows_hold_what_was_counted(text in ".{0,200}", other in "\\PC{0,20}") {
        let mut analyser = Analyser::new();
        let counted = analyser.count(&text);
        let row = encode_tail_row(&counted);
        let read = TailRow::read(&row).unwrap();
        prop_assert_eq!(read.length(), counted.length());
        let back: Vec<_> = read.terms().map(|term| (term.hash, term.term, term.count)).collect();
        prop_assert_eq!(back, counted.iter().collect::<Vec<_>>());
        prop_assert!(counted.iter().map(|(hash, term, _)| (hash, term)).is_sorted());
        for (hash, term, count) in counted.iter() {
            prop_assert_eq!(read.count(hash, term), u32::from(count));
            // Another term of the same hash is not taken for it.
            prop_assert_eq!(read.count(hash, b"another"), 0);
        }
        for (hash, term, _) in analyser.count(&other).iter() {
            let held = counted.iter().find(|(_, known, _)| *known == term).map_or(0, |(_, _, count)| u32::from(count));
            prop_assert_eq!(read.count(hash, term), held);
        }
        for end in 0..row.len() {
            prop_assert!(TailRow::read(&row[..end]).is_err());
        }
    }

    #[test]
    fn ranges_of_terms_lie_in_the_text_and_begin_in_order(text in "\\PC{0,100}|[a-zA-Z0-9_./: ']{0,100}") {
        let mut before = 0;
        let mut analyser = Analyser::new();
        analyser.tokens(&text, Side::Record, |token| {
            assert!(text.get(token.range.clone()).is_some_and(|word| !word.is_empty()));
            if token.kind == TokenKind::Word {
                assert!(token.range.start >= before);
                before = token.range.start;
            }
        });
        analyser.words(&text, |word, range| assert!(!word.is_empty() && text.get(range).is_some()));
    }
}
