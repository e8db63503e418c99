//! The reference: Hugging Face's WordPiece over the vocabulary of the bundled table.

use std::collections::HashSet;
use std::fs;

use serde_json::{Map, Value, json};
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{
    NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, Tokenizer,
};

use crate::place::crate_file;

pub struct Reference {
    tokenizer: Tokenizer,
    unknown: u32,
    pub alphabet: HashSet<char>,
    pub vocabulary: HashSet<String>,
}

/// What the normaliser and the pre-tokenizer make of a text: its words, and whether the ends stick to neighbours.
pub struct Words {
    pub words: Vec<String>,
    pub joined: bool,
}

impl Reference {
    /// Builds the tokenizer from the table: the id of a token is its row; one more id stands for unknown words.
    pub fn of_bundled_table() -> Reference {
        let table = fs::read(crate_file("data/minilm-static-256.bin")).expect("the table is committed");
        let number =
            |at: usize| u32::from_le_bytes(table[at..at + 4].try_into().expect("four bytes")) as usize;
        let words = std::str::from_utf8(&table[16..16 + number(12)]).expect("the vocabulary is UTF-8");
        let mut vocabulary: Map<String, Value> =
            words.split('\n').enumerate().map(|(row, word)| (word.to_owned(), json!(row))).collect();
        assert_eq!(vocabulary.len(), number(4), "one row for each word");
        let unknown = vocabulary.len() as u32;
        vocabulary.insert("[UNK]".to_owned(), json!(unknown));
        let description = json!({
            "version": "1.0",
            "added_tokens": [],
            "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                           "strip_accents": null, "lowercase": true},
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                      "max_input_chars_per_word": 100, "vocab": vocabulary},
        });
        let tokenizer =
            Tokenizer::from_bytes(description.to_string()).expect("the description is a tokenizer");
        let alphabet = words.chars().filter(|&c| c != '\n').collect();
        let vocabulary = words.split('\n').map(str::to_owned).collect();
        Reference { tokenizer, unknown, alphabet, vocabulary }
    }

    /// The rows of a text's tokens; unknown words are left out.
    pub fn tokenize(&self, text: &str) -> Vec<u32> {
        let encoding = self.tokenizer.encode(text, false).expect("the reference takes any text");
        encoding.get_ids().iter().copied().filter(|&id| id != self.unknown).collect()
    }
}

/// The words of a text before WordPiece; `joined` says that letters before and after it would be in its words.
pub fn words_of(text: &str) -> Words {
    let split = |text: &str| {
        let mut normalized = NormalizedString::from(text);
        BertNormalizer::default().normalize(&mut normalized).expect("the normaliser takes any text");
        let mut splits = PreTokenizedString::from(normalized.get());
        BertPreTokenizer.pre_tokenize(&mut splits).expect("the pre-tokenizer takes any text");
        let pieces = splits.get_splits(OffsetReferential::Original, OffsetType::None);
        pieces.into_iter().map(|(word, _, _)| word.to_owned()).collect::<Vec<_>>()
    };
    Words { words: split(text), joined: split(&format!("x{text}x")).len() == 1 }
}
