//! How high the dot product of unrelated codes gets by chance, computed exactly.

use crate::Shape;
use crate::error::{Error, Result};

/// The chance that unrelated codes look alike.
///
/// With `L` positions per block, two independent random codes agree in a block with probability `1
/// / (2 L)`, agree except for the sign with the same probability, and otherwise differ. So the dot
/// product is a sum of one independent trinomial number (-1, 0, 1) per block, and its distribution
/// is their convolution. That is what is computed here: the tails of the usual normal approximation
/// are far too light for sparse codes.
///
/// This holds for atoms, for products of atoms, and for a query against atoms that it does not
/// contain. It does *not* hold for codes that are similar by design: encoded texts, shingles,
/// levels of a scale, and thinned records or bundles.
impl Shape {
    /// The smallest dot product that two independent random codes reach with a probability of at
    /// most `probability`: the threshold for that false-positive rate.
    ///
    /// For a search among `n` codes, divide the rate for the whole search by `n`. A probability
    /// smaller than that of two equal codes, such as 0, gives `blocks + 1`, which no dot product
    /// reaches. Below 10^-300, the chances of shapes with many blocks can no longer be told from 0.
    ///
    /// ```
    /// use embeddenator_vsa::Shape;
    ///
    /// // One false positive in a million comparisons.
    /// let threshold = Shape::DEFAULT.threshold(1e-6)?;
    /// assert_eq!(threshold, 7);
    /// assert!(Shape::DEFAULT.chance(threshold) <= 1e-6);
    /// assert!(Shape::DEFAULT.chance(threshold - 1) > 1e-6);
    /// # Ok::<(), embeddenator_vsa::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Probability`] unless it is between 0 and 1.
    pub fn threshold(self, probability: f64) -> Result<i32> {
        if !(0.0..=1.0).contains(&probability) {
            return Err(Error::Probability { probability });
        }
        if probability >= 1.0 {
            // The total may have been rounded up.
            return Ok(-(self.blocks() as i32));
        }
        let mut threshold = self.blocks() as i32 + 1;
        if probability <= 0.0 {
            // With many blocks, the chances round down to 0 long before they are 0.
            return Ok(threshold);
        }
        let mut sum = 0.0;
        for (dot, chance) in self.chances() {
            sum += chance;
            if sum > probability {
                return Ok(threshold);
            }
            threshold = dot;
        }
        Ok(threshold)
    }

    /// The probability that the dot product of two independent random codes is `dot` or more; 0 if
    /// it is too small for an `f64`.
    pub fn chance(self, dot: i32) -> f64 {
        let reached = self.chances().take_while(|(other, _)| *other >= dot);
        reached.map(|(_, chance)| chance).sum::<f64>().min(1.0)
    }

    /// Each dot product and its probability, from `blocks` down to `-blocks`.
    ///
    /// The distribution is symmetric, so the convolution need not be reversed. All terms are
    /// positive, so even small probabilities keep their precision. The order of the additions is
    /// fixed, so the bits are the same everywhere.
    fn chances(self) -> impl Iterator<Item = (i32, f64)> {
        let hit = 1.0 / (2.0 * self.positions() as f64);
        let miss = 1.0 - 2.0 * hit;
        let mut chances = vec![1.0];
        for _ in 0..self.blocks() {
            let mut next = vec![0.0; chances.len() + 2];
            for (at, chance) in chances.iter().enumerate() {
                next[at] += hit * chance;
                next[at + 1] += miss * chance;
                next[at + 2] += hit * chance;
            }
            chances = next;
        }
        (0..).map(move |below| self.blocks() as i32 - below).zip(chances)
    }
}
