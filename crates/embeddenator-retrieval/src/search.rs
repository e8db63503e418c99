//! What is asked and what is found: ids, hits, and the options of one search.

use std::cmp::Ordering;
use std::fmt;

/// The caller's name for an item of an index: any number, each once.
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

/// An item that was found.
///
/// Ordered as results are: higher scores first, of equal ones the lower id.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    /// The item.
    pub id: Id,
    /// Its similarity to the query, as the index says: the cosine, from -1 to 1, unless it says otherwise.
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

/// How one search, or each search of a batch, is made.
///
/// ```
/// use embeddenator_retrieval::SearchOptions;
///
/// let options = SearchOptions { exact: true, ..SearchOptions::default() };
/// assert_eq!(options.threads, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchOptions {
    /// Looks at every item. Exact indexes always do.
    pub exact: bool,
    /// How many nodes a hierarchical index looks into; `None` leaves it to the index.
    pub beam: Option<Beam>,
    /// Threads for a batch or a long scan; 0 is as many as the machine has. The results do not depend on it.
    pub threads: usize,
}

/// How many nodes a hierarchical search looks into. More find more, and cost more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beam {
    /// Nodes, best first, whose items are looked at as long as they could hold something better than what was found.
    pub width: usize,
    /// Nodes beyond the width that are looked at besides while their scores stand out from those of unrelated items:
    /// together with the width at most this many.
    pub width_max: usize,
}
