//! Agents and experiences with the fields that the framework knows.

use std::collections::BTreeMap;

use engine::{CollectiveId, Embedding, ExperienceId, ExperienceType, TaskId, Timestamp};

/// The name of an agent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId(pub String);

/// A stored experience.
#[derive(Debug, Clone, PartialEq)]
pub struct Experience {
    /// Its identifier.
    pub id: ExperienceId,
    /// The collective that it belongs to.
    pub collective_id: CollectiveId,
    /// The text.
    pub content: String,
    /// Its vector.
    pub embedding: Embedding,
    /// What kind of experience it is.
    pub experience_type: ExperienceType,
    /// How much it matters, 0 to 1.
    pub importance: f32,
    /// How sure the agent is, 0 to 1.
    pub confidence: f32,
    /// How often it was reinforced.
    pub applications: u32,
    /// The domains that it belongs to.
    pub domain: Vec<String>,
    /// Free key-value pairs.
    pub tags: BTreeMap<String, String>,
    /// Paths of files that it is about.
    pub related_files: Vec<String>,
    /// Who recorded it.
    pub source_agent: AgentId,
    /// In which task.
    pub source_task: Option<TaskId>,
    /// When it happened.
    pub timestamp: Timestamp,
    /// When its content or its attributes were last changed.
    pub updated_at: Timestamp,
    /// When it was last reinforced.
    pub last_reinforced: Timestamp,
    /// Whether it is archived.
    pub archived: bool,
}

impl Experience {
    /// How often it was reinforced.
    pub fn applications(&self) -> u32 {
        self.applications
    }
}

impl From<engine::Experience> for Experience {
    fn from(stored: engine::Experience) -> Self {
        Self {
            id: stored.id,
            collective_id: stored.collective_id,
            content: stored.content,
            embedding: stored.embedding,
            experience_type: stored.experience_type,
            importance: stored.importance,
            confidence: stored.confidence,
            applications: stored.applications,
            domain: stored.domain,
            tags: stored.tags,
            related_files: stored.related_files,
            source_agent: AgentId(stored.source_agent.as_str().to_owned()),
            source_task: stored.source_task,
            timestamp: stored.timestamp,
            updated_at: stored.updated_at,
            last_reinforced: stored.last_reinforced,
            archived: stored.archived,
        }
    }
}

/// What is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct NewExperience {
    /// Where it goes.
    pub collective_id: CollectiveId,
    /// The text.
    pub content: String,
    /// Its vector; the database makes one if this is `None`.
    pub embedding: Option<Embedding>,
    /// What kind of experience it is.
    pub experience_type: ExperienceType,
    /// How much it matters, 0 to 1.
    pub importance: f32,
    /// How sure the agent is, 0 to 1.
    pub confidence: f32,
    /// The domains that it belongs to.
    pub domain: Vec<String>,
    /// Free key-value pairs.
    pub tags: BTreeMap<String, String>,
    /// Paths of files that it is about.
    pub related_files: Vec<String>,
    /// Who records it.
    pub source_agent: AgentId,
    /// In which task.
    pub source_task: Option<TaskId>,
}

impl From<NewExperience> for engine::NewExperience {
    fn from(new: NewExperience) -> Self {
        Self {
            collective_id: new.collective_id,
            content: new.content,
            embedding: new.embedding,
            experience_type: new.experience_type,
            importance: new.importance,
            confidence: new.confidence,
            domain: new.domain,
            tags: new.tags,
            related_files: new.related_files,
            source_agent: engine::AgentId::new(new.source_agent.0),
            source_task: new.source_task,
            ..Self::default()
        }
    }
}
