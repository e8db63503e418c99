//! Finding files by a part of them, or by words.

mod fragment;
mod matches;
mod text;

pub(crate) use fragment::query;
pub(crate) use text::query_text;

use crate::path::EngramPath;
use crate::store::open::Finding;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryOptions {
    /// Hits at most; the best ones are kept.
    pub limit: usize,
    /// Threads; 0 for as many as the machine runs at once.
    pub threads: usize,
}

impl Default for QueryOptions {
    /// The 16 best.
    fn default() -> Self {
        Self { limit: 16, threads: 0 }
    }
}

/// A file that has a fragment, or a part of it, or is about a text.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct QueryHit {
    /// Its path.
    pub path: EngramPath,
    /// Its size.
    pub size: u64,
    /// Where in the file the longest part begins that both have, or the passage that is most like the text.
    pub offset: u64,
    /// The share of the fragment that is in the file, compared byte by byte, from 0 to 1; for a text the cosine of the
    /// passage's code with the text's.
    pub score: f32,
}

/// What was found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct QueryReport {
    /// The hits, the best first; of equal ones by path.
    pub hits: Vec<QueryHit>,
    /// Bytes that were read and looked through, since there are no fingerprints of them.
    pub scanned_bytes: u64,
    /// Fingerprints that are damaged, so that what they are of was looked through.
    pub findings: Vec<Finding>,
}

impl QueryReport {
    /// Puts the best hits first, and drops the others.
    fn rank(&mut self, limit: usize) {
        self.hits.sort_by(|left, right| {
            right.score.total_cmp(&left.score).then_with(|| left.path.cmp(&right.path))
        });
        self.hits.truncate(limit);
    }
}
