//! The postings of a block: which of its rows hold a term, and how often.
//!
//! Many terms are packed into a value, in the order of their bytes, so that few values are written and read; a common
//! term takes several values. `docs/pulsedb-words.md` has the layout.

mod chunk;
mod reader;
mod varint;
mod writer;

pub(super) use chunk::{CHUNK, Chunk};
pub(super) use reader::{Entries, Part, Value};
pub(crate) use writer::PostingValue;
pub(super) use writer::Writer;

/// One row that holds a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Posting {
    /// The row within its block.
    pub(super) row: u32,
    /// How often the term stands in it; at least 1.
    pub(super) count: u16,
}

/// Set in a value whose first entry goes on from the value before.
const GOES_ON: u8 = 1;
/// Set in a value whose last entry goes on in the value after.
const IS_CONTINUED: u8 = 2;
/// Entries of which the first holds its whole term; the others leave out what they share with the one before.
const GROUP: usize = 16;
/// Bytes of a value before its table of groups: flags and the number of entries.
const HEADER_BYTES: usize = 3;
