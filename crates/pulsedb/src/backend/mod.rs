//! What a store of another kind needs to give the same answers: the checks, the analysis and the ranking of this database.
//!
//! It exists with the feature `backend`, for `pulsedb-postgres`. **It is not part of the stable API**: any version may change
//! it. Everything here is a pure function of its arguments, but for the embedder of a [`Config`](crate::Config).

mod checks;
mod embedding;
mod energy;
mod text;
mod words;

pub use checks::{
    active_agent, collective_name, context, filter, kind_of, merged, new_activity, new_experience,
    new_insight, new_relation, query_text, result_count, update, vector, weights,
};
pub use embedding::{Embedder, cosines};
pub use energy::{Ranked, order, parts_of_best, weighed};
pub use text::{Candidate, TextRanking, named_agent};
pub use words::{Indexed, Pattern, Rows, Scorer, Words, index};

use std::time::Duration;

use crate::clock::Timestamp;
use crate::config::ActivityConfig;
use crate::model::ContextCandidates;
use crate::search;

/// What of a context fits into so many tokens.
pub fn fitted(all: ContextCandidates, max_tokens: usize, now: Timestamp) -> ContextCandidates {
    search::fitted(all, max_tokens, now)
}

/// Whether a moment that may be missing is not after another one.
pub fn has_passed(end: Option<Timestamp>, now: Timestamp) -> bool {
    end.is_some_and(|end| end <= now)
}

/// How much later than the stored sign of life another one has to be to be written.
pub fn heartbeat_interval(config: &ActivityConfig) -> Duration {
    config.heartbeat_interval()
}

/// Limits of a search that are not for callers of the database.
pub mod limits {
    use crate::limits;

    /// Rows that a text is compared with in full.
    pub const RANKED_WHOLE_MAX: usize = limits::RANKED_WHOLE_MAX;
    /// Candidates of each signal of a text at least.
    pub const CANDIDATES_MIN: usize = limits::CANDIDATES_MIN;
    /// By how much candidates are multiplied where they were too few.
    pub const CANDIDATES_GROWTH: usize = limits::CANDIDATES_GROWTH;
    /// Of a hundred candidates of a signal, how many bring their neighbours.
    pub const NEIGHBOURED_PERCENT: usize = limits::NEIGHBOURED_PERCENT;
    /// Records on each side of one in its session that count for it.
    pub const WINDOW_RECORDS: usize = limits::WINDOW_RECORDS;
    /// Agents of a collective among whom a name is looked for.
    pub const NAMED_AGENTS_MAX: usize = limits::NAMED_AGENTS_MAX;
    /// Changes that one poll reads.
    pub const EVENTS_MAX: usize = limits::EVENTS_MAX;
    /// How long an activity without a sign of life is kept at least.
    pub const SILENT_ACTIVITY_KEPT: std::time::Duration = limits::SILENT_ACTIVITY_KEPT;
}
