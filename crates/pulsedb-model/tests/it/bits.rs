//! The embedding has the specified bits on every machine, and either norm 1 or no components.

use proptest::prelude::*;
use pulsedb_model::Model;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::corpus::random_texts;
use crate::oracle;
use crate::tokens::fixture_texts;

/// The results of this crate since its first release. Databases hold such vectors and identify them
/// by the digest of the table: different bits need a different digest, so both constants change
/// together or not at all.
const TABLE_DIGEST: &str = "43542b7fb09ad2dbd421a0a560c4ba57";
const EMBEDDINGS_DIGEST: &str = "e48ca7353e093875568e9bbd4009d549";

#[test]
fn digest_is_that_of_the_bytes() {
    assert_eq!(Model::bundled().digest(), format!("{:032x}", xxh3_128(oracle::TABLE)));
}

#[test]
fn embeddings_have_the_bits_of_the_first_release() {
    let model = Model::bundled();
    let mut hasher = Xxh3::new();
    // New fixtures go at the end of their file and are not part of the digest.
    let fixtures = fixture_texts().into_iter().map(|(text, _)| text).take(140);
    for text in fixtures.chain(random_texts(0)) {
        let embedding = model.embed(&text);
        hasher.update(&(embedding.len() as u64).to_le_bytes());
        for component in embedding {
            hasher.update(&component.to_bits().to_le_bytes());
        }
    }
    let digests = (model.digest(), format!("{:032x}", hasher.digest128()));
    assert_eq!(digests, (TABLE_DIGEST, EMBEDDINGS_DIGEST.to_owned()));
}

#[test]
fn embeddings_have_the_bits_of_the_specification() {
    for (text, _) in fixture_texts() {
        assert_same_bits(&text);
    }
    // The rows of all words, and of the pieces into which the oracle splits `##` pieces.
    let rows = oracle::tokenize(&oracle_words());
    assert!(rows.len() > 23_000, "most tokens are whole words");
    oracle_words().split('\n').for_each(assert_same_bits);
}

#[test]
fn text_without_a_known_token_has_no_embedding() {
    for text in ["", " \t\n", "\u{200b}", "\u{301}", "\u{1f600}\u{2c80}", &"x".repeat(101), "\u{fffd}"] {
        assert_eq!(Model::bundled().embed(text), Vec::<f32>::new(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn any_text_has_the_bits_of_the_specification(text in "\\PC{0,60}|([a-z]{1,9} ){0,40}|.{0,40}") {
        assert_same_bits(&text);
    }

    #[test]
    fn embedding_has_norm_one_or_no_component(text in any::<String>()) {
        let embedding = Model::bundled().embed(&text);
        let norm = embedding.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
        match embedding.len() {
            0 => prop_assert_eq!(Model::bundled().tokenize(&text), Vec::<u32>::new()),
            256 => prop_assert!((norm - 1.0).abs() < 1e-6, "norm {}", norm),
            components => prop_assert!(false, "{} components", components),
        }
    }
}

/// The vocabulary, one token per line.
fn oracle_words() -> String {
    let bytes = u32::from_le_bytes(oracle::TABLE[12..16].try_into().expect("four bytes")) as usize;
    String::from_utf8(oracle::TABLE[16..16 + bytes].to_vec()).expect("the vocabulary is UTF-8")
}

fn assert_same_bits(text: &str) {
    let bits = |embedding: Vec<f32>| embedding.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    assert_eq!(bits(Model::bundled().embed(text)), bits(oracle::embed(text)), "{text:?}");
}
