//! The promises of the text encoder for ordinary texts.

use embeddenator_vsa::limits::{DIMENSION_MAX, FEATURE_POSITIONS_MAX, GRAM_CHARACTERS_MAX};
use embeddenator_vsa::{
    BytesOptions, Error, Planes, Random, Shape, ShingleOptions, TextEncoder, TextOptions, VsaConfig,
};
use xxhash_rust::xxh3::xxh3_64;

const SENTENCE: &str = "On 8 May 2023, Caroline's painting of the lake won first prize at the county fair!";

#[test]
fn golden_codes_are_as_recorded() {
    let long = random_words(1, 20_000).join(" ");
    let texts = [
        "a",
        SENTENCE,
        "Stra\u{df}e \u{416}\u{443}\u{43a} \u{3b1}\u{3b2}\u{3b3} \u{5e9}\u{5dc}\u{5d5}\u{5dd}",
        "\u{6771}\u{4eac}\u{3067}\u{671d}\u{98df} \u{1f600}\u{1f355}",
        &long,
    ];
    let digests = texts.map(|text| digest(&TextEncoder::default().encode(text)));
    let recorded = [
        0x99fc_347b_e549_b84c,
        0xf21a_fd73_9e19_d5ed,
        0x5e50_45e8_144b_7cc2,
        0x3593_3bc5_d495_0182,
        0xc52c_86e8_b122_f6e3,
    ];
    assert_eq!(digests, recorded, "{digests:#018x?}");
    let other = TextOptions {
        dimension: 10_000,
        seed: 7,
        word_positions: 33,
        gram_positions: 3,
        gram_characters_min: 1,
        gram_characters_max: GRAM_CHARACTERS_MAX,
        pivot_positions: 5,
        english: false,
    };
    let digest = digest(&TextEncoder::new(other).unwrap().encode(SENTENCE));
    assert_eq!(digest, 0x863d_7d00_589c_0010, "{digest:#018x}");
}

#[test]
fn text_has_one_code_however_it_is_encoded() {
    let encoder = TextEncoder::default();
    let texts =
        [SENTENCE.to_owned(), String::new(), random_words(2, 300).join(", "), SENTENCE.to_uppercase()];
    let codes: Vec<Planes> = texts.iter().map(|text| encoder.encode(text)).collect();
    assert_eq!(encoder.encode_all(&texts), codes);
    assert_eq!(encoder.clone().encode_all(&texts), codes);
    // A stream goes on with other texts.
    let mut stream = encoder.stream();
    for _ in 0..2 {
        for (text, code) in texts.iter().zip(&codes) {
            text.chars().for_each(|character| stream.push(character.encode_utf8(&mut [0; 4])));
            assert_eq!(&stream.finish(), code);
        }
    }
}

#[test]
fn parts_may_be_split_anywhere() {
    let encoder = TextEncoder::default();
    let text = "na\u{ef}ve 12 \u{6771}\u{4eac} co\u{ad}operate\u{1f600}\u{1f355}z";
    let code = encoder.encode(text);
    for (cut, _) in text.char_indices() {
        let mut stream = encoder.stream();
        stream.push(&text[..cut]);
        stream.push("");
        stream.push(&text[cut..]);
        assert_eq!(stream.finish(), code, "cut at {cut}");
    }
}

#[test]
fn order_case_and_punctuation_of_words_do_not_matter() {
    let encoder = TextEncoder::default();
    for seed in 0..20 {
        let mut words = random_words(seed, 60);
        let code = encoder.encode(&words.join(" "));
        let mut random = Random::new(seed);
        for last in (1..words.len()).rev() {
            words.swap(last, random.below(last as u64 + 1) as usize);
        }
        let other = format!("\u{201c}{}?!\u{201d}\n", words.join(" \u{2014} ").to_uppercase());
        assert_eq!(encoder.encode(&other), code, "seed {seed}");
    }
}

#[test]
fn texts_are_nearer_the_more_words_they_share() {
    let encoder = TextEncoder::default();
    for seed in 0..50 {
        let words = random_words(seed, 40);
        let code = encoder.encode(&words.join(" "));
        let foreign = random_words(seed + 1000, 40);
        let shared = [40, 30, 20, 10, 0].map(|count: usize| {
            let mixed = [&words[..count], &foreign[count..]].concat();
            code.cosine(&encoder.encode(&mixed.join(" "))).unwrap()
        });
        assert!(shared.is_sorted_by(|more, fewer| *more > fewer + 0.1), "seed {seed}: {shared:?}");
        assert!((shared[0] - 1.0).abs() < 1e-6, "seed {seed}: {shared:?}");
        assert!(shared[4] < 0.15, "seed {seed}: {shared:?}");
    }
}

#[test]
fn inflected_and_misspelled_words_are_near_their_own() {
    let cosine = cosines();
    assert!(cosine("painting", "painted") > 0.2);
    assert!(cosine("the runner was running", "she runs") > 0.1);
    assert!(cosine("education", "educaton") > 0.1);
    assert!(cosine("education", "fisherman").abs() < 0.05);
    // Words of other scripts have no stems; their n-grams are shared.
    assert!(cosine("\u{43a}\u{43d}\u{438}\u{433}\u{438}", "\u{43a}\u{43d}\u{438}\u{433}\u{430}") > 0.03);
}

#[test]
fn function_words_count_little_and_numbers_much() {
    let cosine = cosines();
    assert!(cosine("where was it that they went", "where was it that she sang") < 0.2);
    assert!(
        cosine("the meeting of the board", "meeting board")
            > cosine("the meeting of the board", "the talk of the town") + 0.3
    );
    assert!(cosine("invoice 4711", "receipt 4711") > 0.2);
    assert!(cosine("4711", "4712").abs() < 0.05);
    let plain = TextEncoder::new(TextOptions { english: false, ..Default::default() }).unwrap();
    let [left, right] = ["where was it that they", "where was it that she"].map(|text| plain.encode(text));
    assert!(left.cosine(&right).unwrap() > 0.5);
}

#[test]
fn unrelated_texts_have_the_cosines_of_chance() {
    // Characters of a script without spaces; no two texts share any.
    let encoder = TextEncoder::default();
    let (texts, dimension) = (120, encoder.options().dimension as f64);
    let codes: Vec<Planes> = (0..texts)
        .map(|text| {
            let mut random = Random::new(text);
            let mut character = || char::from_u32(0x4e00 + 100 * text as u32 + random.below(100) as u32);
            encoder.encode(&(0..80).filter_map(|_| character()).collect::<String>())
        })
        .collect();
    let mut squares = 0.0;
    let mut pairs = 0.0;
    for (index, left) in codes.iter().enumerate() {
        for right in &codes[..index] {
            squares += f64::from(left.cosine(right).unwrap()).powi(2);
            pairs += 1.0;
        }
    }
    let deviation = (squares / pairs).sqrt() * dimension.sqrt();
    assert!((0.95..1.05).contains(&deviation), "the deviation is {deviation:.3} times that of chance");
}

#[test]
fn texts_without_words_are_zero_and_near_nothing() {
    let encoder = TextEncoder::default();
    let code = encoder.encode(SENTENCE);
    for text in ["", " ", "?!...", "\u{0}\u{1}", "\u{200d}\u{feff}", "\u{3002}\u{300c}"] {
        let zero = encoder.encode(text);
        assert_eq!(zero, Planes::zero(encoder.options().dimension).unwrap(), "{text:?}");
        assert!(zero.cosine(&code).unwrap().abs() < f32::EPSILON, "{text:?}");
    }
}

#[test]
fn seeds_make_codes_that_have_nothing_in_common() {
    let text = random_words(3, 200).join(" ");
    let codes = [0, 1, 2, u64::MAX]
        .map(|seed| TextEncoder::new(TextOptions { seed, ..Default::default() }).unwrap().encode(&text));
    for (index, left) in codes.iter().enumerate() {
        for right in &codes[..index] {
            assert!(left.cosine(right).unwrap().abs() < 0.05);
        }
    }
}

#[test]
fn every_dimension_works_down_to_one() {
    for dimension in [1, 2, 63, 64, 65, 1000, 100_003] {
        let encoder = TextEncoder::new(TextOptions { dimension, ..Default::default() }).unwrap();
        let code = encoder.encode(SENTENCE);
        assert_eq!(code.dimension(), dimension);
        assert!((code.cosine(&code).unwrap() - 1.0).abs() < 1e-6 || code.nonzero_count() == 0);
    }
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    let refused = |options: TextOptions| TextEncoder::new(options).unwrap_err();
    let base = TextOptions::default();
    for dimension in [0, DIMENSION_MAX + 1] {
        assert_eq!(refused(TextOptions { dimension, ..base }), Error::Dimension { dimension });
    }
    let most = FEATURE_POSITIONS_MAX + 1;
    let cases = [
        ("word_positions", TextOptions { word_positions: 0, ..base }),
        ("word_positions", TextOptions { word_positions: most, ..base }),
        ("gram_positions", TextOptions { gram_positions: most, ..base }),
        ("gram_characters_min", TextOptions { gram_characters_min: 0, ..base }),
        ("gram_characters_min", TextOptions { gram_characters_min: usize::MAX, ..base }),
        ("gram_characters_max", TextOptions { gram_characters_max: 2, ..base }),
        ("gram_characters_max", TextOptions { gram_characters_max: 17, ..base }),
        ("pivot_positions", TextOptions { pivot_positions: most, ..base }),
    ];
    for (field, options) in cases {
        let error = refused(options);
        assert!(matches!(&error, Error::EncoderOption { option, .. } if *option == field), "{error}");
        assert!(error.to_string().contains(field), "{error}");
    }
}

#[test]
fn profiles_have_options_of_their_dimension_and_seed() {
    let config = VsaConfig { seed: 7, ..VsaConfig::d10k() };
    let text = config.text_options();
    assert_eq!(text, TextOptions { dimension: 10_000, seed: 7, ..Default::default() });
    let bytes = config.bytes_options();
    assert_eq!(bytes, BytesOptions { dimension: 10_000, seed: 7, ..Default::default() });
    let shingles = config.shingle_options();
    assert_eq!(shingles, ShingleOptions { shape: Shape::D10K, seed: 7, ..Default::default() });
    assert_eq!(VsaConfig::new().text_options(), TextOptions::default());
    assert_eq!(VsaConfig::new().shingle_options(), ShingleOptions::default());
}

fn cosines() -> impl Fn(&str, &str) -> f32 {
    let encoder = TextEncoder::default();
    move |left, right| encoder.encode(left).cosine(&encoder.encode(right)).unwrap()
}

/// Words of four to nine random letters.
pub(crate) fn random_words(seed: u64, count: usize) -> Vec<String> {
    let mut random = Random::new(seed);
    let mut word = || {
        let letters = 4 + random.below(6);
        (0..letters).map(|_| char::from(b'a' + random.below(26) as u8)).collect()
    };
    (0..count).map(|_| word()).collect()
}

/// A digest of both planes, little-endian.
pub(crate) fn digest(code: &Planes) -> u64 {
    let words = code.nonzero().iter().chain(code.sign());
    xxh3_64(&words.flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>())
}
