//! What a search has found before it fetches records.

use std::cmp::{Ordering, Reverse};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::ExperienceId;
use crate::index::{Address, Snapshot};
use crate::model::{Explain, SearchResult};

/// A row with its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hit {
    pub(crate) score: f32,
    pub(crate) rank: Rank,
    pub(crate) address: Address,
    /// What the score is made of.
    pub(crate) parts: Explain,
}

/// The order of rows with one score: the greatest is the best, newer first, then the smaller id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    timestamp: Timestamp,
    id: Reverse<ExperienceId>,
}

impl Rank {
    #[cfg(feature = "backend")]
    pub(crate) fn new(timestamp: Timestamp, id: ExperienceId) -> Self {
        Self { timestamp, id: Reverse(id) }
    }

    pub(super) fn of(snapshot: &Snapshot<'_>, address: Address) -> Result<Self> {
        let (_, row) = snapshot.row(address)?;
        Ok(Self { timestamp: row.timestamp, id: Reverse(row.id) })
    }

    pub(crate) fn id(self) -> ExperienceId {
        self.id.0
    }
}

impl Hit {
    /// The better one is the greater.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then_with(|| self.rank.cmp(&other.rank))
    }
}

/// The best `k` of these, best first.
pub(crate) fn best(mut hits: Vec<Hit>, k: usize) -> Vec<Hit> {
    hits.sort_unstable_by(|left, right| right.order(left));
    hits.truncate(k);
    hits
}

/// The records of hits, in their order.
pub(super) fn fetch(snapshot: &Snapshot<'_>, hits: &[Hit], explain: bool) -> Result<Vec<SearchResult>> {
    let (view, generation) = (snapshot.collective.view, snapshot.generation);
    hits.iter()
        .map(|hit| {
            let experience = view.indexed_experience(generation, hit.rank.id())?;
            Ok(SearchResult { experience, similarity: hit.score, explain: explain.then_some(hit.parts) })
        })
        .collect()
}
