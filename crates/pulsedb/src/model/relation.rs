//! Relations: what one experience says about another.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{ExperienceId, RelationId};

/// What the source of a relation says about its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationType {
    /// The source speaks for the target.
    Supports,
    /// The source speaks against the target.
    Contradicts,
    /// The source says more about the target.
    Elaborates,
    /// The source takes the place of the target.
    Supersedes,
    /// If the source holds, so does the target.
    Implies,
    /// They have to do with each other.
    #[default]
    RelatedTo,
}

impl RelationType {
    /// Every type.
    pub const ALL: [Self; 6] = [
        Self::Supports,
        Self::Contradicts,
        Self::Elaborates,
        Self::Supersedes,
        Self::Implies,
        Self::RelatedTo,
    ];
}

/// Which relations of an experience are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationDirection {
    /// Those of which it is the source.
    Outgoing,
    /// Those of which it is the target.
    Incoming,
    /// Both.
    #[default]
    Both,
}

/// A relation that is to be stored. Both ends must exist, in one collective.
#[derive(Debug, Clone, PartialEq)]
pub struct NewExperienceRelation {
    /// The experience that says something.
    pub source_id: ExperienceId,
    /// The one that it is said about.
    pub target_id: ExperienceId,
    /// What is said.
    pub relation_type: RelationType,
    /// How strongly, 0 to 1.
    pub strength: f32,
    /// Anything else, at most 10 240 bytes.
    pub metadata: Option<String>,
}

impl Default for NewExperienceRelation {
    fn default() -> Self {
        Self {
            source_id: ExperienceId::nil(),
            target_id: ExperienceId::nil(),
            relation_type: RelationType::default(),
            strength: 0.5,
            metadata: None,
        }
    }
}

/// A stored relation.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperienceRelation {
    /// Its identifier; those of later relations are greater.
    pub id: RelationId,
    /// The experience that says something.
    pub source_id: ExperienceId,
    /// The one that it is said about.
    pub target_id: ExperienceId,
    /// What is said.
    pub relation_type: RelationType,
    /// How strongly, 0 to 1.
    pub strength: f32,
    /// Anything else.
    pub metadata: Option<String>,
    /// When it was stored.
    pub created_at: Timestamp,
}
