//! The encoder of BERT, forward only: pieces in, the rows of the last layer out.
//!
//! ```text
//! rows = norm(word + position + kind)
//! each layer: rows = norm(rows + dense(attention(rows))); rows = norm(rows + dense(activation(dense(rows))))
//! ```
//! Devlin and others, "BERT", NAACL 2019, after Vaswani and others, "Attention Is All You Need", `NeurIPS` 2017.

use candle_core::{DType, Result, Tensor};
use candle_nn::{Embedding, LayerNorm, Linear, Module, VarBuilder, embedding, layer_norm, linear, ops};
use serde::Deserialize;

/// What the score of a padded piece loses: its share is exactly zero then.
const MASKED: f64 = -1e9;

/// What `config.json` says of the shape of the model.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Shape {
    pub(super) hidden_size: usize,
    pub(super) num_attention_heads: usize,
    pub(super) num_hidden_layers: usize,
    pub(super) intermediate_size: usize,
    pub(super) max_position_embeddings: usize,
    pub(super) type_vocab_size: usize,
    pub(super) vocab_size: usize,
    layer_norm_eps: f64,
    hidden_act: Activation,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Activation {
    Gelu,
    GeluNew,
    Relu,
}

/// A model with its weights.
pub(super) struct Bert {
    words: Embedding,
    positions: Tensor,
    /// The row of the first kind of text, the only kind here.
    kind: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    taken: Linear,
    taken_norm: LayerNorm,
    inner: Linear,
    outer: Linear,
    outer_norm: LayerNorm,
    activation: Activation,
    heads: usize,
}

impl Bert {
    /// Finds the weights by the names that they have in published models.
    pub(super) fn load(weights: &VarBuilder<'_>, shape: &Shape) -> Result<Self> {
        let is_nested = !weights.contains_tensor("embeddings.word_embeddings.weight");
        let weights = if is_nested { weights.pp("bert") } else { weights.clone() };
        let (hidden, epsilon) = (shape.hidden_size, shape.layer_norm_eps);
        let first = weights.pp("embeddings");
        let table = |rows: usize, name: &str| embedding(rows, hidden, first.pp(name));
        let kinds = table(shape.type_vocab_size, "token_type_embeddings")?;
        let layers = (0..shape.num_hidden_layers)
            .map(|layer| Layer::load(&weights.pp("encoder.layer").pp(layer), shape))
            .collect::<Result<_>>()?;
        Ok(Self {
            words: table(shape.vocab_size, "word_embeddings")?,
            positions: table(shape.max_position_embeddings, "position_embeddings")?.embeddings().clone(),
            kind: kinds.embeddings().get(0)?,
            norm: layer_norm(hidden, epsilon, first.pp("LayerNorm"))?,
            layers,
        })
    }

    /// The rows of the pieces of several texts; `present` is 1 for a piece and 0 for padding.
    pub(super) fn rows(&self, pieces: &Tensor, present: &Tensor) -> Result<Tensor> {
        let (texts, length) = pieces.dims2()?;
        let positions = self.positions.narrow(0, 0, length)?;
        let rows = self.words.forward(pieces)?.broadcast_add(&positions)?.broadcast_add(&self.kind)?;
        let mut rows = self.norm.forward(&rows)?;
        let absent = present.to_dtype(DType::F32)?.affine(-MASKED, MASKED)?.reshape((texts, 1, 1, length))?;
        for layer in &self.layers {
            rows = layer.forward(&rows, &absent)?;
        }
        Ok(rows)
    }
}

impl Layer {
    fn load(weights: &VarBuilder<'_>, shape: &Shape) -> Result<Self> {
        let (hidden, inner, epsilon) = (shape.hidden_size, shape.intermediate_size, shape.layer_norm_eps);
        let square = |name: &str| linear(hidden, hidden, weights.pp(name));
        let norm = |name: &str| layer_norm(hidden, epsilon, weights.pp(name));
        Ok(Self {
            query: square("attention.self.query")?,
            key: square("attention.self.key")?,
            value: square("attention.self.value")?,
            taken: square("attention.output.dense")?,
            taken_norm: norm("attention.output.LayerNorm")?,
            inner: linear(hidden, inner, weights.pp("intermediate.dense"))?,
            outer: linear(inner, hidden, weights.pp("output.dense"))?,
            outer_norm: norm("output.LayerNorm")?,
            activation: shape.hidden_act,
            heads: shape.num_attention_heads,
        })
    }

    fn forward(&self, rows: &Tensor, absent: &Tensor) -> Result<Tensor> {
        let taken = self.taken.forward(&self.attention(rows, absent)?)?;
        let rows = self.taken_norm.forward(&(rows + taken)?)?;
        let inner = self.inner.forward(&rows)?;
        let inner = match self.activation {
            Activation::Gelu => inner.gelu_erf()?,
            Activation::GeluNew => inner.gelu()?,
            Activation::Relu => inner.relu()?,
        };
        self.outer_norm.forward(&(&rows + self.outer.forward(&inner)?)?)
    }

    /// What each row takes from all rows of its text.
    fn attention(&self, rows: &Tensor, absent: &Tensor) -> Result<Tensor> {
        let (texts, length, hidden) = rows.dims3()?;
        let width = hidden / self.heads;
        let by_heads = |part: &Linear| -> Result<Tensor> {
            let part = part.forward(rows)?.reshape((texts, length, self.heads, width))?;
            part.transpose(1, 2)?.contiguous()
        };
        let (queries, keys, values) = (by_heads(&self.query)?, by_heads(&self.key)?, by_heads(&self.value)?);
        let scores = (queries.matmul(&keys.t()?)? / (width as f64).sqrt())?;
        let shares = ops::softmax_last_dim(&scores.broadcast_add(absent)?)?;
        shares.matmul(&values)?.transpose(1, 2)?.reshape((texts, length, hidden))
    }
}
