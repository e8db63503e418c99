//! Turns rows of the tail into the postings of a block.

use super::hash::term_hash;
use super::lengths::encode_lengths;
use super::malformed::Malformed;
use super::postings::{Posting, PostingValue, Writer};
use super::tail::TailRow;
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
    let mut found = Vec::new();
    for (row, tail_row) in rows.iter().enumerate() {
        let mut before = None;
        for term in tail_row.terms() {
            let rises = before < Some((term.hash, term.term));
            let is_sound = rises && term.count > 0 && term_hash(term.term) == term.hash;
            if !is_sound || term.term.is_empty() || term.term.contains(&0) {
                return Err(Malformed::TAIL_ROW);
            }
            before = Some((term.hash, term.term));
            found.push(Found {
                hash: term.hash,
                term: term.term,
                posting: Posting { row: row as u32, count: term.count },
            });
        }
    }
    // By hash first: comparing numbers brings equal terms together, and only the distinct ones are compared as bytes.
    found.sort_unstable_by(|a, b| {
        a.hash.cmp(&b.hash).then_with(|| (a.term, a.posting.row).cmp(&(b.term, b.posting.row)))
    });
    let mut terms: Vec<&[Found<'_>]> = found.chunk_by(|a, b| a.term == b.term).collect();
    terms.sort_unstable_by_key(|postings| (head(postings[0].term), postings[0].term));
    let mut writer = Writer::default();
    let mut postings = Vec::new();
    for term in terms {
        postings.clear();
        postings.extend(term.iter().map(|found| found.posting));
        writer.push(term[0].term, &postings);
    }
    let lengths: Vec<u32> = rows.iter().map(TailRow::length).collect();
    Ok(SealedWords {
        postings: writer.finish(),
        lengths: encode_lengths(&lengths),
        words: lengths.iter().map(|&length| u64::from(length)).sum(),
    })
}

struct Found<'b> {
    hash: u32,
    term: &'b [u8],
    posting: Posting,
}

/// The first bytes of a term as a number that sorts as they do; most terms differ in it.
fn head(term: &[u8]) -> u64 {
    let mut head = [0; 8];
    head.iter_mut().zip(term).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(head)
}
