//! The fixtures: texts with their ids, and digests of the ids of texts that are made or that stay outside.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_128;

use crate::corpus::{
    CHARACTER_BLOCKS, RANDOM_GROUPS, character_texts, digest_of_ids, random_texts, texts_of_json_lines,
};
use crate::place::crate_file;
use crate::reference::Reference;

/// Writes both fixture files; the texts of `texts.jsonl` stay, their ids are asked for again.
pub fn write(conversations: Option<&str>) {
    let reference = Reference::of_bundled_table();
    write_texts(&reference);
    let mut lines = String::from("# Digests of the reference's ids; written by tools/wordpiece-reference.\n");
    for block in 0..CHARACTER_BLOCKS {
        let digest = digest_of_ids(&character_texts(block), |text| reference.tokenize(text));
        writeln!(lines, "characters {block} {digest}").expect("a string takes any line");
    }
    for group in 0..RANDOM_GROUPS {
        let digest = digest_of_ids(&random_texts(group), |text| reference.tokenize(text));
        writeln!(lines, "random {group} {digest}").expect("a string takes any line");
    }
    if let Some(path) = conversations {
        let bytes = fs::read(path).expect("the file can be read");
        let texts = texts_of_json_lines(std::str::from_utf8(&bytes).expect("the file is UTF-8"));
        let digest = digest_of_ids(&texts, |text| reference.tokenize(text));
        let name = Path::new(path).file_name().expect("the path names a file").to_string_lossy();
        let file = xxh3_128(&bytes);
        writeln!(lines, "file {name} {file:032x} {} {digest}", texts.len()).expect("a string takes any line");
    }
    fs::write(crate_file("tests/fixtures/digests.txt"), lines).expect("the fixtures can be written");
}

fn write_texts(reference: &Reference) {
    let path = crate_file("tests/fixtures/texts.jsonl");
    let mut lines = String::new();
    for line in fs::read_to_string(&path).expect("the texts are committed").lines() {
        let fixture: Value = serde_json::from_str(line).expect("each line is one JSON document");
        let text = fixture["text"].as_str().expect("each line has a text");
        let ids: Vec<String> = reference.tokenize(text).iter().map(u32::to_string).collect();
        writeln!(lines, "{{\"text\": \"{}\", \"ids\": [{}]}}", escaped(text), ids.join(", "))
            .expect("a string takes any line");
    }
    fs::write(path, lines).expect("the fixtures can be written");
}

/// The text as the inside of an ASCII JSON string.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for unit in text.encode_utf16() {
        match u8::try_from(unit).map(char::from) {
            Ok(c @ ('"' | '\\')) => escaped.extend(['\\', c]),
            Ok(c @ ' '..='~') => escaped.push(c),
            _ => write!(escaped, "\\u{unit:04x}").expect("a string takes any text"),
        }
    }
    escaped
}
