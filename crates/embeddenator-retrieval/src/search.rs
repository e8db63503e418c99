//! Ids, hits, and the options of a search.

use std::cmp::Ordering;
use std::fmt;

/// The caller's number for an item of an index: any number, unique in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u64);

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl From<u64> for Id {
    fn from(id: u64) -> Self {
        Id(id)
    }
}

/// An item found by a search.
///
/// Ordered as results are: higher scores first, equal ones by id.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    /// The item.
    pub id: Id,
    /// Its similarity to the query in the measure of the index: the cosine, from -1 to 1, unless
    /// the index says otherwise.
    pub score: f32,
}

impl Ord for Hit {
    fn cmp(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then(self.id.cmp(&other.id))
    }
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Hit {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Hit {}

/// The options of one search, or of each search in a batch.
///
/// ```
/// use embeddenator_retrieval::SearchOptions;
///
/// let options = SearchOptions { exact: true, ..SearchOptions::default() };
/// assert_eq!(options.threads, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchOptions {
    /// Compare every item. Exact indexes always do.
    pub exact: bool,
    /// How many nodes a hierarchical index visits; `None` uses the option of the index.
    pub beam: Option<Beam>,
    /// Threads for a batch or a long scan; 0 means as many as the machine has. The results do not
    /// depend on it.
    pub threads: usize,
}

/// How many nodes a hierarchical search visits. More nodes find more and cost more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beam {
    /// Nodes to visit, best first, as long as they could hold something better than what has been
    /// found.
    pub width: usize,
    /// The most nodes to visit in total: beyond the width, nodes are visited while their scores
    /// stand out from those of unrelated items.
    pub width_max: usize,
}
