//! How high a dot product unrelated codes reach by chance, computed exactly.

use crate::Shape;
use crate::error::{Error, Result};

/// The chance of unrelated codes to look alike.
///
/// In each block two independent random codes agree with probability `1 / (2 L)`, agree in all but the sign with the
/// same probability, and otherwise differ, for `L` positions a block. So the dot product is a sum of as many
/// independent trinomial numbers (-1, 0, 1) as there are blocks, and its distribution is their convolution. It is
/// computed as such: the normal curve that is often put in its place has tails that are far too light for sparse codes.
///
/// This holds for atoms, for what is bound from them, and for a query against atoms that it does not contain. It does
/// *not* hold for codes that are alike on purpose: encoded texts, shingles, levels of a scale, and records or bundles
/// that were thinned.
impl Shape {
    /// The smallest dot product that two independent random codes reach with a probability of at most `probability`:
    /// the threshold for that rate of false positives.
    ///
    /// For a search among `n` codes divide the rate for the whole search by `n`. A probability that is smaller than
    /// that of two equal codes, such as 0, gives `blocks + 1`, which no dot product reaches. Below 10^-300 the chances
    /// of shapes of many blocks are no longer told apart from 0.
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
    /// [`Error::Probability`] unless it is 0 to 1.
    pub fn threshold(self, probability: f64) -> Result<i32> {
        if !(0.0..=1.0).contains(&probability) {
            return Err(Error::Probability { probability });
        }
        if probability >= 1.0 {
            // The sum of all may have rounded up.
            return Ok(-(self.blocks() as i32));
        }
        let mut threshold = self.blocks() as i32 + 1;
        if probability <= 0.0 {
            // The chances of many blocks round down to 0 long before they are.
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

    /// The probability that the dot product of two independent random codes is `dot` or more; 0 where it is below the
    /// smallest number.
    pub fn chance(self, dot: i32) -> f64 {
        let reached = self.chances().take_while(|(other, _)| *other >= dot);
        reached.map(|(_, chance)| chance).sum::<f64>().min(1.0)
    }

    /// Each dot product and its probability, from `blocks` down to `-blocks`.
    ///
    /// The distribution is symmetric, so the convolution need not be turned round. All terms are positive, so even small
    /// probabilities keep their digits, as far down as numbers do. The order of the additions is fixed, so they are the
    /// same bits everywhere.
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
