//! The terms of one row of the tail as bytes; `docs/pulsedb-words.md` has the layout.

use super::counted::CountedTerms;
use super::malformed::Malformed;

/// Hashes that are compared at once.
const RUN: usize = 16;

/// Writes the terms of a record as a row of the tail.
pub(crate) fn encode_tail_row(terms: &CountedTerms) -> Vec<u8> {
    let words: usize = terms.iter().map(|(_, term, _)| term.len()).sum();
    let mut row = Vec::with_capacity(8 + 7 * terms.len() + words);
    row.extend_from_slice(&terms.length().to_le_bytes());
    row.extend_from_slice(&(terms.len() as u32).to_le_bytes());
    terms.iter().for_each(|(hash, _, _)| row.extend_from_slice(&hash.to_le_bytes()));
    terms.iter().for_each(|(_, _, count)| row.extend_from_slice(&count.to_le_bytes()));
    row.extend(terms.iter().map(|(_, term, _)| term.len() as u8));
    terms.iter().for_each(|(_, term, _)| row.extend_from_slice(term));
    row
}

/// A row of the tail, read where it lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TailRow<'b> {
    length: u32,
    hashes: &'b [[u8; 4]],
    counts: &'b [[u8; 2]],
    sizes: &'b [u8],
    words: &'b [u8],
}

/// A term of a row of the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TailTerm<'b> {
    pub(super) hash: u32,
    pub(super) term: &'b [u8],
    pub(super) count: u16,
}

impl<'b> TailRow<'b> {
    /// Reads a row.
    ///
    /// # Errors
    /// If the bytes are too few for what they say, or too many.
    pub(crate) fn read(bytes: &'b [u8]) -> Result<Self, Malformed> {
        Self::parts(bytes).ok_or(Malformed::TAIL_ROW)
    }

    fn parts(bytes: &'b [u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (terms, rest) = rest.split_first_chunk()?;
        let terms = u32::from_le_bytes(*terms) as usize;
        let (hashes, rest) = rest.split_at_checked(terms.checked_mul(4)?)?;
        let (counts, rest) = rest.split_at_checked(terms * 2)?;
        let (sizes, words) = rest.split_at_checked(terms)?;
        let sum: usize = sizes.iter().map(|&size| usize::from(size)).sum();
        (sum == words.len()).then_some(TailRow {
            length: u32::from_le_bytes(*length),
            hashes: hashes.as_chunks().0,
            counts: counts.as_chunks().0,
            sizes,
            words,
        })
    }

    /// The number of words of the text.
    pub(crate) fn length(&self) -> u32 {
        self.length
    }

    /// How often a term stands in the row's text; 0 if it does not.
    #[inline]
    pub(super) fn count(&self, hash: u32, term: &[u8]) -> u32 {
        self.find(hash).map_or(0, |from| self.count_from(from, hash, term))
    }

    /// The place of the first term with this hash; `None` if there is none.
    ///
    /// Hashes are sorted, and spread evenly over all numbers: so one tells about where in the list it is. The few
    /// around that place are compared without a branch for each; nearly always they say all.
    #[inline]
    fn find(&self, hash: u32) -> Option<usize> {
        let len = self.hashes.len();
        let about = (u64::from(hash) * len as u64) >> 32;
        let start = (about as usize).saturating_sub(RUN / 2).min(len.saturating_sub(RUN));
        let Some(run) = self.hashes[start..].first_chunk::<RUN>() else {
            return self.hashes.iter().position(|found| u32::from_le_bytes(*found) == hash);
        };
        let below =
            run.iter().map(|found| u32::from(u32::from_le_bytes(*found) < hash)).sum::<u32>() as usize;
        // All before the run are less if its first is, and all behind it are greater if its last is.
        let (first, last) = (below > 0 || start == 0, below < RUN || start + RUN == len);
        let at = if first && last {
            start + below
        } else {
            self.hashes.partition_point(|found| u32::from_le_bytes(*found) < hash)
        };
        self.hashes.get(at).is_some_and(|found| u32::from_le_bytes(*found) == hash).then_some(at)
    }

    /// The count of a term whose hash is first met at this place.
    fn count_from(&self, from: usize, hash: u32, term: &[u8]) -> u32 {
        let mut start: usize = self.sizes[..from].iter().map(|&size| usize::from(size)).sum();
        for at in from..self.hashes.len() {
            if u32::from_le_bytes(self.hashes[at]) != hash {
                break;
            }
            let end = start + usize::from(self.sizes[at]);
            if self.words[start..end] == *term {
                return u32::from(u16::from_le_bytes(self.counts[at]));
            }
            start = end;
        }
        0
    }

    /// Every term of the row.
    pub(super) fn terms(self) -> impl Iterator<Item = TailTerm<'b>> {
        let mut start = 0;
        (0..self.hashes.len()).map(move |at| {
            let end = start + usize::from(self.sizes[at]);
            let term = &self.words[start..end];
            start = end;
            TailTerm {
                hash: u32::from_le_bytes(self.hashes[at]),
                term,
                count: u16::from_le_bytes(self.counts[at]),
            }
        })
    }
}
