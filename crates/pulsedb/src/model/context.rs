//! Context: what an agent is told before it begins.

use crate::id::{CollectiveId, Embedding};
use crate::model::activity::Activity;
use crate::model::experience::Experience;
use crate::model::insight::DerivedInsight;
use crate::model::query::{SearchFilter, SearchResult};
use crate::model::ranking::RecallWeights;
use crate::model::relation::ExperienceRelation;

/// What a context is gathered for. `query_text` or `query_embedding` must be given.
#[derive(Debug, Clone, PartialEq)]
pub struct ContextRequest {
    /// Where to look.
    pub collective_id: CollectiveId,
    /// What it is about, as a vector.
    pub query_embedding: Option<Embedding>,
    /// What it is about, as a text.
    pub query_text: Option<String>,
    /// How many similar experiences, and how many insights, at most: 0 to 1000.
    pub max_similar: usize,
    /// How many recent experiences at most: 0 to 1000.
    pub max_recent: usize,
    /// Whether insights are wanted.
    pub include_insights: bool,
    /// Whether relations of the experiences are wanted.
    pub include_relations: bool,
    /// Whether the agents at work are wanted.
    pub include_active_agents: bool,
    /// Which experiences may be found; insights are not filtered.
    pub filter: SearchFilter,
    /// How much energy counts for the similar experiences; `None` means
    /// [`DecayConfig::default_recall_weights`](crate::DecayConfig).
    pub recall_weights: Option<RecallWeights>,
    /// The most tokens that the context may take, estimated at 4 bytes of
    /// [`render_markdown`](ContextCandidates::render_markdown) each; `None` means no limit.
    pub max_tokens: Option<usize>,
}

impl Default for ContextRequest {
    fn default() -> Self {
        Self {
            collective_id: CollectiveId::nil(),
            query_embedding: None,
            query_text: None,
            max_similar: 20,
            max_recent: 10,
            include_insights: true,
            include_relations: true,
            include_active_agents: true,
            filter: SearchFilter::default(),
            recall_weights: None,
            max_tokens: None,
        }
    }
}

/// What an agent may need to know, each part as the call of its own answers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContextCandidates {
    /// The experiences that the query ranks best, best first.
    pub similar_experiences: Vec<SearchResult>,
    /// The newest experiences, newest first.
    pub recent_experiences: Vec<Experience>,
    /// The insights that the query ranks best, best first, each with its score.
    pub insights: Vec<(DerivedInsight, f32)>,
    /// The relations that have an end among the experiences, each once, in order of their ids.
    pub relations: Vec<ExperienceRelation>,
    /// The agents at work, newest sign of life first.
    pub active_agents: Vec<Activity>,
    /// How many rows were left out because of `max_tokens`, near-duplicates included.
    pub omitted: usize,
}
