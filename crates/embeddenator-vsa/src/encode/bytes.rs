//! Any bytes as sign vectors: their n-grams at signed positions.

use crate::encode::accumulator::{Accumulator, Spot, extend_spots, spot_of};
use crate::error::{Error, Result};
use crate::limits::{FEATURE_POSITIONS_MAX, GRAM_BYTES_MAX};
use crate::{Planes, Random};

/// How bytes become codes. Codes made with different options cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BytesOptions {
    /// The dimension of the codes. The noise of a cosine is `1 / sqrt(dimension)`; each dimension takes two bits.
    pub dimension: usize,
    /// Determines all positions and signs.
    pub seed: u64,
    /// The bytes in an n-gram, from 1 to 8.
    pub gram_bytes: usize,
    /// The positions of an n-gram, from 1.
    pub gram_positions: u32,
}

impl Default for BytesOptions {
    /// N-grams long enough that unrelated files of one kind share little, and short enough to
    /// survive edits.
    fn default() -> Self {
        BytesOptions { dimension: 16_384, seed: 0, gram_bytes: 6, gram_positions: 1 }
    }
}

/// Encodes bytes so that inputs with many n-grams in common, in any order and at any place, have a
/// high cosine.
///
/// Each n-gram adds 1 at positions and with signs given by its hash (feature hashing, Weinberger et
/// al. 2009; the letter n-grams of Joshi, Halseth, Kanerva, "Language geometry using random
/// indexing", 2016); the code is the signs of the sums. An input shorter than an n-gram counts as
/// one n-gram; an empty one gives the zero code, whose cosine with any other is 0. All arithmetic
/// is in integers; the bits are the same on every machine, and memory use does not depend on the
/// input.
///
/// ```
/// use embeddenator_vsa::BytesEncoder;
///
/// let encoder = BytesEncoder::default();
/// let [left, right] = [&b"...the same bytes, moved"[..], b"the same bytes, moved..."].map(|bytes| encoder.encode(bytes));
/// assert!(left.cosine(&right)? > 0.7);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BytesEncoder {
    options: BytesOptions,
}

impl BytesEncoder {
    /// An encoder with these options.
    ///
    /// # Errors
    /// [`Error::Dimension`] as for [`Planes::zero`]; [`Error::EncoderOption`] if an option is out
    /// of range.
    pub fn new(options: BytesOptions) -> Result<Self> {
        Planes::zero(options.dimension)?;
        let positions = u64::from(FEATURE_POSITIONS_MAX);
        Error::expect_option("gram_bytes", options.gram_bytes as u64, 1, GRAM_BYTES_MAX as u64)?;
        Error::expect_option("gram_positions", options.gram_positions.into(), 1, positions)?;
        Ok(BytesEncoder { options })
    }

    /// The options.
    pub fn options(&self) -> &BytesOptions {
        &self.options
    }

    /// The code of these bytes.
    pub fn encode(&self, bytes: &[u8]) -> Planes {
        let mut stream = self.stream();
        stream.push(bytes);
        stream.finish()
    }

    /// The codes of many inputs, in order; faster than one by one.
    pub fn encode_all<T: AsRef<[u8]>>(&self, items: &[T]) -> Vec<Planes> {
        let mut stream = self.stream();
        let encode = |item: &T| {
            stream.push(item.as_ref());
            stream.finish()
        };
        items.iter().map(encode).collect()
    }

    /// Encodes bytes that come in parts.
    pub fn stream(&self) -> BytesStream<'_> {
        let accumulator = Accumulator::new(self.options.dimension);
        BytesStream { options: &self.options, accumulator, spots: Vec::new(), window: 0, taken: 0 }
    }
}

/// Bytes that come in parts, cut anywhere; see [`BytesEncoder::stream`].
///
/// ```
/// use embeddenator_vsa::BytesEncoder;
///
/// let encoder = BytesEncoder::default();
/// let mut stream = encoder.stream();
/// stream.push(b"bytes in ");
/// stream.push(b"parts");
/// assert_eq!(stream.finish(), encoder.encode(b"bytes in parts"));
/// ```
#[derive(Debug)]
pub struct BytesStream<'a> {
    options: &'a BytesOptions,
    accumulator: Accumulator,
    /// The spots of the current n-gram.
    spots: Vec<Spot>,
    /// The last bytes, with the latest lowest.
    window: u64,
    /// The bytes so far, at most as many as an n-gram has.
    taken: usize,
}

impl BytesStream<'_> {
    /// Takes the next part.
    pub fn push(&mut self, part: &[u8]) {
        let gram_bytes = self.options.gram_bytes;
        for byte in part {
            self.window = (self.window << 8) | u64::from(*byte);
            self.taken = (self.taken + 1).min(gram_bytes);
            if self.taken == gram_bytes {
                self.add_gram();
            }
        }
    }

    /// The code of all parts; the stream then starts over.
    pub fn finish(&mut self) -> Planes {
        if self.taken > 0 && self.taken < self.options.gram_bytes {
            self.add_gram();
        }
        self.window = 0;
        self.taken = 0;
        self.accumulator.take_signs()
    }

    #[inline]
    fn add_gram(&mut self) {
        let gram = self.window & (u64::MAX >> (64 - 8 * self.taken));
        // The length distinguishes n-grams of different lengths; the seed is mixed first, so that
        // two seeds have nothing in common.
        let feature = Random::new(self.options.seed ^ self.taken as u64).next_u64() ^ gram;
        let feature = Random::new(feature).next_u64();
        let BytesOptions { dimension, gram_positions, .. } = *self.options;
        if gram_positions == 1 {
            self.accumulator.add_all(&[spot_of((feature >> 32) as u32, dimension)], 1);
        } else {
            self.spots.clear();
            extend_spots(feature, gram_positions, dimension, &mut self.spots);
            self.accumulator.add_all(&self.spots, 1);
        }
    }
}
