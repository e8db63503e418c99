//! File signatures: near-duplicates by the estimated share of shingles that two files have in common.

use embeddenator_vsa::{BlockCode, Shape};

use crate::error::{Error, Result};
use crate::{Flat, Hit, Id, Index};

/// Signatures of files or texts: each is a code of min-hashes of shingles, one a block, and two of them agree in a
/// share of their blocks that estimates the Jaccard similarity of the shingles (Broder, "On the resemblance and
/// containment of documents", 1997).
///
/// Scores are that estimate, the cosine of the codes: of `b` blocks it is off by some `1 / (2 * sqrt(b))` at most, as a
/// standard deviation, 0.04 for 128 blocks. The scan is exact, so what is missed or found wrongly is by the estimate
/// alone. The false-positive thresholds of unrelated codes do not hold here: signatures of files are not independent.
///
/// ```
/// use embeddenator_retrieval::{Id, Signatures};
/// use embeddenator_vsa::{BlockCode, Random, Shape};
///
/// let mut random = Random::new(1);
/// let [file, other] = std::array::from_fn(|_| BlockCode::random(Shape::DEFAULT, &mut random));
/// let mut signatures = Signatures::new(Shape::DEFAULT);
/// signatures.insert(Id(1), &file)?;
/// signatures.insert(Id(2), &other)?;
/// let found = signatures.near_duplicates(&file, 0.5)?;
/// assert_eq!((found.len(), found[0].id), (1, Id(1)));
/// # Ok::<(), embeddenator_retrieval::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signatures {
    flat: Flat,
}

impl Signatures {
    /// No signatures.
    pub fn new(shape: Shape) -> Self {
        Signatures { flat: Flat::new(shape) }
    }

    /// The index of the signatures, to be searched or kept.
    pub fn as_flat(&self) -> &Flat {
        &self.flat
    }

    /// The index of the signatures.
    pub fn into_flat(self) -> Flat {
        self.flat
    }

    /// Signatures there are.
    pub fn len(&self) -> usize {
        self.flat.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.flat.is_empty()
    }

    /// Adds the signature of a file.
    ///
    /// # Errors
    /// Those of [`Index::insert`].
    pub fn insert(&mut self, id: Id, signature: &BlockCode) -> Result<()> {
        self.flat.insert(id, signature)
    }

    /// Removes the signature of a file and returns it, or `None` if there is none.
    pub fn remove(&mut self, id: Id) -> Option<BlockCode> {
        self.flat.remove(id)
    }

    /// The signature of a file.
    pub fn get(&self, id: Id) -> Option<BlockCode> {
        self.flat.get(id)
    }

    /// The files whose estimated Jaccard similarity is at least `jaccard_min`, from 0 to 1, the most similar first.
    ///
    /// # Errors
    /// [`Error::Threshold`] for no such number, [`Error::Code`] for a signature of another shape.
    pub fn near_duplicates(&self, signature: &BlockCode, jaccard_min: f32) -> Result<Vec<Hit>> {
        if !(0.0..=1.0).contains(&jaccard_min) {
            return Err(Error::Threshold { threshold: jaccard_min });
        }
        self.flat.within(signature.as_ref(), jaccard_min)
    }
}

impl From<Flat> for Signatures {
    /// The signatures of an index that was kept.
    fn from(flat: Flat) -> Self {
        Signatures { flat }
    }
}
