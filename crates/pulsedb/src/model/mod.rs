//! The words of the API: what is stored, what is asked and what is answered.

pub(crate) mod activity;
pub(crate) mod change;
pub(crate) mod collective;
pub(crate) mod experience;
pub(crate) mod experience_type;
pub(crate) mod identity;
pub(crate) mod insight;
pub(crate) mod norm;
pub(crate) mod query;
pub(crate) mod relation;
pub(crate) mod report;

pub use activity::{Activity, NewActivity};
pub use change::{WatchEvent, WatchEventType};
pub use collective::{Collective, CollectiveStats};
pub use experience::{Experience, ExperienceUpdate, NewExperience, energy};
pub use experience_type::{ExperienceKind, ExperienceType, Severity};
pub use identity::ProviderIdentity;
pub use insight::{DerivedInsight, InsightFilter, InsightType, NewDerivedInsight};
pub use query::{Query, SearchFilter, SearchOptions, SearchResult};
pub use relation::{ExperienceRelation, NewExperienceRelation, RelationDirection, RelationType};
pub use report::{
    BackupReport, CheckReport, CollectiveSummary, CompactReport, DatabaseStats, Fault, Holder, ReaderInfo,
    TableStats,
};
