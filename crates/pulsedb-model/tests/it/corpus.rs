//! The texts for comparing the tokenizer with its reference; one file, compiled into the tests and into the tool.
//!
//! The reference is too heavy to build with the tests, so the tool stores digests (see
//! `tools/README.md`). Both sides generate the same texts here and digest the resulting ids.

use serde_json::Value;
use xxhash_rust::xxh3::Xxh3;

/// The number of blocks in [`character_texts`], which covers every code point once.
pub(crate) const CHARACTER_BLOCKS: u32 = 0x11_0000 / CHARACTERS_PER_BLOCK;
const CHARACTERS_PER_BLOCK: u32 = 0x1000;

/// The number of groups of [`random_texts`] to compare.
pub(crate) const RANDOM_GROUPS: u64 = 64;
const TEXTS_PER_GROUP: usize = 500;

/// One text for each character in a block, with the character inside a word, next to marks and next
/// to digits.
pub(crate) fn character_texts(block: u32) -> Vec<String> {
    let first = block * CHARACTERS_PER_BLOCK;
    (first..first + CHARACTERS_PER_BLOCK)
        .filter_map(char::from_u32)
        .map(|c| format!("a{c}b {c} {c}e\u{301} e{c}\u{301}x 1{c}{c}2"))
        .collect()
}

/// Texts of random characters from random ranges; the same group gives the same texts everywhere.
pub(crate) fn random_texts(group: u64) -> Vec<String> {
    let mut random = SplitMix(group);
    (0..TEXTS_PER_GROUP).map(|_| random_text(&mut random)).collect()
}

/// Every text in a file of JSON lines: all strings of all objects, in file order.
pub(crate) fn texts_of_json_lines(lines: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let value: Value = serde_json::from_str(line).expect("each line is one JSON document");
        collect_strings(value, &mut texts);
    }
    texts
}

/// The digest of the ids that `tokenize` returns for `texts`: little-endian ids, with `u32::MAX`
/// after each text.
pub(crate) fn digest_of_ids<T: AsRef<str>>(
    texts: &[T],
    mut tokenize: impl FnMut(&str) -> Vec<u32>,
) -> String {
    let mut hasher = Xxh3::new();
    for text in texts {
        for id in tokenize(text.as_ref()).into_iter().chain([u32::MAX]) {
            hasher.update(&id.to_le_bytes());
        }
    }
    format!("{:032x}", hasher.digest128())
}

fn collect_strings(value: Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(values) => values.into_iter().for_each(|value| collect_strings(value, texts)),
        Value::Object(fields) => {
            // Whether the map keeps file order depends on a feature that any crate may enable.
            let mut fields: Vec<_> = fields.into_iter().collect();
            fields.sort_by(|left, right| left.0.cmp(&right.0));
            for (_, value) in fields {
                collect_strings(value, texts);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The ranges of random characters; small ranges often put words, marks and separators together.
const NEIGHBOURHOODS: [(u32, u32); 24] = [
    ('a' as u32, 'z' as u32),
    ('A' as u32, 'Z' as u32),
    ('0' as u32, '9' as u32),
    (0x00, 0x7F),
    (0x80, 0x24F),
    (0x250, 0x36F),
    (0x370, 0x52F),
    (0x530, 0x6FF),
    (0x900, 0xDFF),
    (0xE00, 0x10FF),
    (0x1100, 0x11FF),
    (0x1AB0, 0x1FFF),
    (0x2000, 0x206F),
    (0x2070, 0x2BFF),
    (0x3000, 0x31FF),
    (0x4E00, 0x4FFF),
    (0xAC00, 0xD7A3),
    (0xD7F0, 0xE00F),
    (0xF900, 0xFAFF),
    (0xFB00, 0xFDFF),
    (0xFE00, 0xFFFF),
    (0x1_F300, 0x1_FAFF),
    (0x2_0000, 0x2_0FFF),
    (0, 0x10_FFFF),
];

fn random_text(random: &mut SplitMix) -> String {
    let mut text = String::new();
    for _ in 0..=random.below(12) {
        let (first, last) = NEIGHBOURHOODS[random.below(NEIGHBOURHOODS.len() as u64) as usize];
        // Occasionally a run about as long as the longest word that is looked up.
        let run = if random.below(40) == 0 { 90 + random.below(20) } else { 1 + random.below(9) };
        for _ in 0..run {
            let code_point = first + random.below(u64::from(last - first + 1)) as u32;
            text.extend(char::from_u32(code_point));
        }
        if random.below(2) == 0 {
            text.push(' ');
        }
    }
    text
}

/// Steele, Lea and Flood's `SplitMix64` ("Fast splittable pseudorandom number generators", 2014).
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}
