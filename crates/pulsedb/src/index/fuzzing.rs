//! Every reader of the values of the index in one place, for the fuzz targets and for the tests below.
//!
//! As `storage::fuzzing`, it exists only under `cfg(fuzzing)` and in tests.

use crate::index::builder::{frame, with_analyser};
use crate::lexical::{
    Accumulator, Best, Bits, Bm25, Lengths, Malformed, Matches, MergeInput, PostingValues, Query, RowMap,
    Scorer, TailRow, Totals, merge_lengths, merge_step, seal,
};
use crate::vector::codes::{CodeQuery, Codes, CodesBuilder, Refinements, RefinementsBuilder, Scan};
use crate::vector::{Isa, PreparedQuery};

/// Rows of the blocks that values are read as parts of.
const ROWS: [u32; 3] = [1, 17, 300];
/// A merge that has taken more steps than a value has bytes does not come to its end.
const STEPS_MAX: usize = 1 << 16;
/// Words, a beginning, a phrase and an exclusion.
const QUERY: &str = "retry lock* \"time out\" -panic a*";

/// Reads bytes as each kind of value that the engines of words and vectors make.
///
/// # Panics
/// If a reader panics, or what it takes cannot be used.
pub fn read_index(bytes: &[u8]) {
    read_tail_row(bytes);
    for rows in ROWS {
        read_lengths(bytes, rows);
        read_postings(bytes, rows);
    }
    read_codes(bytes);
}

fn read_tail_row(bytes: &[u8]) {
    let Ok(row) = TailRow::read(bytes) else { return };
    let query = with_analyser(|analyser| Query::parse(QUERY, analyser));
    let _ = query.admits(&row);
    let _: u32 = query.terms.iter().map(|term| term.pattern.count(&row) & 1).sum();
    if let Ok(sealed) = seal(&[row, row]) {
        let postings: Vec<&[u8]> = sealed.postings.iter().map(|value| value.bytes.as_slice()).collect();
        Lengths::read(&sealed.lengths, 2).expect("lengths that were just made");
        for term in &query.terms {
            Matches::find(&term.pattern, &Values(&postings)).expect("postings that were just made");
        }
    }
}

fn read_lengths(bytes: &[u8], rows: u32) {
    let Ok(lengths) = Lengths::read(bytes, rows) else { return };
    let map = RowMap::new(rows, Bits::new(&[0b101]), 0);
    let (merged, _) = merge_lengths(&[(lengths, &map)]);
    assert!(Lengths::read(&merged, map.live()).is_ok(), "merged lengths are not read");
}

/// Values of postings: the whole, and two halves of it as two values that follow each other.
fn read_postings(bytes: &[u8], rows: u32) {
    let (left, right) = bytes.split_at(bytes.len() / 2);
    for values in [[bytes].as_slice(), &[left, right]] {
        let values = Values(values);
        let query = with_analyser(|analyser| Query::parse(QUERY, analyser));
        let _ = search(&query, &values, rows);
        let map = RowMap::new(rows, Bits::new(&[0b10]), 0);
        let inputs = [MergeInput { values, rows: &map }];
        let mut from = Vec::new();
        for step in 0.. {
            assert!(step < STEPS_MAX, "a merge without an end");
            match merge_step(&inputs, &from, 64).map(|step| step.next) {
                Ok(Some(next)) => from = next,
                Ok(None) | Err(Malformed { .. }) => break,
            }
        }
    }
}

fn search(query: &Query, values: &Values<'_, '_>, rows: u32) -> Result<(), Malformed> {
    let matches: Vec<_> =
        query.terms.iter().map(|term| Matches::find(&term.pattern, values)).collect::<Result<_, _>>()?;
    for found in &matches {
        let live = found.live_rows(rows, Bits::new(&[0b100]))?;
        assert!(live <= u64::from(rows) * 2, "more rows than there are");
    }
    let totals = Totals { rows: u64::from(rows), words: 100 };
    let scorer = Scorer::new(query.terms.iter().map(|term| (term.times, 1)), totals, Bm25::default());
    // One byte a length, as the first byte says.
    let lengths = vec![1; 1 + rows as usize];
    let lengths = Lengths::read(&lengths, rows).expect("a list of so many");
    let mut accumulator = Accumulator::default();
    accumulator.score(&scorer, &matches, lengths)?;
    let mut best: Best<u32> = Best::new(3);
    accumulator.drain(None, Bits::new(&[]), best.floor(), |row, score| {
        best.offer(score, || row);
        best.floor()
    });
    Ok(())
}

/// The first byte is the dimension, the second the share of the codes; the rest are codes and refinements.
fn read_codes(bytes: &[u8]) {
    let [dimension, share, rest @ ..] = bytes else { return };
    let dimension = usize::from(*dimension).clamp(1, 80);
    let (codes, finer) = rest.split_at(rest.len() * usize::from(*share) / 255);
    let shared: Vec<u8> = (0..dimension).flat_map(|at| (at as f32 - 2.0).to_le_bytes()).collect();
    let frame = frame(dimension, &shared).expect("it has the bytes of a vector");
    let query: Vec<f32> = (0..dimension).map(|at| (at % 5) as f32 - 1.5).collect();
    for isa in Isa::supported() {
        let query = PreparedQuery::new(isa, &query).expect("it is not zero");
        let query = CodeQuery::new(&frame, &query);
        let finer = Refinements::read(frame.shape(), finer);
        if let Some(finer) = finer {
            let mut again = RefinementsBuilder::new(frame.shape());
            assert!(again.append(&finer, &vec![u64::MAX; finer.rows().div_ceil(64)]));
            assert_eq!(again.rows(), finer.rows());
        }
        let Some(codes) = Codes::read(frame.shape(), codes) else { continue };
        let mut scan = Scan::new(&query, 3);
        let mut record = |row: u32| finer.as_ref().and_then(|finer| finer.record(row as usize));
        assert!(scan.codes(&codes, &[u64::MAX; 4], 0, &mut record), "it has the shape of the query");
        let score = |slots: &[u32], scores: &mut Vec<f32>| -> Result<(), ()> {
            scores.extend(slots.iter().map(|slot| *slot as f32));
            Ok(())
        };
        let found = scan.finish(&mut record).rescore(3, score).expect("scores of slots");
        assert!(found.iter().all(|row| (row.slot as usize) < codes.rows()));
        let mut again = CodesBuilder::new(frame.shape());
        assert!(again.append(&codes, &vec![u64::MAX; codes.rows().div_ceil(64)]));
        let again = again.finish();
        assert_eq!(Codes::read(frame.shape(), &again).map(|again| again.rows()), Some(codes.rows()));
    }
}

/// Values of postings in memory, found by their first terms being unknown: every look-up sees all of them.
#[derive(Clone, Copy)]
struct Values<'v, 'b>(&'v [&'b [u8]]);

impl<'b> PostingValues<'b> for Values<'_, 'b> {
    type Error = Malformed;

    fn values_from(&self, _: &[u8]) -> impl Iterator<Item = Result<&'b [u8], Malformed>> {
        self.0.iter().map(|value| Ok(*value))
    }
}

#[cfg(test)]
mod tests {
    use super::read_index;
    use crate::NewExperience;
    use crate::index::builder::Builder;
    use crate::lexical::{TailRow, seal};
    use crate::vector::codes::{CodesBuilder, Frame, RefinementsBuilder};

    /// One or more values of each kind, as they are written.
    fn values() -> Vec<Vec<u8>> {
        let contents = ["retry the lock after a time out", "", "locked_file::open panics E0499 a a a"];
        let tails: Vec<Vec<u8>> = contents
            .iter()
            .map(|content| {
                let new = NewExperience { content: (*content).to_owned(), ..Default::default() };
                Builder::index_new(&new).tail
            })
            .collect();
        let rows: Vec<TailRow<'_>> = tails.iter().map(|tail| TailRow::read(tail).unwrap()).collect();
        let sealed = seal(&rows).unwrap();
        let frame = Frame::new(5, &[-2.0, -1.0, 0.0, 1.0, 2.0]);
        let (mut codes, mut finer) =
            (CodesBuilder::new(frame.shape()), RefinementsBuilder::new(frame.shape()));
        for row in 0..20 {
            let vector: Vec<f32> = (0..5).map(|at| ((row * 3 + at) % 7) as f32 - 3.0).collect();
            let code = (row != 4).then(|| frame.encode(&vector)).flatten();
            assert!(codes.push(code.as_deref()) && finer.push(code.as_deref()));
        }
        let (codes, finer) = (codes.finish(), finer.finish());
        // As much of the rest as the codes are, in 255 parts, as nearly as that can be said.
        let share = (codes.len() * 255).div_ceil(codes.len() + finer.len());
        let codes = [[5, share as u8].as_slice(), &codes, &finer].concat();
        tails
            .clone()
            .into_iter()
            .chain(sealed.postings.into_iter().map(|value| value.bytes))
            .chain([sealed.lengths, codes])
            .collect()
    }

    #[test]
    fn values_of_the_index_are_read_whole_cut_and_flipped_without_a_panic() {
        for value in values() {
            for length in 0..=value.len() {
                read_index(&value[..length]);
            }
            for bit in 0..value.len() * 8 {
                let mut flipped = value.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                read_index(&flipped);
            }
        }
    }
}
