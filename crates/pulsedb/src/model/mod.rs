//! The words of the API: what is stored, what is asked and what is answered.

pub(crate) mod change;
pub(crate) mod collective;
pub(crate) mod experience;
pub(crate) mod experience_type;
pub(crate) mod identity;
pub(crate) mod norm;
pub(crate) mod query;
pub(crate) mod report;

pub use change::{WatchEvent, WatchEventType};
pub use collective::{Collective, CollectiveStats};
pub use experience::{Experience, ExperienceUpdate, NewExperience, energy};
pub use experience_type::{ExperienceKind, ExperienceType, Severity};
pub use identity::ProviderIdentity;
pub use query::{Query, SearchFilter, SearchOptions, SearchResult};
pub use report::{
    BackupReport, CheckReport, CollectiveSummary, CompactReport, DatabaseStats, Fault, Holder, Progress,
    ReaderInfo, Reembedding, TableStats,
};
