//! Packs the postings of a block into values.

use super::chunk::{self, CHUNK};
use super::{GOES_ON, GROUP, HEADER_BYTES, IS_CONTINUED, Posting, varint};
use crate::limits::POSTING_VALUE_BYTES_MAX;

/// A part of a term that begins here is at least this long: a shorter one is not worth a second look-up.
const PART_BYTES_MIN: usize = 512;

/// A value of postings, and the key it is stored under behind the number of its block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PostingValue {
    /// The first term; if that goes on from the value before, also a zero byte and its first row here, big-endian.
    /// Keys rise in the order of their bytes.
    pub(crate) key: Vec<u8>,
    /// At most `POSTING_VALUE_BYTES_MAX` bytes.
    pub(crate) bytes: Vec<u8>,
}

/// Takes terms in rising order and packs them.
#[derive(Debug, Default)]
pub(in crate::lexical) struct Writer {
    done: Vec<PostingValue>,
    /// The value that is being filled: its key, flags, offsets of groups and entries.
    key: Vec<u8>,
    flags: u8,
    groups: Vec<u16>,
    entries: Vec<u8>,
    count: u16,
    /// The first row of the next value if the last entry goes on there.
    next_row: Option<u32>,
    /// The last term.
    term: Vec<u8>,
    /// The chunks of the term at hand, and where each of them ends.
    chunks: Vec<u8>,
    ends: Vec<usize>,
}

impl Writer {
    /// Packs a term, which is greater than the one before; its rows rise, and there is at least one.
    pub(in crate::lexical) fn push(&mut self, term: &[u8], postings: &[Posting]) {
        debug_assert!(self.count == 0 || *self.term < *term, "terms are given in rising order");
        let repeated = postings.iter().any(|posting| posting.count > 1);
        self.chunks.clear();
        self.ends.clear();
        for chunk in postings.chunks(CHUNK) {
            chunk::encode(chunk, repeated, &mut self.chunks);
            self.ends.push(self.chunks.len());
        }
        let mut from = 0;
        while from < self.ends.len() {
            let begin = from.checked_sub(1).map_or(0, |before| self.ends[before]);
            let room = (POSTING_VALUE_BYTES_MAX - self.size()).saturating_sub(entry_bytes_max(term));
            let fits = self.ends[from..].partition_point(|end| end - begin <= room);
            let until = from + fits;
            let is_whole = until == self.ends.len();
            if is_whole || self.count == 0 || self.part_pays(begin, until) {
                let rest = &postings[from * CHUNK..];
                let rest = &rest[..rest.len().min(fits * CHUNK)];
                if from > 0 {
                    debug_assert_eq!(self.count, 0, "a term goes on at the beginning of a value");
                    self.flags |= GOES_ON;
                }
                self.entry(term, rest, repeated, begin..self.ends[until - 1]);
                from = until;
                if is_whole {
                    break;
                }
                self.flags |= IS_CONTINUED;
                self.next_row = Some(postings[until * CHUNK].row);
            }
            self.close();
        }
    }

    /// The values.
    pub(in crate::lexical) fn finish(mut self) -> Vec<PostingValue> {
        self.close();
        self.done
    }

    fn part_pays(&self, begin: usize, until: usize) -> bool {
        until.checked_sub(1).is_some_and(|last| self.ends[last].saturating_sub(begin) >= PART_BYTES_MIN)
    }

    /// Bytes of the value that is being filled, with room for one more group and for the row of the next value.
    fn size(&self) -> usize {
        HEADER_BYTES + 2 * (self.groups.len() + 1) + self.entries.len() + size_of::<u32>()
    }

    fn entry(&mut self, term: &[u8], postings: &[Posting], repeated: bool, chunks: std::ops::Range<usize>) {
        if self.count == 0 {
            self.key.extend_from_slice(term);
            if self.flags & GOES_ON != 0 {
                self.key.push(0);
                self.key.extend_from_slice(&postings[0].row.to_be_bytes());
            }
        }
        let mut shared = 0;
        if usize::from(self.count).is_multiple_of(GROUP) {
            self.groups.push(self.entries.len() as u16);
        } else {
            shared = term.iter().zip(&self.term).take_while(|(left, right)| left == right).count();
        }
        self.entries.push(shared as u8);
        self.entries.push((term.len() - shared) as u8);
        self.entries.extend_from_slice(&term[shared..]);
        varint::put(&mut self.entries, (postings.len() as u32) << 1 | u32::from(repeated));
        if postings.len() > 1 {
            varint::put(&mut self.entries, chunks.len() as u32);
        }
        self.entries.extend_from_slice(&self.chunks[chunks]);
        self.count += 1;
        self.term.clear();
        self.term.extend_from_slice(term);
    }

    fn close(&mut self) {
        if self.count == 0 {
            return;
        }
        let mut bytes = Vec::with_capacity(self.size());
        bytes.push(self.flags);
        bytes.extend_from_slice(&self.count.to_le_bytes());
        self.groups.iter().for_each(|group| bytes.extend_from_slice(&group.to_le_bytes()));
        bytes.append(&mut self.entries);
        bytes.extend(self.next_row.take().iter().flat_map(|row| row.to_le_bytes()));
        assert!(bytes.len() <= POSTING_VALUE_BYTES_MAX, "a value of postings takes one page");
        self.done.push(PostingValue { key: std::mem::take(&mut self.key), bytes });
        self.groups.clear();
        self.count = 0;
        self.flags = 0;
    }
}

/// What an entry takes besides its chunks, at the most: two lengths, the term, two numbers.
fn entry_bytes_max(term: &[u8]) -> usize {
    2 + term.len() + 5 + 2
}
