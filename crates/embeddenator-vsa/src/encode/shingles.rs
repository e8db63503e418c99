//! Bytes as block codes that are MinHash signatures: the dot product of two signatures estimates how much they share.

use crate::encode::shingle_options::ShingleOptions;
use crate::encode::sketch::ShingleSketch;
use crate::error::Result;
use crate::{BlockCode, CodeRef, Codes};

/// Encodes bytes as the signature of the set of their shingles, which are all their substrings of a
/// fixed length.
///
/// The dot product of two signatures, divided by the number of blocks, estimates the Jaccard
/// similarity J of the two sets: the size of their intersection over that of their union. So the
/// nearest codes of a table are the nearest duplicates.
///
/// # Algorithm
/// ```text
/// for each shingle: (block, rest) = hash(shingle);  minimum[block] = min(minimum[block], rest)
/// for each block without a shingle: copy the minimum of the first other block, in an order of its own
/// byte of a block: position and sign are bits of hash(minimum)
/// ```
/// That is one-permutation MinHash (Li, Owen, Zhang, "One permutation hashing", NIPS 2012) with one
/// byte per block. Empty blocks are filled as in Shrivastava, "Optimal densification for fast and
/// accurate minwise hashing", ICML 2017, in the order of Mai, Rao, Kapilevich, Rossi,
/// Abbasi-Yadkori, Sinha, "On densification for minwise hashing", UAI 2019, where the full blocks
/// look for empty ones: it takes `B log B` steps for B blocks, however few shingles there are,
/// instead of `B^2`.
///
/// # Why the estimate is unbiased
/// Assume the hash is random. In a block, the minimum of the *union* of both sets is equally likely
/// to be any of its elements. With probability J it is in both sets, and then it is the minimum of
/// both: the bytes agree. Otherwise the minima are different elements with independent bytes: their
/// positions agree with probability 1 / L, and then the random signs agree half of the time, so the
/// expected product is 0. A block that is empty in the union copies the minimum of the first block,
/// in an order that does not depend on the sets, in which the union is not empty. There the same
/// holds, and a set that is empty in it copies a minimum from elsewhere, which is a different
/// element. So the expected dot product is B J, for any number L of positions. A block contributes
/// a variance of `(1 - J) (J + 1 / L)`. The standard deviation of the estimate is the square root
/// of that over B, or slightly less, since blocks have no shingles in common, as long as there are
/// many more shingles than blocks.
///
/// The signatures of empty inputs are equal to each other and unlike any other. An input shorter
/// than a shingle counts as one shingle.
///
/// ```
/// use embeddenator_vsa::ShingleEncoder;
///
/// let encoder = ShingleEncoder::default();
/// let text = "What is said three times is true, and what is said once may be forgotten. Or not, if it was written.";
/// let edited = text.replace("Or not,", "Not so");
/// let [text, edited] = [text, &edited].map(|text| encoder.encode(text.as_bytes()));
/// assert!(ShingleEncoder::jaccard(&text, &edited)? > 0.4);
/// assert!(ShingleEncoder::jaccard(&text, &encoder.encode(b"something else"))? < 0.2);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ShingleEncoder {
    options: ShingleOptions,
}

impl ShingleEncoder {
    /// An encoder with these options.
    ///
    /// # Errors
    /// [`Error::EncoderOption`](crate::Error::EncoderOption) if an option is out of range.
    pub fn new(options: ShingleOptions) -> Result<Self> {
        options.check()?;
        Ok(ShingleEncoder { options })
    }

    /// The options.
    pub fn options(&self) -> &ShingleOptions {
        &self.options
    }

    /// The signature of these bytes.
    pub fn encode(&self, bytes: &[u8]) -> BlockCode {
        let mut sketch = self.sketch();
        sketch.push(bytes);
        sketch.code()
    }

    /// The signatures of many inputs, in order.
    #[expect(clippy::missing_panics_doc, reason = "the codes have the shape of the table")]
    pub fn encode_all<T: AsRef<[u8]>>(&self, items: &[T]) -> Codes {
        let mut codes = Codes::with_capacity(self.options.shape, items.len());
        for item in items {
            codes.push(&self.encode(item.as_ref())).expect("the table has the encoder's shape");
        }
        codes
    }

    /// The signature of a set of any elements, such as the words or lines of a text; order and
    /// repetition do not matter.
    pub fn encode_set<T: AsRef<[u8]>>(&self, elements: impl IntoIterator<Item = T>) -> BlockCode {
        let mut sketch = self.sketch();
        for element in elements {
            sketch.insert(element.as_ref());
        }
        sketch.code()
    }

    /// An empty sketch, for bytes that come in parts and for unions.
    pub fn sketch(&self) -> ShingleSketch {
        ShingleSketch::new(self.options)
    }

    /// The estimated Jaccard similarity of two inputs, from their signatures by the same encoder.
    ///
    /// It is the cosine of the two codes. It is unbiased, so it may be slightly below 0 for
    /// unrelated inputs. For its standard deviation see [`ShingleEncoder`]: at most 0.044 with the
    /// default shape.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    pub fn jaccard<'a, 'b>(left: impl Into<CodeRef<'a>>, right: impl Into<CodeRef<'b>>) -> Result<f32> {
        left.into().cosine(right)
    }
}
