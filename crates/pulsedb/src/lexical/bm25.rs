//! What a term adds to the score of a row: BM25, with one order of operations.
//!
//! ```text
//! N, df, mean     over the rows that are not deleted, whatever the filter
//! idf    = ln(1 + (N - df + 1/2) / (df + 1/2))                in f64
//! weight = idf * times in the query * (k1 + 1)                in f64, rounded to f32
//! flat   = k1 * (1 - b),  slope = k1 * b / mean               in f64, each rounded to f32
//! part   = weight * count / (count + (flat + slope * length)) in f32, from left to right
//! score  = ((0 + part of the query's first term) + part of its second) + ...     in f32
//! ```
//!
//! A row's score is made of its own counts and length and of the statistics alone, by the same operations wherever the
//! row lies. So it has the same bits in the tail, in a block, and in the block that this one is merged into.

/// The two parameters of BM25.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bm25 {
    /// How soon further repetitions of a word count less.
    pub(crate) k1: f32,
    /// How much a long text counts less: 0 for not at all, 1 for in proportion.
    pub(crate) b: f32,
}

impl Default for Bm25 {
    fn default() -> Self {
        Bm25 { k1: 1.2, b: 0.6 }
    }
}

/// What is summed over all rows of a collective that are not deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Their number.
    pub(crate) rows: u64,
    /// The sum of their lengths.
    pub(crate) words: u64,
}

/// The statistics of one query, from which rows are scored.
#[derive(Clone, Debug)]
pub(crate) struct Scorer {
    idf: Vec<f32>,
    weights: Vec<f32>,
    flat: f32,
    slope: f32,
}

impl Scorer {
    /// Weighs the terms of a query, each given as how often it stands there and how many live rows hold it.
    pub(crate) fn new(
        terms: impl IntoIterator<Item = (u32, u64)>,
        totals: Totals,
        parameters: Bm25,
    ) -> Scorer {
        let (k1, b) = (f64::from(parameters.k1), f64::from(parameters.b));
        let mean = totals.words as f64 / totals.rows.max(1) as f64;
        let idf_of = |frequency: u64| {
            // Statistics that contradict each other come from damage; no score of it is less than a number.
            let (rows, frequency) = (totals.rows as f64, frequency.min(totals.rows) as f64);
            ((rows - frequency + 0.5) / (frequency + 0.5)).ln_1p()
        };
        let (idf, weights) = terms
            .into_iter()
            .map(|(times, frequency)| {
                let idf = idf_of(frequency);
                (idf as f32, (idf * f64::from(times) * (k1 + 1.0)) as f32)
            })
            .unzip();
        // Without a word there is no posting, and so no row whose length would matter.
        let slope = if mean > 0.0 { k1 * b / mean } else { 0.0 };
        Scorer { idf, weights, flat: (k1 * (1.0 - b)) as f32, slope: slope as f32 }
    }

    /// How much finding this term says, without how often it was asked for.
    pub(crate) fn idf(&self, term: usize) -> f32 {
        self.idf[term]
    }

    /// What a row's length adds below the fraction.
    #[inline]
    pub(super) fn norm(&self, length: f32) -> f32 {
        self.flat + self.slope * length
    }

    /// What a term adds to a row's score.
    #[inline]
    pub(super) fn part(weight: f32, count: u32, norm: f32) -> f32 {
        let count = count as f32;
        weight * count / (count + norm)
    }

    pub(super) fn weight(&self, term: usize) -> f32 {
        self.weights[term]
    }

    /// The score of a row from how often it holds each term of the query: 0 if it holds none.
    pub(crate) fn score(&self, counts: &[u32], length: u32) -> f32 {
        let norm = self.norm(length as f32);
        let held = self.weights.iter().zip(counts).filter(|&(_, &count)| count > 0);
        held.fold(0.0, |score, (&weight, &count)| score + Self::part(weight, count, norm))
    }
}
