//! Builds the crate's static tables from `data/`: the word index, and how each character is treated.
//!
//! Built here, they cost the program no time and no extra memory. This also checks everything that
//! the code assumes about the data: a bad table does not compile.

#[path = "src/hash.rs"]
mod hash;

use std::collections::HashMap;
use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::{array, env};

const TABLE: &str = "data/minilm-static-256.bin";
const CHARACTERS: &str = "data/characters.txt";

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the crate's directory"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names the output directory"));
    for file in ["build.rs", "src/hash.rs", TABLE, CHARACTERS] {
        println!("cargo::rerun-if-changed={file}");
    }
    let table = fs::read(root.join(TABLE))?;
    write_vocabulary(&table, &mut BufWriter::new(File::create(out.join("vocabulary.rs"))?))?;
    let characters = fs::read_to_string(root.join(CHARACTERS))?;
    write_characters(&characters, &mut BufWriter::new(File::create(out.join("characters.rs"))?))
}

const EMPTY_SLOT: u32 = u32::MAX;

/// The hash table over the vocabulary and the start of each token in it.
fn write_vocabulary(table: &[u8], out: &mut impl Write) -> io::Result<()> {
    let number = |at: usize| u32::from_le_bytes(array::from_fn(|byte| table[at + byte])) as usize;
    let (rows, vocabulary_bytes) = (number(4), number(12));
    let words = std::str::from_utf8(&table[16..16 + vocabulary_bytes]).expect("the vocabulary is UTF-8");
    let words: Vec<&str> = words.split('\n').collect();
    assert_eq!(words.len(), rows, "the vocabulary has a word for each row");
    // A slot has 16 bits for the row, and a slot of ones is empty.
    assert!(rows < usize::from(u16::MAX), "rows fit u16");
    for scale in table[16 + vocabulary_bytes..][..rows * 2].chunks_exact(2) {
        // Exponent 31 is infinite or NaN, the top bit the sign.
        assert!(u16::from_le_bytes([scale[0], scale[1]]) >> 10 < 31, "scales are finite and not negative");
    }

    // At most half full, so that every search soon ends at an empty slot.
    let mut slots = vec![EMPTY_SLOT; (rows * 2).next_power_of_two()];
    let (mut starts, mut next, mut longest) = (vec![0], 0, [0; 2]);
    for (row, word) in words.iter().enumerate() {
        let inside = word.strip_prefix("##").filter(|rest| !rest.is_empty());
        let (seed, letters) = inside.map_or((hash::WORD_START, *word), |rest| (hash::WORD_INSIDE, rest));
        assert!(!letters.is_empty(), "row {row} has a word");
        let longest = &mut longest[usize::from(inside.is_some())];
        *longest = letters.len().max(*longest);
        let hash = hash::finish(letters.bytes().fold(seed, hash::step));
        let mut at = hash as usize % slots.len();
        while slots[at] != EMPTY_SLOT {
            at = (at + 1) % slots.len();
        }
        slots[at] = (hash >> 16) << 16 | row as u32;
        next += word.len() + 1;
        starts.push(next);
    }

    let [start, inside] = longest;
    writeln!(out, "const EMPTY_SLOT: u32 = u32::MAX;")?;
    writeln!(out, "const LONGEST_START_BYTES: usize = {start};")?;
    writeln!(out, "const LONGEST_INSIDE_BYTES: usize = {inside};")?;
    writeln!(out, "const LONGEST_BYTES: usize = {};", start.max(inside))?;
    write_array(out, "SLOTS", "u32", &slots)?;
    write_array(out, "STARTS", "u32", &starts)
}

const BLOCK_CHARACTERS: usize = 128;
const LETTERS_BYTES_MAX: usize = 6;
const UNKNOWN: u16 = 0x7FFF;
const DROPPED: u16 = 0x7FFE;
const BREAK: u16 = 0x7FFD;
const ALONE: u16 = 0x8000;

/// A two-stage table: blocks of characters and their codes; a code may be the index of the letters
/// that a character becomes.
fn write_characters(lines: &str, out: &mut impl Write) -> io::Result<()> {
    let mut codes = vec![UNKNOWN; 0x11_0000];
    let mut letters = Vec::new();
    let mut numbers = HashMap::new();
    for line in lines.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let (first, last) = range(words.next().expect("a line starts with its code points"));
        let kind = words.next().expect("a line says how its characters are treated");
        let text: String =
            words.map(|word| char::from_u32(hexadecimal(word)).expect("a character")).collect();
        let mut number = || {
            assert!((1..=LETTERS_BYTES_MAX).contains(&text.len()), "letters of another size: {line}");
            *numbers.entry(text.clone()).or_insert_with(|| {
                letters.push(text.clone());
                letters.len() as u16 - 1
            })
        };
        let code = match kind {
            "drop" => DROPPED,
            "break" => BREAK,
            "alone" => number() | ALONE,
            "letter" => number(),
            _ => panic!("an unknown kind: {line}"),
        };
        codes[first..=last].fill(code);
    }
    assert!(letters.len() < usize::from(BREAK), "the codes above are taken");

    writeln!(out, "const BLOCK_CHARACTERS: usize = {BLOCK_CHARACTERS};")?;
    writeln!(out, "const LETTERS_BYTES_MAX: usize = {LETTERS_BYTES_MAX};")?;
    for (name, code) in [("UNKNOWN", UNKNOWN), ("DROPPED", DROPPED), ("BREAK", BREAK), ("ALONE", ALONE)] {
        writeln!(out, "const CODE_{name}: u16 = {code};")?;
    }
    write_ascii(&codes, &letters, out)?;
    write_blocks(&codes, out)?;
    write_letters(&letters, out)
}

/// A separate table for the characters that make up most texts.
fn write_ascii(codes: &[u16], letters: &[String], out: &mut impl Write) -> io::Result<()> {
    const ASCII_ALONE: u8 = 0x80;
    let ascii: [u8; 128] = array::from_fn(|byte| match codes[byte] {
        DROPPED => 0,
        BREAK => b' ',
        code => match letters[usize::from(code & !ALONE)].as_bytes() {
            [byte @ b'!'..=b'~'] if code & ALONE == 0 => *byte,
            [byte @ b'!'..=b'~'] => byte | ASCII_ALONE,
            other => panic!("an ASCII character becomes {other:?}"),
        },
    });
    writeln!(out, "pub(crate) const ASCII_DROPPED: u8 = 0;")?;
    writeln!(out, "pub(crate) const ASCII_BREAK: u8 = b' ';")?;
    writeln!(out, "pub(crate) const ASCII_ALONE: u8 = {ASCII_ALONE};")?;
    write_array(out, "ASCII", "u8", &ascii)
}

fn write_blocks(codes: &[u16], out: &mut impl Write) -> io::Result<()> {
    let (mut blocks, mut distinct) = (Vec::new(), Vec::<&[u16]>::new());
    for block in codes.chunks_exact(BLOCK_CHARACTERS) {
        let number = distinct.iter().position(|other| *other == block).unwrap_or_else(|| {
            distinct.push(block);
            distinct.len() - 1
        });
        blocks.push(u8::try_from(number).expect("at most 256 blocks differ"));
    }
    write_array(out, "BLOCKS", "u8", &blocks)?;
    write_array(out, "CODES", "u16", &distinct.concat())
}

fn write_letters(letters: &[String], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "static LETTERS: [Letters; {}] = [", letters.len())?;
    for text in letters {
        let bytes: [u8; LETTERS_BYTES_MAX] =
            array::from_fn(|at| text.as_bytes().get(at).copied().unwrap_or(0));
        let (length, characters) = (text.len(), text.chars().count());
        writeln!(out, "Letters {{ bytes: {bytes:?}, length: {length}, characters: {characters} }},")?;
    }
    writeln!(out, "];")
}

fn range(text: &str) -> (usize, usize) {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    (hexadecimal(first) as usize, hexadecimal(last) as usize)
}

fn hexadecimal(text: &str) -> u32 {
    u32::from_str_radix(text, 16).unwrap_or_else(|_| panic!("{text} is not a code point"))
}

fn write_array<T: Debug>(out: &mut impl Write, name: &str, kind: &str, values: &[T]) -> io::Result<()> {
    writeln!(out, "#[allow(clippy::unreadable_literal, reason = \"generated\")]")?;
    writeln!(out, "static {name}: [{kind}; {}] = {values:?};", values.len())
}
