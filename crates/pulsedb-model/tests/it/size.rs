//! Large texts: as large as a record may be, and designed to be slow.

use pulsedb_model::Model;

use crate::oracle;

const BYTES: usize = 100 * 1024;

/// Texts of about [`BYTES`] that a careless tokenizer would scan more than once.
fn large_texts() -> Vec<(&'static str, String)> {
    let filled = |unit: &str| unit.repeat(BYTES / unit.len());
    vec![
        ("prose", filled("The committer drains what is queued, unbelievably retokenized. ")),
        ("one word", filled("a")),
        ("words of as many characters as are known", filled(&format!("{}x ", "unaffable".repeat(11)))),
        ("words of as many pieces as there are", filled(&format!("{} ", "q".repeat(100)))),
        ("ideographs", filled("\u{4e00}\u{4e8c}\u{9fff}")),
        ("combining marks", filled("\u{301}\u{323}")),
        ("a letter with marks", format!("e{}", filled("\u{301}"))),
        ("syllables", filled("\u{d55c}\u{ad6d}")),
        ("punctuation", filled("#")),
        ("white space", filled(" \u{3000}")),
        ("characters that are dropped", filled("\u{200b}\0")),
        ("characters that no token has", filled("\u{1f600}")),
    ]
}

#[test]
fn large_texts_have_the_tokens_and_bits_of_the_oracle() {
    let model = Model::bundled();
    for (name, text) in large_texts() {
        assert_eq!(model.tokenize(&text), oracle::tokenize(&text), "{name}");
        assert_eq!(model.embed(&text), oracle::embed(&text), "{name}");
    }
}

#[test]
fn endless_word_gives_no_token_and_hides_none_after_it() {
    let model = Model::bundled();
    let text = format!("before {} after", "a".repeat(BYTES));
    assert_eq!(model.tokenize(&text), model.tokenize("before after"));
    assert_eq!(model.embed(&text), model.embed("before after"));
}
