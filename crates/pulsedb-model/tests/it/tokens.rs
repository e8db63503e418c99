//! The tokens equal the reference's: fixtures from the `tokenizers` crate, and an oracle for any text.

use std::env;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use pulsedb_model::Model;
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_128;

use crate::corpus::{
    CHARACTER_BLOCKS, RANDOM_GROUPS, character_texts, digest_of_ids, random_texts, texts_of_json_lines,
};
use crate::oracle;

static TEXTS: &str = include_str!("../fixtures/texts.jsonl");
static DIGESTS: &str = include_str!("../fixtures/digests.txt");

/// The texts of the fixtures with the reference's ids.
pub(crate) fn fixture_texts() -> Vec<(String, Vec<u32>)> {
    let parse = |line| {
        let fixture: Value = serde_json::from_str(line).expect("each line is one JSON document");
        let ids = fixture["ids"].as_array().expect("each line has ids").iter();
        let ids = ids.map(|id| id.as_u64().and_then(|id| u32::try_from(id).ok()).expect("ids are rows"));
        (fixture["text"].as_str().expect("each line has a text").to_owned(), ids.collect())
    };
    TEXTS.lines().map(parse).collect()
}

/// The words of the digest lines that start with `kind`.
fn digest_lines(kind: &str) -> Vec<Vec<&'static str>> {
    let lines = DIGESTS.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    lines.filter(|words| words.first() == Some(&kind)).collect()
}

fn tokenize(text: &str) -> Vec<u32> {
    Model::bundled().tokenize(text)
}

#[test]
fn natural_and_adversarial_texts_have_the_tokens_of_the_reference() {
    let fixtures = fixture_texts();
    assert!(fixtures.len() > 100, "the fixtures are there");
    for (text, ids) in fixtures {
        assert_eq!(tokenize(&text), ids, "{text:?}");
        assert_eq!(oracle::tokenize(&text), ids, "the oracle on {text:?}");
    }
}

#[test]
fn every_code_point_is_treated_as_by_the_reference() {
    let lines = digest_lines("characters");
    assert_eq!(lines.len(), CHARACTER_BLOCKS as usize);
    for (block, words) in (0..CHARACTER_BLOCKS).zip(lines) {
        let digest = digest_of_ids(&character_texts(block), tokenize);
        assert_eq!(
            words,
            ["characters", &block.to_string(), &digest],
            "code points from U+{:X}",
            block << 12
        );
    }
}

#[test]
fn random_texts_have_the_tokens_of_the_reference() {
    let lines = digest_lines("random");
    assert_eq!(lines.len(), RANDOM_GROUPS as usize);
    for (group, words) in (0..RANDOM_GROUPS).zip(lines) {
        let digest = digest_of_ids(&random_texts(group), tokenize);
        assert_eq!(words, ["random", &group.to_string(), &digest]);
    }
}

#[test]
fn recorded_conversations_have_the_tokens_of_the_reference() {
    let Some(data) = env::var_os("PULSEDB_EVAL").map(PathBuf::from) else {
        println!("skipped: PULSEDB_EVAL names no directory with conversations");
        return;
    };
    let path = data.join("conversations.jsonl");
    let bytes = fs::read(&path);
    let bytes = bytes.unwrap_or_else(|error| panic!("PULSEDB_EVAL: {}: {error}", path.display()));
    let lines = digest_lines("file");
    let [words] = lines.as_slice() else { panic!("one file has a digest: {lines:?}") };
    let ["file", "conversations.jsonl", file, texts_count, digest] = words.as_slice() else {
        panic!("the line of the file has its parts: {words:?}")
    };
    if format!("{:032x}", xxh3_128(&bytes)) != *file {
        println!("skipped: the conversations are not those that the reference was asked about");
        return;
    }
    let texts = texts_of_json_lines(std::str::from_utf8(&bytes).expect("the file is UTF-8"));
    assert_eq!(texts.len().to_string(), *texts_count);
    assert_eq!(digest_of_ids(&texts, tokenize), *digest);
}

#[test]
fn words_of_more_than_a_hundred_characters_are_skipped() {
    let known = "a".repeat(100);
    assert!(!tokenize(&known).is_empty());
    assert_eq!(tokenize(&format!("{known}a")), Vec::<u32>::new());
    assert_eq!(tokenize(&format!("{known}a end")), tokenize("end"));
    // Marks are removed before characters are counted.
    assert_eq!(tokenize(&"a\u{301}".repeat(100)), tokenize(&known));
}

/// Any text, and texts whose characters combine more often than by chance.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\\PC{0,80}",
        "([a-z]{1,12}[ .,-]?){0,20}",
        "[a-e\u{300}-\u{304}\u{e0}-\u{ff}\u{4e00}-\u{4e20}\u{ac00}-\u{ac40}\u{1100}-\u{1112} #.\u{200b}]{0,150}",
    ]
}

proptest! {
    #[test]
    fn any_text_has_the_tokens_of_the_oracle(text in texts()) {
        prop_assert_eq!(tokenize(&text), oracle::tokenize(&text));
    }

    #[test]
    fn texts_beside_each_other_have_the_tokens_of_both(left in texts(), right in texts()) {
        let mut both = tokenize(&left);
        both.extend(tokenize(&right));
        prop_assert_eq!(tokenize(&format!("{left} {right}")), both);
    }
}
