//! Turns rows of the tail into the postings of a block.

use std::ops::Range;

use super::hash::term_hash;
use super::head::head;
use super::lengths::encode_lengths;
use super::malformed::Malformed;
use super::postings::{Posting, PostingValue, Writer};
use super::tail::{TailRow, TailTerm};
use crate::limits::BLOCK_ROWS_MAX;

/// The words of a block, ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealedWords {
    /// The values of the postings, in the order of their keys.
    pub(crate) postings: Vec<PostingValue>,
    /// The list of lengths.
    pub(crate) lengths: Vec<u8>,
    /// The sum of the lengths.
    pub(crate) words: u64,
}

/// Builds the block whose row r is the r-th of these rows.
///
/// # Errors
/// If a row is none that `encode_tail_row` writes.
pub(crate) fn seal(rows: &[TailRow<'_>]) -> Result<SealedWords, Malformed> {
    assert!(rows.len() <= BLOCK_ROWS_MAX as usize, "a block has at most BLOCK_ROWS_MAX rows");
    let found = found(rows)?;
    let (order, terms) = terms(&found);
    let mut writer = Writer::default();
    let mut postings = Vec::new();
    for Distinct { term, range, .. } in terms {
        postings.clear();
        postings.extend(order[range].iter().map(|&key| found[place(key)].posting));
        writer.push(term, &postings);
    }
    let lengths: Vec<u32> = rows.iter().map(TailRow::length).collect();
    Ok(SealedWords {
        postings: writer.finish(),
        lengths: encode_lengths(&lengths),
        words: lengths.iter().map(|&length| u64::from(length)).sum(),
    })
}

/// A term of a row.
struct Found<'b> {
    hash: u32,
    term: &'b [u8],
    posting: Posting,
}

/// A distinct term, and where its postings lie in the order.
struct Distinct<'b> {
    head: u64,
    term: &'b [u8],
    range: Range<usize>,
}

/// The terms of all rows, row by row.
fn found<'b>(rows: &[TailRow<'b>]) -> Result<Vec<Found<'b>>, Malformed> {
    let mut found = Vec::new();
    for (row, tail_row) in rows.iter().enumerate() {
        let mut before = None;
        for TailTerm { hash, term, count } in tail_row.terms() {
            let is_sound = before < Some((hash, term)) && count > 0 && term_hash(term) == hash;
            if !is_sound || term.is_empty() || term.contains(&0) {
                return Err(Malformed::TAIL_ROW);
            }
            before = Some((hash, term));
            found.push(Found { hash, term, posting: Posting { row: row as u32, count } });
        }
    }
    if u32::try_from(found.len()).is_ok() { Ok(found) } else { Err(Malformed::TAIL_ROW) }
}

/// Brings equal terms together: the places of what was found, and the distinct terms in the order of their bytes.
///
/// Numbers are sorted, of the hash and then the place, which rises with the row. So bytes are compared only where
/// hashes are equal, and in the sort of the distinct terms.
fn terms<'b>(found: &[Found<'b>]) -> (Vec<u64>, Vec<Distinct<'b>>) {
    let keys = found.iter().zip(0_u64..).map(|(found, at)| u64::from(found.hash) << 32 | at);
    let mut order: Vec<u64> = keys.collect();
    order.sort_unstable();
    let term_of = |key: u64| found[place(key)].term;
    for run in order.chunk_by_mut(|a, b| a >> 32 == b >> 32) {
        if run.iter().any(|&key| term_of(key) != term_of(run[0])) {
            run.sort_unstable_by_key(|&key| (term_of(key), key));
        }
    }
    let mut terms = Vec::new();
    let mut start = 0;
    for run in order.chunk_by(|&a, &b| a >> 32 == b >> 32 && term_of(a) == term_of(b)) {
        let term = term_of(run[0]);
        terms.push(Distinct { head: head(term), term, range: start..start + run.len() });
        start += run.len();
    }
    terms.sort_unstable_by(|a, b| a.head.cmp(&b.head).then_with(|| a.term.cmp(b.term)));
    (order, terms)
}

/// The place among what was found that a key ends with.
fn place(key: u64) -> usize {
    (key & u64::from(u32::MAX)) as usize
}
