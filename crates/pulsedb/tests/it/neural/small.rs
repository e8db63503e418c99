//! A sentence transformer of a few hundred numbers, and its vectors computed in the plainest way.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::random::Random;

pub(super) const HIDDEN: usize = 8;
const HEADS: usize = 2;
const LAYERS: usize = 2;
const INNER: usize = 12;
const POSITIONS: usize = 12;
const EPSILON: f64 = 1e-9;
/// The unknown piece, the two marks, and words.
const PIECES: [&str; 10] =
    ["[UNK]", "[CLS]", "[SEP]", "the", "lock", "retry", "parser", "skips", "comments", "words"];
const UNKNOWN: usize = 0;
const BEGIN: usize = 1;
const END: usize = 2;

type Row = Vec<f64>;

/// Its weights by their names: shape and values.
pub(super) struct Small(BTreeMap<String, (Vec<usize>, Vec<f32>)>);

impl Small {
    pub(super) fn new(seed: u64) -> Self {
        let mut model = Self(BTreeMap::new());
        let mut random = Random::new(seed);
        let mut add = |name: String, shape: &[usize], around: f32| {
            let count = shape.iter().product::<usize>();
            let values = (0..count).map(|_| around + (random.below(2001) as f32 - 1000.0) / 2000.0).collect();
            model.0.insert(name, (shape.to_vec(), values));
        };
        for (name, rows) in [("word", PIECES.len()), ("position", POSITIONS), ("token_type", 2)] {
            add(format!("embeddings.{name}_embeddings.weight"), &[rows, HIDDEN], 0.0);
        }
        let mut norms = vec!["embeddings".to_owned()];
        for layer in 0..LAYERS {
            let layer = format!("encoder.layer.{layer}");
            let squares = ["self.query", "self.key", "self.value", "output.dense"];
            for name in squares.map(|name| format!("{layer}.attention.{name}")) {
                add(format!("{name}.weight"), &[HIDDEN, HIDDEN], 0.0);
                add(format!("{name}.bias"), &[HIDDEN], 0.0);
            }
            add(format!("{layer}.intermediate.dense.weight"), &[INNER, HIDDEN], 0.0);
            add(format!("{layer}.intermediate.dense.bias"), &[INNER], 0.0);
            add(format!("{layer}.output.dense.weight"), &[HIDDEN, INNER], 0.0);
            add(format!("{layer}.output.dense.bias"), &[HIDDEN], 0.0);
            norms.extend([format!("{layer}.attention.output"), format!("{layer}.output")]);
        }
        for name in norms {
            add(format!("{name}.LayerNorm.weight"), &[HIDDEN], 1.0);
            add(format!("{name}.LayerNorm.bias"), &[HIDDEN], 0.0);
        }
        model
    }

    /// Writes the three files of a model.
    pub(super) fn write(&self, directory: &Path) {
        std::fs::create_dir_all(directory).unwrap();
        let config = json!({
            "model_type": "bert", "hidden_act": "relu", "hidden_dropout_prob": 0.0, "initializer_range": 0.02,
            "hidden_size": HIDDEN, "num_attention_heads": HEADS, "num_hidden_layers": LAYERS,
            "intermediate_size": INNER, "max_position_embeddings": POSITIONS, "type_vocab_size": 2,
            "vocab_size": PIECES.len(), "layer_norm_eps": EPSILON, "pad_token_id": 0,
            "position_embedding_type": "absolute", "use_cache": true,
        });
        std::fs::write(directory.join("config.json"), config.to_string()).unwrap();
        let vocabulary: BTreeMap<&str, usize> =
            PIECES.iter().enumerate().map(|(at, piece)| (*piece, at)).collect();
        let mark = |name: &str, id: usize| json!({ "id": name, "ids": [id], "tokens": [name] });
        let special = |name: &str| json!({ "SpecialToken": { "id": name, "type_id": 0 } });
        let single = [special("[CLS]"), json!({ "Sequence": { "id": "A", "type_id": 0 } }), special("[SEP]")];
        let tokenizer = json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "decoder": null,
            "normalizer": { "type": "Lowercase" }, "pre_tokenizer": { "type": "Whitespace" },
            "post_processor": {
                "type": "TemplateProcessing", "single": single, "pair": single,
                "special_tokens": { "[CLS]": mark("[CLS]", BEGIN), "[SEP]": mark("[SEP]", END) },
            },
            "model": { "type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]" },
        });
        std::fs::write(directory.join("tokenizer.json"), tokenizer.to_string()).unwrap();
        std::fs::write(directory.join("model.safetensors"), self.safetensors()).unwrap();
    }

    /// The length of the header, the header in JSON, and the values.
    fn safetensors(&self) -> Vec<u8> {
        let (mut header, mut values) = (serde_json::Map::new(), Vec::new());
        for (name, (shape, weights)) in &self.0 {
            let begin = values.len();
            values.extend(weights.iter().flat_map(|weight| weight.to_le_bytes()));
            let offsets = [begin, values.len()];
            header.insert(name.clone(), json!({ "dtype": "F32", "shape": shape, "data_offsets": offsets }));
        }
        let header = serde_json::to_vec(&header).unwrap();
        [&(header.len() as u64).to_le_bytes(), header.as_slice(), &values].concat()
    }

    fn values(&self, name: &str) -> Row {
        self.0[name].1.iter().map(|value| f64::from(*value)).collect()
    }

    fn row(&self, name: &str, at: usize) -> Row {
        self.values(name)[at * HIDDEN..(at + 1) * HIDDEN].to_vec()
    }

    /// `weight * row + bias`.
    fn linear(&self, name: &str, row: &[f64]) -> Row {
        let weight = self.values(&format!("{name}.weight"));
        let bias = self.values(&format!("{name}.bias"));
        weight.chunks(row.len()).zip(bias).map(|(weights, bias)| dot(weights, row) + bias).collect()
    }

    fn norm(&self, name: &str, row: &[f64]) -> Row {
        let mean = row.iter().sum::<f64>() / HIDDEN as f64;
        let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / HIDDEN as f64;
        let weight = self.values(&format!("{name}.LayerNorm.weight"));
        let bias = self.values(&format!("{name}.LayerNorm.bias"));
        let each = row.iter().zip(weight).zip(bias);
        each.map(|((value, weight), bias)| (value - mean) / (variance + EPSILON).sqrt() * weight + bias)
            .collect()
    }

    /// Vaswani and others, "Attention Is All You Need", 2017: what each row takes from all of them.
    fn attention(&self, layer: &str, rows: &[Row]) -> Vec<Row> {
        let of = |name: &str| -> Vec<Row> {
            rows.iter().map(|row| self.linear(&format!("{layer}.attention.self.{name}"), row)).collect()
        };
        let (queries, keys, values) = (of("query"), of("key"), of("value"));
        let width = HIDDEN / HEADS;
        let mut taken = vec![vec![0.0; HIDDEN]; rows.len()];
        for (taken, query) in taken.iter_mut().zip(&queries) {
            for head in 0..HEADS {
                let part = head * width..(head + 1) * width;
                let score = |key: &Row| dot(&query[part.clone()], &key[part.clone()]) / (width as f64).sqrt();
                let scores: Row = keys.iter().map(|key| score(key).exp()).collect();
                let total: f64 = scores.iter().sum();
                for (score, value) in scores.iter().zip(&values) {
                    for at in part.clone() {
                        taken[at] += score / total * value[at];
                    }
                }
            }
        }
        taken
    }

    /// The vector of a text: the mean of the last layer, at unit length.
    pub(super) fn vector(&self, text: &str) -> Row {
        let word = |word: &str| {
            let word = word.to_lowercase();
            PIECES.iter().position(|piece| *piece == word).unwrap_or(UNKNOWN)
        };
        let words = text.split_whitespace().map(word).take(POSITIONS - 2);
        let pieces = std::iter::once(BEGIN).chain(words).chain([END]);
        let mut rows: Vec<Row> = Vec::new();
        for (at, piece) in pieces.enumerate() {
            let word = self.row("embeddings.word_embeddings.weight", piece);
            let position = self.row("embeddings.position_embeddings.weight", at);
            let kind = self.row("embeddings.token_type_embeddings.weight", 0);
            rows.push(self.norm("embeddings", &sum(&sum(&word, &position), &kind)));
        }
        for layer in (0..LAYERS).map(|layer| format!("encoder.layer.{layer}")) {
            let taken = self.attention(&layer, &rows);
            for (row, taken) in rows.iter_mut().zip(taken) {
                let output = format!("{layer}.attention.output");
                *row = self.norm(&output, &sum(row, &self.linear(&format!("{output}.dense"), &taken)));
                let inner = self.linear(&format!("{layer}.intermediate.dense"), row);
                let inner: Row = inner.into_iter().map(|value| value.max(0.0)).collect();
                let output = format!("{layer}.output");
                *row = self.norm(&output, &sum(row, &self.linear(&format!("{output}.dense"), &inner)));
            }
        }
        let mean = rows.iter().fold(vec![0.0; HIDDEN], |total, row| sum(&total, row));
        let length = dot(&mean, &mean).sqrt();
        mean.into_iter().map(|value| value / length).collect()
    }
}

fn sum(left: &[f64], right: &[f64]) -> Row {
    left.iter().zip(right).map(|(left, right)| left + right).collect()
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}
