//! The postings that a pattern finds in one block.

use super::bits::{Bits, insert, no_rows};
use super::malformed::Malformed;
use super::pattern::{Pattern, Prefix, Term};
use super::postings::{Chunk, Part, Value};

/// The values of one block's postings, as whoever stores them hands them out.
pub(crate) trait PostingValues<'b> {
    /// What can go wrong on the way.
    type Error: From<Malformed>;

    /// The values of the block in the order of their keys, from the one with the greatest key that is not above `key`
    /// on; from the first one if there is none.
    fn values_from(&self, key: &[u8]) -> impl Iterator<Item = Result<&'b [u8], Self::Error>>;
}

/// Where the rows of one block lie that a pattern finds, and how often each holds it. Nothing is copied.
#[derive(Clone, Debug)]
pub(crate) struct Matches<'b> {
    parts: Vec<Part<'b>>,
    /// Whether a row can be in several parts, whose counts then add up.
    overlap: bool,
}

impl<'b> Matches<'b> {
    /// Looks a pattern up: for a term one value is read, rarely more; for a prefix all that hold a term of it.
    ///
    /// # Errors
    /// What fetching a value said, and if a value is no postings.
    pub(crate) fn find<V: PostingValues<'b>>(pattern: &Pattern, values: &V) -> Result<Self, V::Error> {
        let mut parts = Vec::new();
        match pattern {
            Pattern::Term(term) => find_term(term, values, &mut parts)?,
            Pattern::Prefix(prefix) => {
                find_prefix(prefix, values, &mut parts)?;
                for stem in prefix.stems() {
                    find_term(stem, values, &mut parts)?;
                }
            }
        }
        Ok(Matches { parts, overlap: matches!(pattern, Pattern::Prefix(_)) })
    }

    /// Whether it finds no row at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// How many rows it finds that are not dead. Without dead rows nothing need be read for a term.
    ///
    /// # Errors
    /// If the values are no postings of a block of so many rows.
    pub(crate) fn live_rows(&self, rows: u32, dead: Bits<'_>) -> Result<u64, Malformed> {
        if self.overlap {
            let mut found = no_rows(rows);
            self.mark(rows, &mut found)?;
            return Ok((0..rows.div_ceil(16) as usize)
                .map(|group| {
                    u64::from((Bits::new(&found).sixteen(group) & !dead.sixteen(group)).count_ones())
                })
                .sum());
        }
        if dead.is_empty() {
            return Ok(self.parts.iter().map(|part| u64::from(part.len())).sum());
        }
        let mut live = 0;
        self.each_chunk(rows, |found, _| live += found.iter().filter(|&&row| !dead.has(row)).count() as u64)?;
        Ok(live)
    }

    /// Adds the rows that it finds to a set with room for the block.
    ///
    /// # Errors
    /// If the values are no postings of a block of so many rows.
    pub(crate) fn mark(&self, rows: u32, set: &mut [u8]) -> Result<(), Malformed> {
        self.each_chunk(rows, |found, _| found.iter().for_each(|&row| insert(set, row)))
    }

    /// Whether a row can come more than once.
    pub(super) fn overlap(&self) -> bool {
        self.overlap
    }

    /// Calls `found` with rows and counts.
    #[inline]
    pub(super) fn each_chunk(
        &self,
        rows: u32,
        mut found: impl FnMut(&[u32], &[u32]),
    ) -> Result<(), Malformed> {
        let mut chunk = Chunk::new();
        self.parts.iter().try_for_each(|part| part.each_chunk(&mut chunk, rows, &mut found))
    }
}

fn find_term<'b, V: PostingValues<'b>>(
    term: &Term,
    values: &V,
    parts: &mut Vec<Part<'b>>,
) -> Result<(), V::Error> {
    let term = term.text().as_bytes();
    let mut before: Option<Part<'b>> = None;
    for value in values.values_from(term) {
        let value = Value::read(value?)?;
        let part = value.find(term)?;
        let follows = match (&before, &part) {
            (Some(before), Some(part)) => value.goes_on() && before.is_followed_by(part),
            (before, _) => before.is_none(),
        };
        if !follows {
            return Err(Malformed::POSTINGS.into());
        }
        let Some(part) = part else { return Ok(()) };
        parts.push(part);
        if !part.is_continued() {
            return Ok(());
        }
        before = Some(part);
    }
    // The block has no postings, or ends where the term goes on.
    if before.is_none() { Ok(()) } else { Err(Malformed::POSTINGS.into()) }
}

fn find_prefix<'b, V: PostingValues<'b>>(
    prefix: &Prefix,
    values: &V,
    parts: &mut Vec<Part<'b>>,
) -> Result<(), V::Error> {
    let start = prefix.start().as_bytes();
    for value in values.values_from(start) {
        let mut entries = Value::read(value?)?.entries_from(start)?;
        while let Some((term, part)) = entries.next_entry()? {
            if !term.starts_with(start) {
                return Ok(());
            }
            parts.push(part);
        }
    }
    Ok(())
}
