//! Hits in order, and their energy beside the score.

use std::cmp::Ordering;

use crate::clock::Timestamp;
use crate::id::ExperienceId;
use crate::model::{Explain, RecallWeights, Signal};
use crate::search::{self, GROWTH, Hit, Rank};

/// A row with its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// The row; insights have their id here too.
    pub id: ExperienceId,
    /// Its time, which decides among equal scores.
    pub timestamp: Timestamp,
    /// Its score.
    pub score: f32,
    /// What the score is made of.
    pub parts: Explain,
}

impl Ranked {
    /// A row that a vector has found.
    pub fn by_vector(id: ExperienceId, timestamp: Timestamp, cosine: f32) -> Self {
        let vector = Some(Signal { raw: cosine, share: cosine });
        Self { id, timestamp, score: cosine, parts: Explain { vector, fused: cosine, ..Explain::default() } }
    }

    /// A row that words have found.
    pub fn by_words(id: ExperienceId, timestamp: Timestamp, score: f32) -> Self {
        let lexical = Some(Signal { raw: score, share: score });
        Self { id, timestamp, score, parts: Explain { lexical, fused: score, ..Explain::default() } }
    }

    pub(super) fn of(hit: &Hit, timestamp: Timestamp) -> Self {
        Self { id: hit.rank.id(), timestamp, score: hit.score, parts: hit.parts }
    }

    fn hit(self, at: usize) -> Hit {
        let Self { id, timestamp, score, parts } = self;
        Hit { score, rank: Rank::new(timestamp, id), address: at as u32, parts }
    }
}

/// The order of hits: by score, then newer, then smaller id; the best one is the least.
pub fn order(left: &Ranked, right: &Ranked) -> Ordering {
    right.hit(0).order(&left.hit(0))
}

/// Scores without an upper end as parts of the best one.
pub fn parts_of_best(hits: Vec<Ranked>) -> Vec<Ranked> {
    let of_words = hits.iter().enumerate().map(|(at, hit)| hit.hit(at)).collect();
    back(&hits, &search::as_parts_of_best(of_words))
}

/// The best `k` of the best `wanted` hits by score, best first, weighed with their energies; or how many more of them are
/// wanted, because one that was left out could be among the best.
///
/// # Errors
/// The number of hits by score to ask for next.
pub fn weighed(
    hits: &[Ranked],
    energies: &[f32],
    weights: RecallWeights,
    k: usize,
    wanted: usize,
) -> Result<Vec<Ranked>, usize> {
    let plain = hits.iter().enumerate().map(|(at, hit)| hit.hit(at)).collect();
    match search::settled(plain, energies, weights, k, wanted) {
        Some(settled) => Ok(back(hits, &settled)),
        None => Err(wanted.saturating_mul(GROWTH)),
    }
}

fn back(hits: &[Ranked], found: &[Hit]) -> Vec<Ranked> {
    found.iter().map(|hit| Ranked::of(hit, hits[hit.address as usize].timestamp)).collect()
}
