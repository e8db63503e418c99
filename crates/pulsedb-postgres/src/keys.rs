//! Ids of the database as PostgreSQL knows them.

use pulsedb::{CollectiveId, ExperienceId, InsightId, RelationId};
use uuid::Uuid;

/// An id that is kept as a `uuid`.
pub(crate) trait Id: Copy {
    /// As a `uuid`.
    fn uuid(self) -> Uuid;
    /// Of a `uuid`.
    fn of(uuid: Uuid) -> Self;
}

macro_rules! ids {
    ($($name:ident)*) => {
        $(impl Id for $name {
            fn uuid(self) -> Uuid {
                Uuid::from_bytes(*self.as_bytes())
            }

            fn of(uuid: Uuid) -> Self {
                Self::from_bytes(*uuid.as_bytes())
            }
        })*
    };
}

ids! { CollectiveId ExperienceId InsightId RelationId }
