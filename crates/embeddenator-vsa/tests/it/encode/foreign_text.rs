//! The text encoder on every Unicode character, and on hostile texts.

use std::fmt::Write as _;

use embeddenator_vsa::limits::{TEXT_WORDS_MAX, WORD_CHARACTERS_MAX};
use embeddenator_vsa::{Random, TextEncoder, TextOptions};
use xxhash_rust::xxh3::Xxh3;

use super::text::{digest, random_words};

#[test]
fn every_character_is_taken_as_recorded() {
    // Between two letters, each character shows its class and its lower case. The lower-case
    // mappings are those of the toolchain: if one of them changes, so would the codes of texts with
    // that character.
    let options = TextOptions { dimension: 64, pivot_positions: 0, ..Default::default() };
    let encoder = TextEncoder::new(options).unwrap();
    let mut all = Xxh3::new();
    for plane in 0..17_u32 {
        let characters = (plane << 16..(plane + 1) << 16).filter_map(char::from_u32);
        let texts: Vec<String> = characters.map(|character| format!("a{character}b")).collect();
        for code in encoder.encode_all(&texts) {
            all.update(&digest(&code).to_le_bytes());
        }
    }
    assert_eq!(all.digest(), 0xfbcc_a8b2_7a27_3afe);
}

#[test]
fn invisible_characters_are_skipped() {
    let encoder = TextEncoder::default();
    let code = encoder.encode("example words");
    for invisible in
        ['\u{ad}', '\u{200b}', '\u{200d}', '\u{200f}', '\u{202e}', '\u{2066}', '\u{feff}', '\u{fe0f}']
    {
        let text = format!("{invisible}ex{invisible}ample{invisible} {invisible}words");
        assert_eq!(encoder.encode(&text), code, "U+{:04X}", u32::from(invisible));
    }
}

#[test]
fn scripts_without_spaces_are_near_by_their_pairs() {
    let encoder = TextEncoder::default();
    let cosine = |left: &str, right: &str| encoder.encode(left).cosine(&encoder.encode(right)).unwrap();
    // Tokyo University and Kyoto University; university; breakfast.
    let [tokyo, kyoto] = ["\u{6771}\u{4eac}\u{5927}\u{5b66}", "\u{4eac}\u{90fd}\u{5927}\u{5b66}"];
    assert!(cosine(tokyo, kyoto) > 0.1);
    assert!(cosine(tokyo, "\u{5927}\u{5b66}") > cosine(tokyo, "\u{671d}\u{98df}") + 0.1);
    // Order within a pair matters.
    assert!(
        cosine("\u{6771}\u{4eac}", "\u{4eac}\u{6771}")
            < cosine("\u{6771}\u{4eac}", "\u{6771}\u{4eac}") - 0.05
    );
    // Thai: language, Thai language.
    assert!(
        cosine("\u{e20}\u{e32}\u{e29}\u{e32}", "\u{e20}\u{e32}\u{e29}\u{e32}\u{e44}\u{e17}\u{e22}") > 0.2
    );
    assert!(cosine("\u{1f355}\u{1f355} tonight", "\u{1f355}") > 0.02);
}

#[test]
fn long_words_are_taken_in_pieces() {
    let encoder = TextEncoder::default();
    let word = |letters: usize| "x".repeat(letters);
    let at_limit = encoder.encode(&word(WORD_CHARACTERS_MAX));
    let above = encoder.encode(&word(WORD_CHARACTERS_MAX + 1));
    assert_ne!(at_limit, above);
    // Each further piece repeats the same word, whose count saturates.
    let long = encoder.encode(&word(300 * WORD_CHARACTERS_MAX));
    assert_eq!(long, encoder.encode(&word(301 * WORD_CHARACTERS_MAX)));
    assert!(long.nonzero_count() < 1000);
    // The lower case may have more characters than the upper case.
    let dotted = "\u{130}".repeat(3 * WORD_CHARACTERS_MAX);
    assert!(encoder.encode(&dotted).nonzero_count() > 0);
    assert!(encoder.encode(&"\u{1f600}".repeat(10_000)).nonzero_count() < 1000);
}

#[test]
fn hostile_texts_have_codes_and_leave_no_trace() {
    const CHARACTERS: usize = 1 << 18;
    let mut random = Random::new(4);
    let mut letter = || char::from(b'a' + random.below(26) as u8);
    let hostile = [
        "a".repeat(CHARACTERS),
        (0..CHARACTERS).map(|_| letter()).collect(),
        "\u{0}".repeat(CHARACTERS),
        "e\u{301}".repeat(CHARACTERS / 2),
        "\u{301}".repeat(CHARACTERS),
        "\u{5d0}\u{5d1}\u{202e} \u{2067}\u{5d2}".repeat(CHARACTERS / 8),
        "a ".repeat(CHARACTERS / 2),
        "y'y".repeat(CHARACTERS / 4),
        "\u{10ffff}\u{fffd}\u{ffff}".repeat(CHARACTERS / 4),
        // The stemmer has to go through all its steps for these.
        "ationalizationfulnessously".repeat(CHARACTERS / 32),
    ];
    let encoder = TextEncoder::default();
    let after = encoder.encode("what comes after");
    let mut stream = encoder.stream();
    for (index, text) in hostile.iter().enumerate() {
        stream.push(text);
        let code = stream.finish();
        assert_eq!(code, encoder.encode(text), "text {index}");
        let similar = code.cosine(&code).unwrap();
        assert!(similar > 0.999 || code.nonzero_count() == 0, "text {index}");
        stream.push("what comes after");
        assert_eq!(stream.finish(), after, "after text {index}");
    }
}

#[test]
fn more_words_than_are_counted_still_make_a_code() {
    let mut text = String::new();
    for word in 0..2 * TEXT_WORDS_MAX + 7 {
        write!(text, "w{word} ").unwrap();
    }
    let encoder = TextEncoder::default();
    let code = encoder.encode(&text);
    let mut stream = encoder.stream();
    // The cache from other texts changes nothing.
    for words in [&random_words(5, TEXT_WORDS_MAX / 5), &random_words(6, 40_000)] {
        stream.push(&words.join(" "));
        assert_eq!(stream.finish(), encoder.encode(&words.join(" ")));
    }
    stream.push(&text);
    assert_eq!(stream.finish(), code);
    assert!(code.nonzero_count() > encoder.options().dimension / 2);
    let part: String = text.split_inclusive(' ').step_by(2).collect();
    assert!(code.cosine(&encoder.encode(&part)).unwrap() > 0.5);
}
