//! Reads values of postings where they lie, and refuses bytes that no writer made without a panic.

use std::cmp::Ordering;

use super::chunk::{self, CHUNK, Chunk};
use super::{GOES_ON, GROUP, HEADER_BYTES, IS_CONTINUED, varint};
use crate::lexical::malformed::Malformed;

/// A value of postings.
#[derive(Clone, Copy, Debug)]
pub(in crate::lexical) struct Value<'b> {
    flags: u8,
    count: usize,
    /// Where each group begins among the entries.
    groups: &'b [[u8; 2]],
    entries: &'b [u8],
    /// The first row of the next value if the last entry goes on there.
    next_row: Option<u32>,
}

/// The postings of one term in one value.
#[derive(Clone, Copy, Debug)]
pub(in crate::lexical) struct Part<'b> {
    postings: u32,
    repeated: bool,
    chunks: &'b [u8],
    /// The first row of the next value if that goes on with the term.
    next_row: Option<u32>,
}

impl<'b> Value<'b> {
    /// Reads the frame of a value.
    ///
    /// # Errors
    /// If the bytes are too few for what they say.
    pub(in crate::lexical) fn read(bytes: &'b [u8]) -> Result<Self, Malformed> {
        Self::frame(bytes).ok_or(Malformed::POSTINGS)
    }

    fn frame(bytes: &'b [u8]) -> Option<Self> {
        let (&[flags, low, high], rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
        let count = usize::from(u16::from_le_bytes([low, high]));
        let (groups, entries) = rest.split_at_checked(2 * count.div_ceil(GROUP))?;
        if count == 0 || flags & !(GOES_ON | IS_CONTINUED) != 0 {
            return None;
        }
        let groups = groups.as_chunks().0;
        if flags & IS_CONTINUED == 0 {
            return Some(Value { flags, count, groups, entries, next_row: None });
        }
        let (entries, next_row) = entries.split_last_chunk()?;
        Some(Value { flags, count, groups, entries, next_row: Some(u32::from_le_bytes(*next_row)) })
    }

    /// Whether the first entry goes on from the value before.
    pub(in crate::lexical) fn goes_on(&self) -> bool {
        self.flags & GOES_ON != 0
    }

    /// The entries from the first term of a group on.
    fn group(&self, group: usize) -> Option<Entries<'b>> {
        let at = usize::from(u16::from_le_bytes(*self.groups.get(group)?));
        Some(Entries { value: *self, next: group * GROUP, bytes: self.entries.get(at..)?, term: Vec::new() })
    }

    /// All entries, in the order of their terms.
    pub(in crate::lexical) fn entries(&self) -> Entries<'b> {
        Entries { value: *self, next: 0, bytes: self.entries, term: Vec::new() }
    }

    /// The entries from the first one on whose term is not less than `term`.
    ///
    /// # Errors
    /// If the bytes are no postings.
    pub(in crate::lexical) fn entries_from(&self, term: &[u8]) -> Result<Entries<'b>, Malformed> {
        let mut entries = self.group_of(term).ok_or(Malformed::POSTINGS)?;
        loop {
            let mark = (entries.next, entries.bytes);
            let Some((found, _)) = entries.next_entry()? else { return Ok(entries) };
            if found >= term {
                // The entry is taken again, and rebuilds its term from what is left of the one before: itself.
                (entries.next, entries.bytes) = mark;
                return Ok(entries);
            }
        }
    }

    /// The entries from the last group on whose first term is not greater; from the first one if there is none.
    fn group_of(&self, term: &[u8]) -> Option<Entries<'b>> {
        let (mut low, mut high) = (0, self.groups.len());
        while high - low > 1 {
            let middle = low.midpoint(high);
            let (&[shared, size], rest) = self.group(middle)?.bytes.split_first_chunk()?;
            if shared != 0 {
                return None;
            }
            if rest.get(..usize::from(size))? <= term { low = middle } else { high = middle }
        }
        self.group(low)
    }

    /// The postings of a term in this value.
    ///
    /// # Errors
    /// If the bytes are no postings.
    pub(in crate::lexical) fn find(&self, term: &[u8]) -> Result<Option<Part<'b>>, Malformed> {
        let mut entries = self.entries_from(term)?;
        let Some((found, part)) = entries.next_entry()? else { return Ok(None) };
        Ok((found.cmp(term) == Ordering::Equal).then_some(part))
    }
}

/// Walks the entries of a value.
#[derive(Clone, Debug)]
pub(in crate::lexical) struct Entries<'b> {
    value: Value<'b>,
    next: usize,
    bytes: &'b [u8],
    term: Vec<u8>,
}

impl<'b> Entries<'b> {
    /// The next term and its postings.
    ///
    /// # Errors
    /// If the bytes are no postings.
    pub(in crate::lexical) fn next_entry(&mut self) -> Result<Option<(&[u8], Part<'b>)>, Malformed> {
        if self.next == self.value.count {
            return Ok(None);
        }
        let part = self.parse().ok_or(Malformed::POSTINGS)?;
        Ok(Some((&self.term, part)))
    }

    fn parse(&mut self) -> Option<Part<'b>> {
        let (&[shared, size], rest) = self.bytes.split_first_chunk()?;
        let (suffix, mut rest) = rest.split_at_checked(usize::from(size))?;
        let is_first = self.next.is_multiple_of(GROUP);
        if usize::from(shared) > self.term.len()
            || (is_first && shared != 0)
            || shared.checked_add(size).is_none()
        {
            return None;
        }
        self.term.truncate(usize::from(shared));
        self.term.extend_from_slice(suffix);
        let head = varint::take(&mut rest)?;
        let (postings, repeated) = (head >> 1, head & 1 == 1);
        let chunks = match postings {
            0 => return None,
            1 => {
                let (chunks, after) = rest.split_at_checked(chunk::single_bytes(rest, repeated)?)?;
                rest = after;
                chunks
            }
            _ => {
                let size = varint::take(&mut rest)?;
                let (chunks, after) = rest.split_at_checked(size as usize)?;
                rest = after;
                chunks
            }
        };
        self.bytes = rest;
        self.next += 1;
        let is_last = self.next == self.value.count;
        if is_last && !rest.is_empty() {
            return None;
        }
        let next_row = self.value.next_row.filter(|_| is_last);
        Some(Part { postings, repeated, chunks, next_row })
    }
}

impl Part<'_> {
    /// The number of postings, those of dead rows too.
    pub(in crate::lexical) fn len(&self) -> u32 {
        self.postings
    }

    /// Whether the first entry of the next value goes on with the term.
    pub(in crate::lexical) fn is_continued(&self) -> bool {
        self.next_row.is_some()
    }

    /// Whether this part is the one that comes next.
    pub(in crate::lexical) fn is_followed_by(&self, next: &Part<'_>) -> bool {
        self.next_row.is_some_and(|row| varint::take(&mut &*next.chunks) == Some(row))
    }

    /// Bytes of the postings.
    pub(in crate::lexical) fn bytes(&self) -> usize {
        self.chunks.len()
    }

    /// Calls `found` with rows and counts, at most 128 of each at a time; the rows rise and are less than `rows`.
    ///
    /// # Errors
    /// If the bytes are no postings of a block of so many rows.
    #[inline]
    pub(in crate::lexical) fn each_chunk(
        &self,
        chunk: &mut Chunk,
        rows: u32,
        mut found: impl FnMut(&[u32], &[u32]),
    ) -> Result<(), Malformed> {
        let mut left = self.postings as usize;
        let mut bytes = self.chunks;
        let mut before = None;
        while left > 0 {
            let len = left.min(CHUNK);
            let (chunk_rows, counts) =
                chunk.decode(len, self.repeated, &mut bytes).ok_or(Malformed::POSTINGS)?;
            let (first, last) = (chunk_rows[0], chunk_rows[len - 1]);
            if last >= rows || before >= Some(first) {
                return Err(Malformed::POSTINGS);
            }
            before = Some(last);
            found(chunk_rows, counts);
            left -= len;
        }
        if bytes.is_empty() { Ok(()) } else { Err(Malformed::POSTINGS) }
    }
}
