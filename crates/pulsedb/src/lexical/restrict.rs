//! Which rows can be hits of a query with phrases and exclusions, as far as postings tell.

use super::bits::no_rows;
use super::matches::{Matches, PostingValues};
use super::pattern::Pattern;
use super::phrase::Phrase;
use super::query::{Excluded, Query};
use super::tail::TailRow;

impl Query {
    /// Whether postings or rows of the tail say anything about which rows can be hits.
    pub(crate) fn restricts(&self) -> bool {
        !self.phrases.is_empty() || !self.excluded.is_empty()
    }

    /// Takes those rows of a block out of a set that hold an excluded word, or lack a word of a phrase. Whether the
    /// words of a phrase follow one another is for `accepts` to say.
    ///
    /// # Errors
    /// What fetching a value said, and if a value is no postings of a block of so many rows.
    pub(crate) fn restrict<'b, V: PostingValues<'b>>(
        &self,
        values: &V,
        rows: u32,
        allowed: &mut [u8],
    ) -> Result<(), V::Error> {
        for pattern in self.required() {
            let held = held(pattern, values, rows)?;
            allowed.iter_mut().zip(&held).for_each(|(allowed, held)| *allowed &= held);
        }
        for pattern in self.refused() {
            let held = held(pattern, values, rows)?;
            allowed.iter_mut().zip(&held).for_each(|(allowed, held)| *allowed &= !held);
        }
        Ok(())
    }

    /// The same for one row of the tail.
    pub(crate) fn admits(&self, row: &TailRow<'_>) -> bool {
        self.required().all(|pattern| pattern.count(row) > 0)
            && self.refused().all(|pattern| pattern.count(row) == 0)
    }

    pub(crate) fn required(&self) -> impl Iterator<Item = &Pattern> {
        self.phrases.iter().flat_map(Phrase::patterns)
    }

    pub(crate) fn refused(&self) -> impl Iterator<Item = &Pattern> {
        self.excluded.iter().filter_map(|excluded| match excluded {
            Excluded::Pattern(pattern) => Some(pattern),
            Excluded::Phrase(_) => None,
        })
    }
}

fn held<'b, V: PostingValues<'b>>(pattern: &Pattern, values: &V, rows: u32) -> Result<Vec<u8>, V::Error> {
    let mut held = no_rows(rows);
    Matches::find(pattern, values)?.mark(rows, &mut held)?;
    Ok(held)
}
