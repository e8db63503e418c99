//! File signatures: near-duplicates by the estimated share of shingles that two files share.

use embeddenator_vsa::{BlockCode, Shape};

use crate::error::{Error, Result};
use crate::{Flat, Hit, Id, Index};

/// Signatures of files or texts. Each is a code of min-hashes of shingles, one per block; the share
/// of blocks in which two of them agree estimates the Jaccard similarity of the shingles (Broder,
/// "On the resemblance and containment of documents", 1997).
///
/// Scores are that estimate, the cosine of the codes. With `b` blocks its standard deviation is
/// about `1 / (2 * sqrt(b))` at most, 0.04 for 128 blocks. The scan is exact, so false positives
/// and misses come from the estimate alone. The false-positive thresholds for unrelated codes do
/// not apply here, since signatures of files are not independent.
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
    /// An empty set of signatures.
    pub fn new(shape: Shape) -> Self {
        Signatures { flat: Flat::new(shape) }
    }

    /// The index of the signatures, for searching or storing.
    pub fn as_flat(&self) -> &Flat {
        &self.flat
    }

    /// The index of the signatures.
    pub fn into_flat(self) -> Flat {
        self.flat
    }

    /// The number of signatures.
    pub fn len(&self) -> usize {
        self.flat.len()
    }

    /// Whether there are no signatures.
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

    /// The files whose estimated Jaccard similarity is at least `jaccard_min`, most similar first.
    ///
    /// # Errors
    /// [`Error::Threshold`] unless `jaccard_min` is between 0 and 1; [`Error::Code`] if the shape
    /// of the signature differs.
    pub fn near_duplicates(&self, signature: &BlockCode, jaccard_min: f32) -> Result<Vec<Hit>> {
        if !(0.0..=1.0).contains(&jaccard_min) {
            return Err(Error::Threshold { threshold: jaccard_min });
        }
        self.flat.within(signature.as_ref(), jaccard_min)
    }
}

impl From<Flat> for Signatures {
    /// The signatures in a stored index.
    fn from(flat: Flat) -> Self {
        Signatures { flat }
    }
}
