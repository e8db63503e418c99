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

/// Similarities that are compared together.
const LANES: usize = 16;
/// Words of a set of pieces.
const PIECE_WORDS: usize = (u16::MAX as usize + 1) / 64;
/// Rows of the table lie where no cache has them: so many are asked for ahead of the one that is compared.
const AHEAD: usize = 8;

/// Weighted similarities of a piece with so many pieces of the query.
type Group = [f32; LANES];

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
    /// Weighted similarities with every piece of the query, padded with zeros, piece of the table by piece of the table.
    similarities: Vec<Group>,
    /// Pieces that were met, and whose similarities are not known.
    met: Vec<u64>,
    /// Room for one row with its components raised above zero.
    raised: Vec<u8>,
    /// Room for the two halves of a window.
    halves: [Vec<Group>; 2],
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
        let (known, met) = (vec![0; PIECE_WORDS * 64], vec![0; PIECE_WORDS]);
        let half = vec![[0.0; LANES]; pieces.len().div_ceil(LANES)];
        let halves = [half.clone(), half];
        Some(Self {
            isa,
            rows,
            pieces,
            total,
            known,
            similarities: Vec::new(),
            met,
            raised: Vec::new(),
            halves,
        })
    }

    /// Notes the pieces of a text that is to be scored: [`learn`](Self::learn) then compares those of all texts at once.
    pub(crate) fn meet(&mut self, pieces: impl Iterator<Item = u16>) {
        for piece in pieces.map(usize::from) {
            self.met[piece / 64] |= 1 << (piece % 64);
        }
    }

    /// Compares the pieces that were met, in the order of the table, which is several times as fast as in that of texts.
    pub(crate) fn learn(&mut self) {
        let mut pieces = Vec::new();
        for (at, word) in self.met.iter_mut().enumerate() {
            let mut left = std::mem::take(word);
            while left != 0 {
                pieces.push((at * 64) as u16 + left.trailing_zeros() as u16);
                left &= left - 1;
            }
        }
        for (at, piece) in pieces.iter().enumerate() {
            if let Some(row) = pieces.get(at + AHEAD).and_then(|piece| (self.rows)(*piece)) {
                Isa::fetch(row);
            }
            self.place(*piece);
        }
    }

    /// The score of a text, 0 to 1, from its pieces in their order.
    pub(crate) fn score(&mut self, pieces: impl Iterator<Item = u16>) -> f32 {
        let [mut before, mut now] = std::mem::take(&mut self.halves);
        before.fill([0.0; LANES]);
        now.fill([0.0; LANES]);
        let (mut best, mut count) = (0.0_f32, 0);
        for piece in pieces {
            if count == STRIDE {
                // A window is this half and the one before; the first half alone is never better than with the next.
                best = best.max(both(&before, &now));
                std::mem::swap(&mut before, &mut now);
                now.fill([0.0; LANES]);
                count = 0;
            }
            count += 1;
            let start = self.place(piece);
            self.raise(&mut now, start);
        }
        let score = best.max(both(&before, &now)) / self.total;
        self.halves = [before, now];
        score
    }

    /// Appends, for each piece of the query, its weighted similarity with the nearest of these pieces.
    pub(crate) fn nearest(&mut self, pieces: impl Iterator<Item = u16>, found: &mut Vec<f32>) {
        let width = self.pieces.len();
        let mut most = vec![[0.0; LANES]; width.div_ceil(LANES)];
        for piece in pieces {
            let start = self.place(piece);
            self.raise(&mut most, start);
        }
        found.extend_from_slice(&most.as_flattened()[..width]);
    }

    /// Raises similarities to those that begin at a place, where these are greater.
    fn raise(&self, most: &mut [Group], start: usize) {
        for (most, similarities) in most.iter_mut().zip(&self.similarities[start..]) {
            for (most, similarity) in most.iter_mut().zip(similarities) {
                *most = greater(*most, *similarity);
            }
        }
    }

    /// Where the similarities of a piece of the table begin; they are computed when it is first met.
    fn place(&mut self, piece: u16) -> usize {
        match self.known[usize::from(piece)] {
            0 => self.compare(piece),
            known => known as usize - 1,
        }
    }

    fn compare(&mut self, piece: u16) -> usize {
        let start = self.similarities.len();
        self.known[usize::from(piece)] = start as u32 + 1;
        let row = (self.rows)(piece).unwrap_or_default();
        self.raised.clear();
        // A kernel takes unsigned bytes: a signed one with its first bit turned is greater by 128.
        self.raised.extend(row.iter().map(|byte| byte ^ 0x80));
        let square = row.iter().map(|byte| i32::from(*byte as i8) * i32::from(*byte as i8)).sum();
        let reciprocal = reciprocal(square);
        self.similarities.resize(start + self.pieces.len().div_ceil(LANES), [0.0; LANES]);
        let similarities = self.similarities[start..].as_flattened_mut();
        for (pair, similarities) in self.pieces.chunks(2).zip(similarities.chunks_mut(2)) {
            let second = pair.get(1).unwrap_or(&pair[0]);
            let products = self.isa.products([&pair[0].factors, &second.factors], &self.raised);
            for ((of, product), similarity) in pair.iter().zip(products).zip(similarities) {
                // An empty row has no excess.
                let product = if row.is_empty() { 0 } else { product.wrapping_sub(of.excess) };
                let cosine = product as f32 * of.reciprocal * reciprocal;
                *similarity = if cosine > NOTHING { of.weight * cosine } else { 0.0 };
            }
        }
        start
    }
}

/// The sum over the pieces of a query, of the greater of two halves of a window.
fn both(before: &[Group], now: &[Group]) -> f32 {
    let halves = before.as_flattened().iter().zip(now.as_flattened());
    halves.map(|(before, now)| greater(*before, *now)).sum()
}

/// The greater of two numbers, none of which is NaN: one instruction.
fn greater(one: f32, other: f32) -> f32 {
    if one > other { one } else { other }
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
                let mut learned = LateQuery::new(isa, rows, query.iter().copied()).expect("pieces with rows");
                learned.meet(text.iter().copied());
                learned.learn();
                let score = late.score(text.iter().copied());
                assert_eq!(score.to_bits(), learned.score(text.iter().copied()).to_bits());
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
