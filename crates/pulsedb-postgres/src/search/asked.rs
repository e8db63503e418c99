//! What is asked of a search beside the ranking.

use pulsedb::{DecayConfig, RecallWeights, SearchConfig};

/// What is asked beside the ranking.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) k: usize,
    pub(crate) recall: Option<RecallWeights>,
    pub(crate) decay: &'a DecayConfig,
    pub(crate) settings: &'a SearchConfig,
    pub(crate) explain: bool,
    /// Matches of a vector that are compared one by one.
    pub(crate) exact_rows: usize,
}
