//! Collectives: the spaces that experiences are recorded in.

use crate::clock::Timestamp;
use crate::id::CollectiveId;

/// A named space for experiences. Searches, counts and events stay within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collective {
    /// Its identifier, which never changes.
    pub id: CollectiveId,
    /// Its name, unique in the database.
    pub name: String,
    /// Who owns it, if anyone was named.
    pub owner_id: Option<String>,
    /// Dimensions of its vectors.
    pub embedding_dimension: u16,
    /// When it was created.
    pub created_at: Timestamp,
    /// When the collective itself was last changed; recording into it does not count.
    pub updated_at: Timestamp,
}

/// Exact counts of a collective.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CollectiveStats {
    /// Experiences in it, archived ones included, expired ones not.
    pub experience_count: u64,
    /// Bytes of keys and values that its experiences, relations and insights take, indexes and vectors included, and those
    /// of expired ones that are still to be removed.
    pub storage_bytes: u64,
    /// The smallest `timestamp` of its experiences.
    pub oldest_experience: Option<Timestamp>,
    /// The greatest `timestamp` of its experiences.
    pub newest_experience: Option<Timestamp>,
}
