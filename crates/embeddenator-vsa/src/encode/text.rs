//! Texts as sign vectors: stemmed words and their character n-grams at signed positions.

use std::fmt;

use crate::encode::accumulator::{Accumulator, Spot, spot_of};
use crate::encode::features::Features;
use crate::encode::text_options::TextOptions;
use crate::encode::tokens::Tokenizer;
use crate::encode::vocabulary::Vocabulary;
use crate::error::Result;
use crate::{Planes, Random};

/// Encodes texts so that those with words in common, or with words of similar spelling, have a
/// cosine above 0.
///
/// A text is split into lower-case words. The English stem of each distinct word is a feature, and
/// so are its n-grams of 3 to 5 characters. A feature adds the logarithm of the word's count at
/// positions and with signs given by its hash ([feature hashing](https://arxiv.org/abs/0902.2206),
/// Weinberger et al. 2009; random indexing, Kanerva et al. 2000). About 350 English function words
/// and common words count less and have no n-grams; numbers count double. Characters of scripts
/// without spaces, and pictographs, are taken one by one and in pairs. Each text also has positions
/// of its own, which normalise the cosine by length as the pivot does in Singhal, Buckley, Mitra,
/// "Pivoted document length normalization" (SIGIR 1996). The code is the signs of the sums.
///
/// There are no collection statistics, so a code depends only on its text and the options; all
/// arithmetic is in integers, and the bits are the same on every machine. The order of the words
/// does not matter if the text has at most [`TEXT_WORDS_MAX`](crate::limits::TEXT_WORDS_MAX)
/// distinct ones. Memory is bounded, whatever the text. A text without words gives the zero code,
/// whose cosine with any other is 0.
///
/// ```
/// use embeddenator_vsa::TextEncoder;
///
/// let encoder = TextEncoder::default();
/// let question = encoder.encode("Which painting did Melanie finish?");
/// let answer = encoder.encode("Melanie has finished painting the lake at sunrise.");
/// let other = encoder.encode("The train to Lisbon leaves at nine.");
/// assert!(question.cosine(&answer)? > question.cosine(&other)? + 0.1);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
pub struct TextEncoder {
    options: TextOptions,
    features: Features,
}

impl TextEncoder {
    /// An encoder with these options.
    ///
    /// # Errors
    /// [`Error::Dimension`](crate::Error::Dimension) as for [`Planes::zero`];
    /// [`Error::EncoderOption`](crate::Error::EncoderOption) if an option is out of range.
    pub fn new(options: TextOptions) -> Result<Self> {
        options.check()?;
        Ok(Self::checked(options))
    }

    fn checked(options: TextOptions) -> Self {
        TextEncoder { features: Features::new(options), options }
    }

    /// The options.
    pub fn options(&self) -> &TextOptions {
        &self.options
    }

    /// The code of a text.
    pub fn encode(&self, text: &str) -> Planes {
        let mut stream = self.stream();
        stream.push(text);
        stream.finish()
    }

    /// The codes of texts, in order; faster than one by one.
    pub fn encode_all<T: AsRef<str>>(&self, texts: &[T]) -> Vec<Planes> {
        let mut stream = self.stream();
        let encode = |text: &T| {
            stream.push(text.as_ref());
            stream.finish()
        };
        texts.iter().map(encode).collect()
    }

    /// Encodes a text that comes in parts.
    pub fn stream(&self) -> TextStream<'_> {
        TextStream {
            encoder: self,
            accumulator: Accumulator::new(self.options.dimension),
            vocabulary: Vocabulary::default(),
            tokenizer: Tokenizer::default(),
        }
    }
}

impl Default for TextEncoder {
    fn default() -> Self {
        Self::checked(TextOptions::default())
    }
}

impl Clone for TextEncoder {
    fn clone(&self) -> Self {
        Self::checked(self.options)
    }
}

impl PartialEq for TextEncoder {
    /// Equal options.
    fn eq(&self, other: &Self) -> bool {
        self.options == other.options
    }
}

impl Eq for TextEncoder {}

impl fmt::Debug for TextEncoder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("TextEncoder").field(&self.options).finish()
    }
}

/// A text that comes in parts, cut anywhere; see [`TextEncoder::stream`].
///
/// ```
/// use embeddenator_vsa::TextEncoder;
///
/// let encoder = TextEncoder::default();
/// let mut stream = encoder.stream();
/// for part in ["a text in pa", "rts"] {
///     stream.push(part);
/// }
/// assert_eq!(stream.finish(), encoder.encode("a text in parts"));
/// ```
#[derive(Debug)]
pub struct TextStream<'a> {
    encoder: &'a TextEncoder,
    accumulator: Accumulator,
    vocabulary: Vocabulary,
    tokenizer: Tokenizer,
}

impl TextStream<'_> {
    /// Takes the next part.
    pub fn push(&mut self, part: &str) {
        let TextStream { encoder, accumulator, vocabulary, tokenizer } = self;
        tokenizer.push(part, |token| vocabulary.take(&token, &encoder.features, accumulator));
    }

    /// The code of all parts; the stream then starts over.
    pub fn finish(&mut self) -> Planes {
        let TextStream { encoder, accumulator, vocabulary, tokenizer } = self;
        tokenizer.finish(&mut |token| vocabulary.take(&token, &encoder.features, accumulator));
        let fingerprint = vocabulary.finish();
        if fingerprint != 0 {
            let TextOptions { dimension, pivot_positions, .. } = encoder.options;
            // The lowest weight, below that of any word.
            accumulator.add_all(&own_spots(fingerprint, pivot_positions, dimension), 1);
        }
        accumulator.take_signs()
    }
}

/// The positions that belong to a text alone.
fn own_spots(fingerprint: u64, count: u32, dimension: usize) -> Vec<Spot> {
    let mut random = Random::new(fingerprint);
    (0..count).map(|_| spot_of(random.next_u64() as u32, dimension)).collect()
}
