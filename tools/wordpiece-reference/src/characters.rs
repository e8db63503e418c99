//! The character table: what the reference's normaliser and splitter do with each code point.

use std::fmt::Write;
use std::fs;

use crate::place::crate_file;
use crate::reference::{Reference, words_of};

const HEADER: &str = "# What BERT's normaliser and splitter do with each character; written by tools/wordpiece-reference.
# One line: first code point[..last] and what becomes of it. A character without a line, and no Hangul syllable
# (they are decomposed by arithmetic), makes its word unknown: the vocabulary has no token with it.
#   drop            nothing is left of it, the word goes on
#   break           ends a word: white space, or a word by itself that the vocabulary does not have
#   alone  CHARS    ends a word and is one by itself
#   letter CHARS    these characters, lower-cased and without accents, go on in the word
";

const HANGUL_SYLLABLES: std::ops::RangeInclusive<u32> = 0xAC00..=0xD7A3;

/// Writes the table that the build script of the crate reads.
pub fn write() {
    let reference = Reference::of_bundled_table();
    let mut lines = HEADER.to_owned();
    let mut range: Option<(u32, u32, String)> = None;
    for code_point in 0..=0x10_FFFF {
        let Some(c) = char::from_u32(code_point) else { continue };
        let Some(kind) = kind_of(c, &reference) else { continue };
        match &mut range {
            Some((_, last, same)) if *last + 1 == code_point && *same == kind => *last = code_point,
            _ => {
                flush(range.take(), &mut lines);
                range = Some((code_point, code_point, kind));
            }
        }
    }
    flush(range, &mut lines);
    fs::write(crate_file("data/characters.txt"), lines).expect("the table can be written");
}

fn flush(range: Option<(u32, u32, String)>, lines: &mut String) {
    let Some((first, last, kind)) = range else { return };
    let written = if first == last {
        writeln!(lines, "{first:04X} {kind}")
    } else {
        writeln!(lines, "{first:04X}..{last:04X} {kind}")
    };
    written.expect("a string takes any line");
}

/// The line of a character; `None` for one that makes its word unknown.
fn kind_of(c: char, reference: &Reference) -> Option<String> {
    let found = words_of(&c.to_string());
    let code_points = |word: &str| word.chars().map(|c| format!(" {:04X}", c as u32)).collect::<String>();
    match (found.words.as_slice(), found.joined) {
        ([], true) => Some("drop".to_owned()),
        ([], false) => Some("break".to_owned()),
        ([word], true) => {
            let known = word.chars().all(|c| reference.alphabet.contains(&c));
            if HANGUL_SYLLABLES.contains(&(c as u32)) {
                assert_eq!(*word, jamo_of(c), "the reference decomposes a syllable by arithmetic");
                return None;
            }
            known.then(|| format!("letter{}", code_points(word)))
        }
        ([word], false) => {
            assert_eq!(word.chars().count(), 1, "U+{:04X} is one character by itself", c as u32);
            let known = reference.vocabulary.contains(word);
            Some(if known { format!("alone{}", code_points(word)) } else { "break".to_owned() })
        }
        (words, _) => panic!("U+{:04X} is several words: {words:?}", c as u32),
    }
}

/// The canonical decomposition of a syllable (The Unicode Standard, section 3.12).
fn jamo_of(syllable: char) -> String {
    let index = syllable as u32 - 0xAC00;
    let trailing = index % 28;
    let jamo = [0x1100 + index / 588, 0x1161 + index % 588 / 28, 0x11A7 + trailing];
    let count = if trailing == 0 { 2 } else { 3 };
    jamo[..count].iter().filter_map(|&jamo| char::from_u32(jamo)).collect()
}
