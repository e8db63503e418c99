//! A BERT sentence transformer on the processor: texts in, the mean of their pieces' vectors at unit length out.
//!
//! ```text
//! pieces of each text, cut to what the model sees; texts of about one length share a batch, padded to its longest
//! hidden = transformer(pieces, mask)
//! vector = mean of hidden over the pieces that are no padding, scaled to unit length
//! ```
//! Reimers and Gurevych, "Sentence-BERT", EMNLP 2019, section 3.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use tokenizers::{Tokenizer, TruncationParams};

use crate::embed::EmbeddingService;
use crate::embed::sentence::bert::Bert;
use crate::embed::sentence::directory::{self, damaged_tokenizer, damaged_weights};
use crate::error::{PulseDBError, Result};
use crate::id::Embedding;
use crate::limits;
use crate::model::ProviderIdentity;

/// The name of these embedders in the identity of a database.
const PROVIDER: &str = "sentence-transformer";

struct SentenceTransformer {
    tokenizer: Tokenizer,
    model: Bert,
    identity: ProviderIdentity,
}

/// Reads a sentence-transformer directory.
pub(crate) fn open(path: &Path) -> Result<Arc<dyn EmbeddingService>> {
    let files = directory::read(path)?;
    let mut tokenizer =
        Tokenizer::from_bytes(&files.tokenizer).map_err(|error| damaged_tokenizer(path, error))?;
    let truncation = TruncationParams { max_length: files.pieces_max, ..TruncationParams::default() };
    tokenizer.with_padding(None);
    tokenizer.with_truncation(Some(truncation)).map_err(|error| damaged_tokenizer(path, error))?;
    let pieces = tokenizer.get_vocab_size(true);
    if pieces > files.shape.vocab_size {
        let reason = format!("it knows {pieces} pieces, the model {}", files.shape.vocab_size);
        return Err(damaged_tokenizer(path, reason));
    }
    let weights = VarBuilder::from_buffered_safetensors(files.weights, DType::F32, &Device::Cpu);
    let weights = weights.map_err(|error| damaged_weights(path, error))?;
    let model = Bert::load(&weights, &files.shape).map_err(|error| damaged_weights(path, error))?;
    let identity = ProviderIdentity {
        provider: PROVIDER.into(),
        model_digest: files.digest,
        dimension: files.shape.hidden_size,
    };
    Ok(Arc::new(SentenceTransformer { tokenizer, model, identity }))
}

impl EmbeddingService for SentenceTransformer {
    fn embed(&self, text: &str) -> Result<Embedding> {
        Ok(self.embed_batch(&[text])?.pop().unwrap_or_default())
    }

    fn embed_batch(&self, texts: &[&str]) -> Result<Vec<Embedding>> {
        let mut pieces = Vec::with_capacity(texts.len());
        for (at, text) in texts.iter().enumerate() {
            let encoded = self.tokenizer.encode_fast(*text, true).map_err(failed)?;
            pieces.push((at, encoded.get_ids().to_vec()));
        }
        pieces.sort_by_key(|(_, pieces)| pieces.len());
        let mut vectors = vec![Embedding::new(); texts.len()];
        for batch in pieces.chunks(limits::MODEL_BATCH_TEXTS) {
            let made = self.forward(batch).map_err(failed)?;
            for ((at, _), vector) in batch.iter().zip(made) {
                vectors[*at] = vector;
            }
        }
        Ok(vectors)
    }

    fn dimension(&self) -> usize {
        self.identity.dimension
    }

    fn identity(&self) -> ProviderIdentity {
        self.identity.clone()
    }
}

impl SentenceTransformer {
    /// The vectors of texts, given as their pieces.
    fn forward(&self, batch: &[(usize, Vec<u32>)]) -> candle_core::Result<Vec<Embedding>> {
        let longest = batch.iter().map(|(_, pieces)| pieces.len()).max().unwrap_or(0);
        let (mut ids, mut mask) = (Vec::new(), Vec::new());
        for (_, pieces) in batch {
            let padding = longest - pieces.len();
            ids.extend(pieces.iter().copied().chain(std::iter::repeat_n(0, padding)));
            mask.extend(std::iter::repeat_n(1_u32, pieces.len()).chain(std::iter::repeat_n(0, padding)));
        }
        let shape = (batch.len(), longest);
        let ids = Tensor::from_vec(ids, shape, &Device::Cpu)?;
        let mask = Tensor::from_vec(mask, shape, &Device::Cpu)?;
        let hidden = self.model.rows(&ids, &mask)?;
        let weights = mask.to_dtype(DType::F32)?;
        let sums = hidden.broadcast_mul(&weights.unsqueeze(2)?)?.sum(1)?;
        let means = sums.broadcast_div(&weights.sum_keepdim(1)?)?;
        let lengths = means.sqr()?.sum_keepdim(1)?.sqrt()?;
        means.broadcast_div(&lengths)?.to_vec2()
    }
}

fn failed(error: impl Display) -> PulseDBError {
    PulseDBError::Embedding { reason: format!("the model failed: {error}") }
}
