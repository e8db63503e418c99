//! Late interaction: how well a text answers the pieces of a query, each by its nearest piece of the text.
//!
//! ```text
//! sim(t, u) = cosine of the rows of two pieces, 0 at or below 0.3
//! of each window of 64 pieces, 32 apart:    sum over t of weight(t) * max over u of sim(t, u)
//! the best window / sum over t of weight(t)
//! ```
//!
//! `MaxSim` (Khattab and Zaharia, SIGIR 2020) on the rows of a static table. The rows are whole numbers, so their
//! products are exact, and a score has the same bits on every machine.

use super::arch::Isa;

/// Cosines up to here say nothing: most pieces of a table are that near to one another.
const NOTHING: f32 = 0.3;
/// Pieces from one window to the next; a window has twice as many.
const STRIDE: usize = 32;

/// Where the rows of a table lie: each component is a signed byte. `None` for a piece that has no row.
pub(crate) type Rows = fn(u16) -> Option<&'static [u8]>;

/// The pieces of a query, and their similarities with the pieces of texts so far.
#[derive(Debug)]
pub(crate) struct LateQuery {
    isa: Isa,
    rows: Rows,
    pieces: Vec<QueryPiece>,
    /// The sum of the weights.
    total: f32,
    /// One more than where the similarities of each piece of the table begin; 0 before they are known.
    known: Vec<u32>,
    /// Weighted similarities with every piece of the query, piece of the table by piece of the table.
    similarities: Vec<f32>,
    /// Room for one row with its components raised above zero.
    raised: Vec<u8>,
}

#[derive(Debug)]
struct QueryPiece {
    factors: Vec<i16>,
    /// What raising each component of a row by 128 adds to its product.
    excess: i32,
    reciprocal: f32,
    weight: f32,
}

impl LateQuery {
    /// Prepares the pieces of a query with their weights; `None` if none of them has a row and a weight.
    pub(crate) fn new(isa: Isa, rows: Rows, pieces: impl IntoIterator<Item = (u16, f32)>) -> Option<Self> {
        let prepare = |(piece, weight): (u16, f32)| {
            let factors: Vec<i16> = rows(piece)?.iter().map(|byte| i16::from(*byte as i8)).collect();
            let square: i32 = factors.iter().map(|factor| i32::from(*factor) * i32::from(*factor)).sum();
            let excess = 128 * factors.iter().map(|factor| i32::from(*factor)).sum::<i32>();
            let is_useful = weight > 0.0 && square > 0;
            is_useful.then(|| QueryPiece { factors, excess, reciprocal: reciprocal(square), weight })
        };
        let pieces: Vec<QueryPiece> = pieces.into_iter().filter_map(prepare).collect();
        if pieces.is_empty() {
            return None;
        }
        let total = pieces.iter().map(|piece| piece.weight).sum();
        let (known, similarities) = (vec![0; usize::from(u16::MAX) + 1], Vec::new());
        Some(Self { isa, rows, pieces, total, known, similarities, raised: Vec::new() })
    }

    /// The score of a text, 0 to 1, from its pieces in their order.
    pub(crate) fn score(&mut self, pieces: impl Iterator<Item = u16>) -> f32 {
        let width = self.pieces.len();
        let (mut before, mut now) = (vec![0.0_f32; width], vec![0.0_f32; width]);
        let (mut best, mut count) = (0.0_f32, 0);
        for piece in pieces {
            if count == STRIDE {
                // A window is this half and the one before; the first half alone is never better than with the next.
                best = best.max(both(&before, &now));
                std::mem::swap(&mut before, &mut now);
                now.fill(0.0);
                count = 0;
            }
            count += 1;
            let start = self.place(piece);
            self.raise(&mut now, start);
        }
        best.max(both(&before, &now)) / self.total
    }

    /// Appends, for each piece of the query, its weighted similarity with the nearest of these pieces.
    pub(crate) fn nearest(&mut self, pieces: impl Iterator<Item = u16>, found: &mut Vec<f32>) {
        let (first, width) = (found.len(), self.pieces.len());
        found.resize(first + width, 0.0);
        for piece in pieces {
            let start = self.place(piece);
            self.raise(&mut found[first..], start);
        }
    }

    /// Raises similarities to those that begin at a place, where these are greater.
    fn raise(&self, most: &mut [f32], start: usize) {
        for (most, similarity) in most.iter_mut().zip(&self.similarities[start..start + self.pieces.len()]) {
            *most = most.max(*similarity);
        }
    }

    /// Where the similarities of a piece of the table begin; they are computed when it is first met.
    fn place(&mut self, piece: u16) -> usize {
        let known = &mut self.known[usize::from(piece)];
        if *known != 0 {
            return *known as usize - 1;
        }
        let start = self.similarities.len();
        *known = start as u32 + 1;
        let row = (self.rows)(piece).unwrap_or_default();
        self.raised.clear();
        // A kernel takes unsigned bytes: a signed one with its first bit turned is greater by 128.
        self.raised.extend(row.iter().map(|byte| byte ^ 0x80));
        let square = row.iter().map(|byte| i32::from(*byte as i8) * i32::from(*byte as i8)).sum();
        let reciprocal = reciprocal(square);
        for pair in self.pieces.chunks(2) {
            let second = pair.get(1).unwrap_or(&pair[0]);
            let products = self.isa.products([&pair[0].factors, &second.factors], &self.raised);
            for (of, product) in pair.iter().zip(products) {
                // An empty row has no excess.
                let product = if row.is_empty() { 0 } else { product.wrapping_sub(of.excess) };
                let cosine = product as f32 * of.reciprocal * reciprocal;
                self.similarities.push(if cosine > NOTHING { of.weight * cosine } else { 0.0 });
            }
        }
        start
    }
}

/// The sum over the pieces of a query, of the greater of two halves of a window.
fn both(before: &[f32], now: &[f32]) -> f32 {
    before.iter().zip(now).map(|(before, now)| before.max(*now)).sum()
}

/// One through the length of a row; 0 for a row of zeros.
fn reciprocal(square: i32) -> f32 {
    if square > 0 { (1.0 / f64::from(square).sqrt()) as f32 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows that follow from their numbers; some are zero, and from 300 on there are none.
    fn rows(piece: u16) -> Option<&'static [u8]> {
        static TABLE: std::sync::LazyLock<Vec<Vec<u8>>> = std::sync::LazyLock::new(|| {
            let byte = |row: u32, at: u32| ((row * 97 + at * 31 + row * at * 7) % 251 * 41 % 256) as u8;
            (0..300)
                .map(|row| (0..64).map(|at| if row % 50 == 9 { 0 } else { byte(row, at) }).collect())
                .collect()
        });
        TABLE.get(usize::from(piece)).map(Vec::as_slice)
    }

    fn cosine(left: u16, right: u16) -> f64 {
        let (Some(left), Some(right)) = (rows(left), rows(right)) else { return 0.0 };
        let number = |byte: &u8| f64::from(*byte as i8);
        let dot: f64 = left.iter().zip(right).map(|(left, right)| number(left) * number(right)).sum();
        let norm = |row: &[u8]| row.iter().map(|byte| number(byte).powi(2)).sum::<f64>().sqrt();
        let norms = norm(left) * norm(right);
        if norms > 0.0 { dot / norms } else { 0.0 }
    }

    /// Every window as it is written down.
    fn reference(query: &[(u16, f32)], text: &[u16]) -> f64 {
        let with_row = |piece: u16| cosine(piece, piece) > 0.0;
        let query: Vec<_> =
            query.iter().filter(|(piece, weight)| with_row(*piece) && *weight > 0.0).collect();
        let total: f64 = query.iter().map(|(_, weight)| f64::from(*weight)).sum();
        let starts = (0..text.len().saturating_sub(STRIDE).max(1)).step_by(STRIDE);
        let window = |start: usize| -> f64 {
            let inside = &text[start..text.len().min(start + 2 * STRIDE)];
            let most = |piece: u16| {
                let cosines = inside.iter().map(|other| cosine(piece, *other));
                cosines.filter(|cosine| *cosine > 0.3).fold(0.0, f64::max)
            };
            query.iter().map(|(piece, weight)| f64::from(*weight) * most(*piece)).sum()
        };
        starts.map(window).fold(0.0, f64::max) / total
    }

    #[test]
    fn score_is_that_of_the_best_window_with_every_kernel() {
        let query: Vec<(u16, f32)> =
            vec![(3, 1.5), (17, 0.25), (59, 2.0), (120, 4.0), (999, 1.0), (250, 0.0)];
        for length in [0_usize, 1, 31, 32, 33, 63, 64, 65, 96, 97, 128, 129, 400] {
            let text: Vec<u16> = (0..length).map(|at| (at * at * 13 % 310) as u16).collect();
            let expected = reference(&query, &text);
            let mut scores = Vec::new();
            for isa in Isa::supported() {
                let mut late = LateQuery::new(isa, rows, query.iter().copied()).expect("pieces with rows");
                let score = late.score(text.iter().copied());
                assert_eq!(
                    score.to_bits(),
                    late.score(text.iter().copied()).to_bits(),
                    "what is known changes nothing"
                );
                assert!((f64::from(score) - expected).abs() < 1e-5, "{score} for {expected} at {length}");
                scores.push(score.to_bits());
            }
            assert!(scores.iter().all(|score| *score == scores[0]));
        }
    }

    #[test]
    fn query_without_a_row_or_a_weight_is_none() {
        for pieces in [&[][..], &[(999, 1.0)], &[(3, 0.0)], &[(9, 1.0)]] {
            assert!(LateQuery::new(Isa::detect(), rows, pieces.iter().copied()).is_none(), "{pieces:?}");
        }
    }
}
