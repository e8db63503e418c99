//! Public calls as fuzz input, and the values that they are made with.

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use pulsedb::{
    AgentId, Change, CollectiveId, DuplicatePolicy, ExperienceId, ExperienceType, ExperienceUpdate,
    NewExperience, NewExperienceRelation, RelationType, SearchFilter, Severity, TaskId, Timestamp,
};

use crate::{Count, Number, Text, Vector};

/// One call. A `Pick` names one of what the calls before have made.
#[derive(Debug, Clone, Arbitrary)]
pub enum Call {
    CreateCollective { name: Text, owner: Option<Text> },
    GetOrCreateCollective { name: Text },
    DeleteCollective(Pick),
    CollectivesOf { owner: Text },
    Record(New),
    RecordMany(Vec<New>),
    Apply { collective: Pick, changes: Vec<Step> },
    Update(Pick, Box<Update>),
    Archive(Pick),
    Unarchive(Pick),
    Delete(Pick),
    Reinforce(Pick),
    Look(Pick),
    List { collective: Pick, limit: Count, offset: Count },
    ListCold { collective: Pick, below: Number, limit: Count },
    SearchVector { collective: Pick, vector: Vector, k: Count, filter: Option<Box<Filter>> },
    SearchText { collective: Pick, text: Text, k: Count, filter: Option<Box<Filter>> },
    Recent { collective: Pick, limit: Count, filter: Option<Box<Filter>> },
    Embed(Text),
    ByKey { collective: Pick, key: Text },
    Keys { collective: Pick, prefix: Text, after: Option<Text>, limit: Count },
    Poll { collective: Pick, since: Since },
    Register { collective: Pick, agent: Text, task: Option<Text> },
    Heartbeat { collective: Pick, agent: Text },
    EndActivity { collective: Pick, agent: Text },
    Stats,
    Check,
    Reopen { read_only: bool },
    Backup,
}

/// The n-th of what there is, or something that there is not.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct Pick(u8);

impl Pick {
    pub fn of<T: Copy>(self, known: &[T], unknown: impl FnOnce(u8) -> T) -> T {
        let index = usize::from(self.0) % (known.len() + 1);
        known.get(index).copied().unwrap_or_else(|| unknown(self.0))
    }

    pub fn collective(self, known: &[CollectiveId]) -> CollectiveId {
        self.of(known, |byte| CollectiveId::from_bytes([byte; 16]))
    }

    pub fn experience(self, known: &[ExperienceId]) -> ExperienceId {
        self.of(known, |byte| ExperienceId::from_bytes([byte; 16]))
    }
}

/// A sequence number to ask from.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Since {
    Near(u8),
    Any(u64),
}

impl Since {
    pub fn number(self) -> u64 {
        match self {
            Self::Near(number) => u64::from(number),
            Self::Any(number) => number,
        }
    }
}

/// What is recorded.
#[derive(Debug, Clone, Arbitrary)]
pub struct New {
    collective: Pick,
    content: Text,
    embedding: Option<Vector>,
    kind: Option<Kind>,
    importance: Number,
    confidence: Number,
    domain: Vec<Text>,
    tags: Vec<(Text, Text)>,
    related_files: Vec<Text>,
    agent: Option<Text>,
    task: Option<Text>,
    timestamp: Option<i64>,
    key: Option<Text>,
    expires: Option<i64>,
    duplicate: u8,
}

impl New {
    pub fn experience(self, collectives: &[CollectiveId], experiences: &[ExperienceId]) -> NewExperience {
        let mut new = NewExperience {
            collective_id: self.collective.of(collectives, |_| CollectiveId::nil()),
            content: self.content.0,
            embedding: self.embedding.map(|vector| vector.0),
            importance: self.importance.0,
            confidence: self.confidence.0,
            domain: texts(self.domain),
            tags: pairs(self.tags),
            related_files: texts(self.related_files),
            source_task: self.task.map(|task| TaskId::new(task.0)),
            timestamp: self.timestamp.map(Timestamp::from_millis),
            key: self.key.map(|key| key.0),
            expires_at: self.expires.map(Timestamp::from_millis),
            duplicate: match self.duplicate % 3 {
                0 => DuplicatePolicy::Keep,
                1 => DuplicatePolicy::Reinforce,
                _ => DuplicatePolicy::Refuse,
            },
            ..Default::default()
        };
        if let Some(kind) = self.kind {
            new.experience_type = kind.experience_type(experiences);
        }
        if let Some(agent) = self.agent {
            new.source_agent = AgentId::new(agent.0);
        }
        new
    }
}

/// A change among others.
#[derive(Debug, Clone, Arbitrary)]
pub enum Step {
    Record(Box<New>),
    Update(Pick, Box<Update>),
    Archive(Pick),
    Delete(Pick),
    Relate(Pick, Pick, u8),
}

impl Step {
    pub fn change(self, collectives: &[CollectiveId], experiences: &[ExperienceId]) -> Change {
        match self {
            Self::Record(new) => {
                let collective_id = CollectiveId::nil();
                Change::Record(NewExperience { collective_id, ..new.experience(collectives, experiences) })
            }
            Self::Update(pick, update) => {
                Change::Update(pick.experience(experiences), update.update(experiences))
            }
            Self::Archive(pick) => Change::Archive(pick.experience(experiences)),
            Self::Delete(pick) => Change::Delete(pick.experience(experiences)),
            Self::Relate(source, target, kind) => Change::Relate(NewExperienceRelation {
                source_id: source.experience(experiences),
                target_id: target.experience(experiences),
                relation_type: RelationType::ALL[usize::from(kind) % RelationType::ALL.len()],
                ..Default::default()
            }),
        }
    }
}

/// What is changed.
#[derive(Debug, Clone, Arbitrary)]
pub struct Update {
    content: Option<Text>,
    embedding: Option<Vector>,
    importance: Option<Number>,
    confidence: Option<Number>,
    domain: Option<Vec<Text>>,
    tags: Option<Vec<(Text, Text)>>,
    related_files: Option<Vec<Text>>,
    kind: Option<Kind>,
}

impl Update {
    pub fn update(self, experiences: &[ExperienceId]) -> ExperienceUpdate {
        ExperienceUpdate {
            content: self.content.map(|text| text.0),
            embedding: self.embedding.map(|vector| vector.0),
            importance: self.importance.map(|number| number.0),
            confidence: self.confidence.map(|number| number.0),
            domain: self.domain.map(texts),
            tags: self.tags.map(pairs),
            related_files: self.related_files.map(texts),
            experience_type: self.kind.map(|kind| kind.experience_type(experiences)),
        }
    }
}

/// The type of an experience: which, and what goes into it.
#[derive(Debug, Clone, Arbitrary)]
pub struct Kind {
    variant: u8,
    texts: [Text; 3],
    number: Number,
    reference: Option<Pick>,
}

impl Kind {
    pub fn experience_type(self, experiences: &[ExperienceId]) -> ExperienceType {
        let [Text(first), Text(second), Text(third)] = self.texts;
        match self.variant % 9 {
            0 => {
                let severity = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
                ExperienceType::Difficulty { description: first, severity: severity[second.len() % 4] }
            }
            1 => ExperienceType::Solution {
                problem_ref: self.reference.map(|pick| pick.experience(experiences)),
                approach: first,
                worked: second.is_empty(),
            },
            2 => ExperienceType::ErrorPattern { signature: first, fix: second, prevention: third },
            3 => {
                ExperienceType::SuccessPattern { task_type: first, approach: second, quality: self.number.0 }
            }
            4 => ExperienceType::UserPreference {
                category: first,
                preference: second,
                strength: self.number.0,
            },
            5 => ExperienceType::ArchitecturalDecision { decision: first, rationale: second },
            6 => ExperienceType::TechInsight { technology: first, insight: second },
            7 => ExperienceType::Fact { statement: first, source: second },
            _ => ExperienceType::Generic { category: third.is_empty().then_some(first) },
        }
    }
}

/// Which experiences may be found.
#[derive(Debug, Clone, Arbitrary)]
pub struct Filter {
    domains: Option<Vec<Text>>,
    tags: Option<Vec<(Text, Text)>>,
    kinds: Option<Vec<Kind>>,
    agents: Option<Vec<Text>>,
    key_prefix: Option<Text>,
    min_importance: Option<Number>,
    min_confidence: Option<Number>,
    since: Option<i64>,
    until: Option<i64>,
    exclude_archived: bool,
    include_superseded: bool,
}

impl Filter {
    pub fn filter(self) -> SearchFilter {
        let kinds = |kinds: Vec<Kind>| kinds.into_iter().map(|kind| kind.experience_type(&[])).collect();
        let agents = |agents: Vec<Text>| agents.into_iter().map(|agent| AgentId::new(agent.0)).collect();
        SearchFilter {
            domains: self.domains.map(texts),
            tags_all: self.tags.map(pairs),
            experience_types: self.kinds.map(kinds),
            source_agents: self.agents.map(agents),
            source_tasks: None,
            key_prefix: self.key_prefix.map(|prefix| prefix.0),
            min_importance: self.min_importance.map(|number| number.0),
            min_confidence: self.min_confidence.map(|number| number.0),
            since: self.since.map(Timestamp::from_millis),
            until: self.until.map(Timestamp::from_millis),
            exclude_archived: self.exclude_archived,
            include_superseded: self.include_superseded,
        }
    }
}

fn texts(texts: Vec<Text>) -> Vec<String> {
    texts.into_iter().map(|text| text.0).collect()
}

fn pairs(pairs: Vec<(Text, Text)>) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.0, value.0)).collect()
}
