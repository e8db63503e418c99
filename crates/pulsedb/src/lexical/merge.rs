//! Joins the postings of several blocks into those of one, a range of terms at a time.
//!
//! ```text
//! step(from, budget):
//!     of each input a cursor at its first term that is not less than `from`
//!     while an input has a term:
//!         term = the least of them
//!         if the budget is spent: the next step goes on from this term
//!         postings = those of each input that has it, in order of the inputs,
//!                    rows mapped to those of the new block, dead ones left out
//!         write them, if there are any; move the cursors that had it
//!     no step is left
//! ```
//!
//! A step depends on its inputs, the maps and `from` alone, so that any process can go on with what another began. The
//! maps must be the same in each step: rows that die on the way stay in the new block, as dead ones.

use super::bits::Bits;
use super::head::head;
use super::lengths::{Lengths, encode_lengths};
use super::malformed::Malformed;
use super::matches::PostingValues;
use super::postings::{Chunk, Entries, Part, Posting, PostingValue, Value, Writer};

/// Which row of the new block each row of an old one becomes.
#[derive(Clone, Debug)]
pub(crate) struct RowMap {
    to: Vec<u32>,
    live: u32,
}

/// Stands for a row that is left out.
const LEFT_OUT: u32 = u32::MAX;

impl RowMap {
    /// Numbers the rows that are not dead, from `first` on.
    pub(crate) fn new(rows: u32, dead: Bits<'_>, first: u32) -> RowMap {
        let mut live = 0;
        let to = (0..rows).map(|row| {
            if dead.has(row) {
                return LEFT_OUT;
            }
            live += 1;
            first + live - 1
        });
        let to = to.collect();
        RowMap { to, live }
    }

    /// The number of rows that are kept.
    pub(crate) fn live(&self) -> u32 {
        self.live
    }

    /// The row of the new block; `None` for a dead one.
    pub(crate) fn row(&self, row: u32) -> Option<u32> {
        self.to.get(row as usize).copied().filter(|&to| to != LEFT_OUT)
    }
}

/// One of the blocks that are joined.
#[derive(Debug)]
pub(crate) struct MergeInput<'m, V> {
    pub(crate) values: V,
    pub(crate) rows: &'m RowMap,
}

/// What one step has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MergeStep {
    /// Values of the new block; their keys are greater than those of the steps before.
    pub(crate) postings: Vec<PostingValue>,
    /// Where the next step goes on; `None` if the block is whole.
    pub(crate) next: Option<Vec<u8>>,
}

/// Joins the terms from `from` on, an empty one at first, until `budget` bytes of postings have been read; at least
/// one term. The rows of the inputs follow one another in the new block in the order of the inputs.
///
/// # Errors
/// What fetching a value said, and if a value is no postings of its block.
pub(crate) fn merge_step<'b, V: PostingValues<'b>>(
    inputs: &[MergeInput<'_, V>],
    from: &[u8],
    budget: usize,
) -> Result<MergeStep, V::Error> {
    let mut cursors = Vec::with_capacity(inputs.len());
    for input in inputs {
        cursors.push(TermCursor::open(&input.values, from)?);
    }
    let mut writer = Writer::default();
    let mut chunk = Chunk::new();
    let (mut term, mut postings) = (Vec::new(), Vec::new());
    let mut read = 0;
    while let Some((head, least)) = cursors.iter().filter_map(TermCursor::term).min() {
        if read > budget {
            return Ok(MergeStep { postings: writer.finish(), next: Some(least.to_vec()) });
        }
        term.clear();
        term.extend_from_slice(least);
        postings.clear();
        for (cursor, input) in cursors.iter_mut().zip(inputs) {
            if cursor.term() == Some((head, &term)) {
                for part in &cursor.parts {
                    read += term.len() + part.bytes();
                    part.each_chunk(&mut chunk, input.rows.to.len() as u32, |rows, counts| {
                        keep(rows, counts, input.rows, &mut postings);
                    })?;
                }
                cursor.advance()?;
            }
        }
        if !postings.is_empty() {
            writer.push(&term, &postings);
        }
    }
    Ok(MergeStep { postings: writer.finish(), next: None })
}

fn keep(rows: &[u32], counts: &[u32], map: &RowMap, postings: &mut Vec<Posting>) {
    for (&row, &count) in rows.iter().zip(counts) {
        if let Some(row) = map.row(row) {
            postings.push(Posting { row, count: count.min(u32::from(u16::MAX)) as u16 });
        }
    }
}

/// Joins the lengths of the blocks, and gives the sum of those that are kept.
pub(crate) fn merge_lengths(inputs: &[(Lengths<'_>, &RowMap)]) -> (Vec<u8>, u64) {
    let kept = inputs.iter().flat_map(|&(lengths, map)| {
        (0..lengths.rows()).filter(|&row| map.row(row).is_some()).map(move |row| lengths.of(row))
    });
    let kept: Vec<u32> = kept.collect();
    let words = kept.iter().map(|&length| u64::from(length)).sum();
    (encode_lengths(&kept), words)
}

/// Walks the terms of one block.
struct TermCursor<'m, 'b, E> {
    values: Box<dyn Iterator<Item = Result<&'b [u8], E>> + 'm>,
    entries: Option<Entries<'b>>,
    head: u64,
    term: Vec<u8>,
    /// The postings of the term; none at the end.
    parts: Vec<Part<'b>>,
}

impl<'m, 'b: 'm, E: From<Malformed>> TermCursor<'m, 'b, E> {
    fn open<V: PostingValues<'b, Error = E>>(values: &'m V, from: &'m [u8]) -> Result<Self, E> {
        let mut values = Box::new(values.values_from(from));
        let entries = match values.next() {
            Some(value) => Some(Value::read(value?)?.entries_from(from)?),
            None => None,
        };
        let mut cursor = TermCursor { values, entries, head: 0, term: Vec::new(), parts: Vec::new() };
        cursor.advance()?;
        Ok(cursor)
    }

    /// The term with its head, which is compared first; `None` at the end.
    fn term(&self) -> Option<(u64, &[u8])> {
        (!self.parts.is_empty()).then_some((self.head, &self.term))
    }

    /// Goes on to the next term.
    fn advance(&mut self) -> Result<(), E> {
        self.parts.clear();
        while let Some(entries) = &mut self.entries {
            if let Some((term, part)) = entries.next_entry()? {
                let follows = match self.parts.last() {
                    Some(before) => term == self.term.as_slice() && before.is_followed_by(&part),
                    None => term > self.term.as_slice(),
                };
                if !follows {
                    return Err(Malformed::POSTINGS.into());
                }
                self.head = head(term);
                self.term.clear();
                self.term.extend_from_slice(term);
                self.parts.push(part);
                if !part.is_continued() {
                    return Ok(());
                }
            }
            self.entries = match self.values.next() {
                Some(value) => {
                    let value = Value::read(value?)?;
                    if value.goes_on() == self.parts.is_empty() {
                        return Err(Malformed::POSTINGS.into());
                    }
                    Some(value.entries())
                }
                None => None,
            };
        }
        if self.parts.is_empty() { Ok(()) } else { Err(Malformed::POSTINGS.into()) }
    }
}
