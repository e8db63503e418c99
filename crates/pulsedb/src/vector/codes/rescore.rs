//! The exact comparison of candidates, which goes on for as long as one of the rest may be among the best.

use crate::vector::top_k::{Ordered, TopK};

/// Rows that are compared in one go after the first k.
const BATCH: usize = 8;
/// Rows that an exact comparison of many rows takes in one go.
const EXACT_BATCH: usize = 64;

/// A row that may be among the best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    /// What its cosine does not exceed.
    pub(super) upper: f32,
    pub(super) slot: u32,
}

/// A row with its exact score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scored {
    pub(crate) slot: u32,
    pub(crate) score: f32,
}

/// What a scan left.
#[derive(Clone, Debug)]
pub(crate) struct Candidates {
    /// The greatest upper bound first.
    rows: Vec<Candidate>,
    damaged: Option<u32>,
}

impl Candidates {
    pub(super) fn new(mut rows: Vec<Candidate>, floor: f32, damaged: Option<u32>) -> Candidates {
        rows.retain(|row| row.upper >= floor);
        rows.sort_unstable_by(|left, right| {
            right.upper.total_cmp(&left.upper).then_with(|| left.slot.cmp(&right.slot))
        });
        Candidates { rows, damaged }
    }

    #[cfg_attr(not(test), expect(dead_code, reason = "tests count candidates"))]
    /// The number of rows that may be compared.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The slot of a row whose refinement is damaged, if one was seen. The answer is right in spite of it.
    pub(crate) fn damaged(&self) -> Option<u32> {
        self.damaged
    }

    /// The rows that score no less than the k-th best of them, in no order: at least `k`, if there are so many
    /// candidates, and more if several tie with the k-th.
    ///
    /// `score` is given slots and appends the exact score of each, none of them NaN. It is called for the first k at
    /// once and then for few at a time, until no upper bound reaches the k-th score.
    ///
    /// # Errors
    ///
    /// What `score` returned.
    pub(crate) fn rescore<E>(
        &self,
        k: usize,
        mut score: impl FnMut(&[u32], &mut Vec<f32>) -> Result<(), E>,
    ) -> Result<Vec<Scored>, E> {
        let mut best = Best::new(k);
        let (first, rest) = self.rows.split_at(self.rows.len().min(k));
        for batch in std::iter::once(first).chain(rest.chunks(BATCH)) {
            let reaching = batch.partition_point(|row| row.upper >= best.floor);
            let slots: Vec<u32> = batch[..reaching].iter().map(|row| row.slot).collect();
            best.score(&slots, &mut score)?;
            if reaching < batch.len() {
                break;
            }
        }
        Ok(best.finish())
    }
}

/// The rows among `slots` that score no less than the k-th best of them, in no order, each compared exactly.
///
/// The oracle of the search by codes, and the faster way for few rows: see [`gather_limit`].
///
/// # Errors
///
/// What `score` returned; see [`Candidates::rescore`].
pub(crate) fn exact<E>(
    slots: impl IntoIterator<Item = u32>,
    k: usize,
    mut score: impl FnMut(&[u32], &mut Vec<f32>) -> Result<(), E>,
) -> Result<Vec<Scored>, E> {
    let mut best = Best::new(k);
    let mut slots = slots.into_iter().peekable();
    while slots.peek().is_some() {
        let batch: Vec<u32> = slots.by_ref().take(EXACT_BATCH).collect();
        best.score(&batch, &mut score)?;
    }
    Ok(best.finish())
}

/// Up to so many allowed rows it is cheaper to compare each exactly than to scan their codes.
///
/// A scan compares k rows exactly in any case, and reading a code costs about a tenth of comparing its row.
pub(crate) fn gather_limit(k: usize) -> usize {
    k.saturating_add(k / 8).saturating_add(16)
}

/// The rows that score no less than the k-th so far.
struct Best {
    top: TopK<Ordered>,
    floor: f32,
    kept: Vec<Scored>,
    prune_at: usize,
    scores: Vec<f32>,
}

impl Best {
    fn new(k: usize) -> Best {
        let floor = if k == 0 { f32::INFINITY } else { f32::NEG_INFINITY };
        Best { top: TopK::new(k), floor, kept: Vec::new(), prune_at: EXACT_BATCH, scores: Vec::new() }
    }

    fn score<E>(
        &mut self,
        slots: &[u32],
        score: impl FnOnce(&[u32], &mut Vec<f32>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.scores.clear();
        score(slots, &mut self.scores)?;
        for (slot, score) in slots.iter().zip(&self.scores) {
            // Adding zero makes a negative zero a positive one: they are equal scores.
            let scored = Scored { slot: *slot, score: score + 0.0 };
            if scored.score >= self.floor {
                self.kept.push(scored);
                self.top.push(Ordered(scored.score));
                self.floor = self.top.least().map_or(self.floor, |least| least.0);
            }
        }
        if self.kept.len() >= self.prune_at {
            self.kept.retain(|scored| scored.score >= self.floor);
            self.prune_at = EXACT_BATCH.max(2 * self.kept.len());
        }
        Ok(())
    }

    fn finish(mut self) -> Vec<Scored> {
        self.kept.retain(|scored| scored.score >= self.floor);
        self.kept
    }
}
