//! Finding records by their words: analysis, postings, BM25 and the language of queries.
//!
//! It knows texts, slices and rows of a block, not where they are stored. A record passes through it so:
//!
//! ```text
//! record   Analyser::count(text) -> CountedTerms -> encode_tail_row -> bytes beside the row
//! seal     TailRow::read of each row of the tail -> seal -> values of postings, lengths
//! merge    RowMap::new of each block; merge_step until it says `next: None`; merge_lengths
//! query    Query::parse -> of each block Matches::find, of each tail row Pattern::count
//!          -> numbers of live rows -> Scorer::new -> Accumulator::score and drain, Scorer::score -> Best
//! ```
//!
//! `docs/pulsedb-words.md` describes the terms, the bytes and the score.

mod accumulate;
mod analyse;
mod bits;
mod bm25;
mod counted;
mod cuts;
mod hash;
mod head;
mod lengths;
mod malformed;
mod matches;
mod merge;
mod normal;
mod parts;
mod pattern;
mod phrase;
mod postings;
mod query;
mod restrict;
mod script;
mod seal;
mod segment;
mod stop;
mod tail;
#[cfg(test)]
mod tests;

pub(crate) use accumulate::{Accumulator, Best};
pub(crate) use analyse::Analyser;
pub(crate) use bits::Bits;
pub(crate) use bm25::{Bm25, Scorer, Totals};
pub(crate) use lengths::Lengths;
pub(crate) use malformed::Malformed;
pub(crate) use matches::{Matches, PostingValues};
pub(crate) use merge::{MergeInput, RowMap, merge_lengths, merge_step};
pub(crate) use pattern::Pattern;
pub(crate) use query::Query;
pub(crate) use seal::seal;
pub(crate) use tail::{TailRow, encode_tail_row};
