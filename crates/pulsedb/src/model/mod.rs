//! The words of the API: what is stored, what is asked and what is answered.

pub(crate) mod activity;
pub(crate) mod apply;
pub(crate) mod change;
pub(crate) mod collective;
pub(crate) mod context;
pub(crate) mod experience;
pub(crate) mod experience_type;
pub(crate) mod identity;
pub(crate) mod insight;
pub(crate) mod markdown;
pub(crate) mod norm;
pub(crate) mod query;
pub(crate) mod ranking;
pub(crate) mod relation;
pub(crate) mod report;
pub(crate) mod watch;

pub use activity::{Activity, NewActivity};
pub use apply::{Change, Outcome};
pub use change::{WatchEvent, WatchEventType};
pub use collective::{Collective, CollectiveStats};
pub use context::{ContextCandidates, ContextRequest};
pub use experience::{DuplicatePolicy, Experience, ExperienceUpdate, NewExperience, TermsUpdate, energy};
pub use experience_type::{ExperienceKind, ExperienceType, Severity};
pub use identity::ProviderIdentity;
pub use insight::{DerivedInsight, InsightFilter, InsightType, NewDerivedInsight};
pub use query::{OwnedQuery, Query, SearchFilter, SearchOptions, SearchResult};
pub use ranking::{ContextWeights, Explain, RecallWeights, Signal, SignalWeights};
pub use relation::{ExperienceRelation, NewExperienceRelation, RelationDirection, RelationType};
pub use report::{
    BackupReport, CheckReport, CollectiveSummary, CompactReport, DatabaseStats, Fault, Holder, Progress,
    ReaderInfo, Reembedding, TableStats,
};
pub use watch::{StreamEnd, TryRecvError, WatchFilter};
