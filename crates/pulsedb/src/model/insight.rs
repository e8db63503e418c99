//! Insights: what agents derive from several experiences.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{CollectiveId, Embedding, ExperienceId, InsightId};

/// How an insight follows from its sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InsightType {
    /// What the sources have in common again and again.
    #[default]
    Pattern,
    /// What the sources say together.
    Synthesis,
    /// The rule behind the sources.
    Abstraction,
    /// What goes with what.
    Correlation,
}

impl InsightType {
    /// Every type.
    pub const ALL: [Self; 4] = [Self::Pattern, Self::Synthesis, Self::Abstraction, Self::Correlation];
}

/// An insight that is to be stored. `content` and `source_experience_ids` have no useful default.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDerivedInsight {
    /// The collective of its sources. Nil means the one that a nil collective of a
    /// [`NewExperience`](crate::NewExperience) means.
    pub collective_id: CollectiveId,
    /// The text, 1 to 51 200 bytes.
    pub content: String,
    /// Its vector. Required with external embeddings; otherwise the embedder makes one if this is `None`.
    pub embedding: Option<Embedding>,
    /// What it follows from: 1 to 100 experiences of the collective.
    pub source_experience_ids: Vec<ExperienceId>,
    /// How it follows from them.
    pub insight_type: InsightType,
    /// How sure the agent is, 0 to 1.
    pub confidence: f32,
    /// The domains it belongs to: at most 50, of at most 100 bytes each.
    pub domain: Vec<String>,
}

impl Default for NewDerivedInsight {
    fn default() -> Self {
        Self {
            collective_id: CollectiveId::nil(),
            content: String::new(),
            embedding: None,
            source_experience_ids: Vec::new(),
            insight_type: InsightType::default(),
            confidence: 0.5,
            domain: Vec::new(),
        }
    }
}

/// A stored insight.
#[derive(Debug, Clone, PartialEq)]
pub struct DerivedInsight {
    /// Its identifier; those of later insights are greater.
    pub id: InsightId,
    /// The collective it belongs to.
    pub collective_id: CollectiveId,
    /// The text.
    pub content: String,
    /// Its vector; empty if the embedder knew none of the words.
    pub embedding: Embedding,
    /// What it follows from, also experiences that were deleted since.
    pub source_experience_ids: Vec<ExperienceId>,
    /// Those of its sources that were deleted since.
    pub missing_sources: Vec<ExperienceId>,
    /// How it follows from them.
    pub insight_type: InsightType,
    /// How sure the agent is, 0 to 1.
    pub confidence: f32,
    /// The domains it belongs to.
    pub domain: Vec<String>,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// Which insights may be found: those that meet every condition that is given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InsightFilter {
    /// At least one of these is among the insight's domains.
    pub domains: Option<Vec<String>>,
    /// The insight is of one of these types.
    pub insight_types: Option<Vec<InsightType>>,
    /// Its confidence is at least this.
    pub min_confidence: Option<f32>,
}
