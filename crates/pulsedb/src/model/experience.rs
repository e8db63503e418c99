//! Experiences: what agents record, change and find.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::config::DecayConfig;
use crate::id::{AgentId, CollectiveId, Embedding, ExperienceId, Seq, TaskId};
use crate::model::experience_type::ExperienceType;

/// A recorded experience as the database returns it.
#[derive(Debug, Clone, PartialEq)]
pub struct Experience {
    /// Its identifier; those of later experiences are greater.
    pub id: ExperienceId,
    /// The collective it belongs to.
    pub collective_id: CollectiveId,
    /// The text.
    pub content: String,
    /// Its vector; empty if the embedder knew none of the words.
    pub embedding: Embedding,
    /// What kind of experience it is.
    pub experience_type: ExperienceType,
    /// How much it matters, 0 to 1.
    pub importance: f32,
    /// How sure the agent is, 0 to 1.
    pub confidence: f32,
    /// How many times it was reinforced.
    pub applications: u32,
    /// The domains it belongs to.
    pub domain: Vec<String>,
    /// Free key-value pairs.
    pub tags: BTreeMap<String, String>,
    /// Paths of files it is about.
    pub related_files: Vec<String>,
    /// Who recorded it.
    pub source_agent: AgentId,
    /// In which task, session or conversation.
    pub source_task: Option<TaskId>,
    /// When it happened.
    pub timestamp: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was last reinforced; if never, when it was recorded.
    pub last_reinforced: Timestamp,
    /// Whether it is archived: kept, but left out of searches unless they ask for archived ones.
    pub archived: bool,
    /// Whether another experience takes its place (a relation of the type
    /// [`Supersedes`](crate::RelationType::Supersedes) has it as its target): kept, but left out of searches unless they ask
    /// for superseded ones.
    pub superseded: bool,
    /// The name that it can be found and replaced by, unique in its collective.
    pub key: Option<String>,
    /// From then on it is hidden from every call but [`get_experience`](crate::PulseDB::get_experience).
    pub expires_at: Option<Timestamp>,
    /// The sequence number of its last change.
    pub sequence: Seq,
}

impl Experience {
    /// How many times it was reinforced.
    pub fn applications(&self) -> u32 {
        self.applications
    }

    /// Whether it is hidden at this moment because it has expired.
    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// What is recorded. Only `content` has no useful default.
///
/// ```
/// use pulsedb::NewExperience;
/// let new = NewExperience { content: "tests need --test-threads=1".into(), ..Default::default() };
/// assert_eq!(new.importance, 0.5);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NewExperience {
    /// Where it goes. Nil means the `default_collective` of the `Config`, else one named "default".
    pub collective_id: CollectiveId,
    /// The text, 1 to 102 400 bytes.
    pub content: String,
    /// Its vector. Required with external embeddings; otherwise the embedder makes one if this is `None`.
    pub embedding: Option<Embedding>,
    /// What kind of experience it is.
    pub experience_type: ExperienceType,
    /// How much it matters, 0 to 1.
    pub importance: f32,
    /// How sure the agent is, 0 to 1.
    pub confidence: f32,
    /// The domains it belongs to: at most 50, of at most 100 bytes each.
    pub domain: Vec<String>,
    /// Free key-value pairs: at most 50, with keys of at most 100 bytes and values of at most 200.
    pub tags: BTreeMap<String, String>,
    /// Paths of files it is about: at most 100, of at most 500 bytes each.
    pub related_files: Vec<String>,
    /// Who records it, 1 to 256 bytes.
    pub source_agent: AgentId,
    /// In which task, session or conversation, at most 256 bytes.
    pub source_task: Option<TaskId>,
    /// When it happened; now if `None`.
    pub timestamp: Option<Timestamp>,
    /// What becomes of it if its content is there already.
    pub duplicate: DuplicatePolicy,
    /// A name for it, 1 to 400 bytes, unique in the collective. Where an experience has it already, that one is replaced
    /// by this one and keeps its id and its `applications`; an archived one is unarchived. A superseded one is not replaced
    /// but gives the key up.
    pub key: Option<String>,
    /// From then on it is hidden from every call but [`get_experience`](crate::PulseDB::get_experience), and removed by
    /// later commits, which log its deletion. Until then it counts in the statistics by which words are weighed.
    pub expires_at: Option<Timestamp>,
}

/// What becomes of a new experience whose content an experience of the collective has already, byte for byte. Archived,
/// superseded and expired ones do not count; and where the new one has a key, only the one that has this key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DuplicatePolicy {
    /// It is recorded beside the other.
    #[default]
    Keep,
    /// The other is reinforced and its id returned: it gets the tags and domains that it lacks, and keeps the greater
    /// importance and confidence. Nothing else of the new one is kept.
    Reinforce,
    /// It is refused.
    Refuse,
}

impl Default for NewExperience {
    fn default() -> Self {
        Self {
            collective_id: CollectiveId::nil(),
            content: String::new(),
            embedding: None,
            experience_type: ExperienceType::default(),
            importance: 0.5,
            confidence: 0.5,
            domain: Vec::new(),
            tags: BTreeMap::new(),
            related_files: Vec::new(),
            source_agent: AgentId::new("anonymous"),
            source_task: None,
            timestamp: None,
            duplicate: DuplicatePolicy::Keep,
            key: None,
            expires_at: None,
        }
    }
}

/// A change of an experience; what is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExperienceUpdate {
    /// The new text. It is embedded again; with external embeddings `embedding` must be given too.
    pub content: Option<String>,
    /// The new vector.
    pub embedding: Option<Embedding>,
    /// The new importance, 0 to 1.
    pub importance: Option<f32>,
    /// The new confidence, 0 to 1.
    pub confidence: Option<f32>,
    /// The new domains, replacing all.
    pub domain: Option<Vec<String>>,
    /// The new tags, replacing all.
    pub tags: Option<BTreeMap<String, String>>,
    /// The new related files, replacing all.
    pub related_files: Option<Vec<String>>,
    /// The new type.
    pub experience_type: Option<ExperienceType>,
}

/// A change of the key and the end of an experience; what is `None` stays as it is, and `Some(None)` takes it away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TermsUpdate {
    /// The new key. One that another experience has is refused, unless that one is superseded: then it gives the key up.
    pub key: Option<Option<String>>,
    /// The new end.
    pub expires_at: Option<Option<Timestamp>>,
}

/// The energy of an experience at `now`, 0 to 1: it fades with time, and more slowly the more the experience is used.
///
/// `importance * (1 + freq_weight * ln(1 + applications)) * exp(-ln 2 * age / half_life)`, clamped to 0..=1,
/// where `age` is the time since `last_reinforced` (zero if that is in the future). The exponential half-life is that of
/// Ebbinghaus's forgetting curve, as spaced-repetition models use it (Settles and Meeder, ACL 2016, section 3).
///
/// ```
/// use pulsedb::{DecayConfig, Timestamp, energy};
/// let decay = DecayConfig::default();
/// let half_life_ms = decay.half_life.as_millis() as i64;
/// let now = Timestamp::from_millis(half_life_ms);
/// assert!((energy(0.8, 0, Timestamp::from_millis(0), now, &decay) - 0.4).abs() < 1e-6);
/// ```
pub fn energy(
    importance: f32,
    applications: u32,
    last_reinforced: Timestamp,
    now: Timestamp,
    decay: &DecayConfig,
) -> f32 {
    let age_s = now.since(last_reinforced).as_secs_f64();
    let half_life_s = decay.half_life.as_secs_f64();
    // Nothing fades at age zero, whatever the half-life.
    let half_lives = if age_s == 0.0 { 0.0 } else { age_s / half_life_s };
    let fading = (-std::f64::consts::LN_2 * half_lives).exp();
    let use_boost = 1.0 + f64::from(decay.freq_weight) * f64::from(applications).ln_1p();
    (f64::from(importance) * use_boost * fading).clamp(0.0, 1.0) as f32
}
