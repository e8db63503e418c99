//! Bytes as block codes that are MinHash signatures: the dot product of two estimates how much they share.

use crate::encode::shingle_options::ShingleOptions;
use crate::encode::sketch::ShingleSketch;
use crate::error::Result;
use crate::{BlockCode, CodeRef, Codes};

/// Encodes bytes as the signature of the set of their shingles, which are all pieces of a fixed length.
///
/// The dot product of two signatures, over the number of blocks, estimates the Jaccard similarity J of the two sets: what
/// they have in common over what either has. So the nearest codes of a table are the nearest duplicates.
///
/// # How
/// ```text
/// for each shingle: (block, rest) = hash(shingle);  minimum[block] = min(minimum[block], rest)
/// for each block without a shingle: take over the minimum of the first other block, in an order of its own
/// byte of a block: position and sign are bits of hash(minimum)
/// ```
/// That is one-permutation MinHash (Li, Owen, Zhang, "One permutation hashing", NIPS 2012) of one byte a block. Empty
/// blocks are filled as in Shrivastava, "Optimal densification for fast and accurate minwise hashing", ICML 2017, in the
/// order of Mai, Rao, Kapilevich, Rossi, Abbasi-Yadkori, Sinha, "On densification for minwise hashing", UAI 2019, where
/// the full blocks look for empty ones: it takes `B log B` steps for B blocks however few shingles there are, not `B^2`.
///
/// # Why the estimate is unbiased
/// Let a hash be random. The minimum of the *union* of both sets in a block is equally likely each of its elements, so
/// with probability J it is in both sets, and then it is the minimum of both: the bytes agree. If it is not, the minima
/// are different elements, whose bytes are independent: of equal positions, one in L, the random signs agree as often as
/// not, and the expected product is 0. A block that is empty in the union takes the minimum of the first block, in an
/// order that does not depend on the sets, in which the union is not empty; there the same holds, and a set that is
/// empty in it takes a minimum from elsewhere, which is another element. So the expected dot product is B J, for any
/// number L of positions. A block contributes a variance of `(1 - J) (J + 1 / L)`; the standard deviation of the estimate
/// is the root of that over B, or a little less, since blocks share no shingle, while there are many more shingles than
/// blocks.
///
/// Signatures of no bytes are equal to each other and unlike any other. Bytes fewer than a shingle are one shingle of
/// their own.
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
    /// [`Error::EncoderOption`](crate::Error::EncoderOption).
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

    /// The signatures of many, in order.
    #[expect(clippy::missing_panics_doc, reason = "the codes have the shape of the table")]
    pub fn encode_all<T: AsRef<[u8]>>(&self, items: &[T]) -> Codes {
        let mut codes = Codes::with_capacity(self.options.shape, items.len());
        for item in items {
            codes.push(&self.encode(item.as_ref())).expect("a table of the encoder's shape");
        }
        codes
    }

    /// The signature of a set of any elements, such as the words or the lines of a text, in any order and however often
    /// each.
    pub fn encode_set<T: AsRef<[u8]>>(&self, elements: impl IntoIterator<Item = T>) -> BlockCode {
        let mut sketch = self.sketch();
        for element in elements {
            sketch.insert(element.as_ref());
        }
        sketch.code()
    }

    /// A sketch of nothing, for bytes that come in parts and for unions.
    pub fn sketch(&self) -> ShingleSketch {
        ShingleSketch::new(self.options)
    }

    /// The estimated Jaccard similarity of what two signatures of one encoder were made of.
    ///
    /// Unbiased, so it may be slightly below 0 for unrelated ones; it is the cosine of the two codes. For its standard
    /// deviation see [`ShingleEncoder`]: 0.044 at most with the default shape.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch).
    pub fn jaccard<'a, 'b>(left: impl Into<CodeRef<'a>>, right: impl Into<CodeRef<'b>>) -> Result<f32> {
        left.into().cosine(right)
    }
}
