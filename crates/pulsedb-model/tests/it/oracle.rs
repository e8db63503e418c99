//! The specification, written as plainly as possible from the data files alone: the oracle for the fast code.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The table's bytes.
pub(crate) static TABLE: &[u8] = include_bytes!("../../data/minilm-static-256.bin");
static CHARACTERS: &str = include_str!("../../data/characters.txt");
const DIMENSION: usize = 256;

static VOCABULARY: LazyLock<HashMap<&str, u32>> = LazyLock::new(|| {
    let words = std::str::from_utf8(&TABLE[16..16 + number(12)]).expect("the vocabulary is UTF-8");
    words.split('\n').zip(0..).collect()
});

/// How each listed character is treated: `drop`, `break`, `alone` or `letter`, with the letters.
static KINDS: LazyLock<HashMap<u32, (&str, String)>> = LazyLock::new(|| {
    let mut kinds = HashMap::new();
    for line in CHARACTERS.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let range = words.next().expect("a range");
        let kind = words.next().expect("a kind");
        let letters: String = words.filter_map(|word| char::from_u32(hexadecimal(word))).collect();
        let (first, last) = range.split_once("..").unwrap_or((range, range));
        for code_point in hexadecimal(first)..=hexadecimal(last) {
            kinds.insert(code_point, (kind, letters.clone()));
        }
    }
    kinds
});

/// The tokens of a text.
pub(crate) fn tokenize(text: &str) -> Vec<u32> {
    let mut words = vec![String::new()];
    for c in text.chars() {
        match KINDS.get(&u32::from(c)) {
            Some(("drop", _)) => {}
            Some(("break", _)) => words.push(String::new()),
            Some(("alone", letters)) => words.extend([letters.clone(), String::new()]),
            Some((_, letters)) => words.last_mut().expect("a word").push_str(letters),
            None => words.last_mut().expect("a word").push_str(&jamo_of(c)),
        }
    }
    words.iter().filter(|word| word.chars().count() <= 100).filter_map(|word| cut(word)).flatten().collect()
}

/// The embedding of a text by the five steps in the documentation.
pub(crate) fn embed(text: &str) -> Vec<f32> {
    let mut sum = vec![0.0_f32; DIMENSION];
    for row in tokenize(text) {
        let row = row as usize;
        let scale = half(row);
        for (j, sum) in sum.iter_mut().enumerate() {
            let at = 16 + number(12) + number(4) * 2 + row * DIMENSION + j;
            *sum += scale * f32::from(TABLE[at] as i8);
        }
    }
    let lane =
        |l: usize| sum.iter().skip(l).step_by(8).fold(0.0, |lane, &x| lane + f64::from(x) * f64::from(x));
    let square: f64 =
        ((lane(0) + lane(4)) + (lane(2) + lane(6))) + ((lane(1) + lane(5)) + (lane(3) + lane(7)));
    if square == 0.0 {
        return Vec::new();
    }
    sum.iter().map(|&x| (f64::from(x) * (1.0 / square.sqrt())) as f32).collect()
}

/// The f16 of a row by its definition, in f64, where every step is exact.
fn half(row: usize) -> f32 {
    let at = 16 + number(12) + row * 2;
    let bits = u16::from_le_bytes([TABLE[at], TABLE[at + 1]]);
    let (exponent, fraction) = (i32::from(bits >> 10), f64::from(bits & 0x3FF) / 1024.0);
    let value =
        if exponent == 0 { fraction * 2_f64.powi(-14) } else { (1.0 + fraction) * 2_f64.powi(exponent - 15) };
    value as f32
}

fn cut(word: &str) -> Option<Vec<u32>> {
    let mut rows = Vec::new();
    let mut rest = word;
    while !rest.is_empty() {
        let prefix = if rows.is_empty() { "" } else { "##" };
        let (row, end) = rest.char_indices().rev().find_map(|(at, c)| {
            let end = at + c.len_utf8();
            Some((*VOCABULARY.get(format!("{prefix}{}", &rest[..end]).as_str())?, end))
        })?;
        rows.push(row);
        rest = &rest[end..];
    }
    Some(rows)
}

/// The jamo of a syllable as they occur in words; any other character as itself, which is in no
/// token.
fn jamo_of(c: char) -> String {
    let Some(index) = u32::from(c).checked_sub(0xAC00).filter(|&index| index < 11_172) else {
        return c.to_string();
    };
    let jamo = [0x1100 + index / 588, 0x1161 + index / 28 % 21, 0x11A7 + index % 28];
    let count = if index % 28 == 0 { 2 } else { 3 };
    jamo[..count].iter().filter_map(|&jamo| char::from_u32(jamo)).collect()
}

fn number(at: usize) -> usize {
    u32::from_le_bytes(TABLE[at..at + 4].try_into().expect("four bytes")) as usize
}

fn hexadecimal(text: &str) -> u32 {
    u32::from_str_radix(text, 16).expect("a code point")
}
