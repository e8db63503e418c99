//! An experience as JSON: what `--json` and `export` write, and what a line of `import` may hold.

use std::collections::BTreeMap;

use pulsedb::{Experience, ExperienceId, ExperienceType, Explain, Signal, Timestamp};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize, Serializer};

use crate::time;
use crate::time::reading;

/// What a score is made of, written.
#[derive(Debug, Serialize)]
pub(crate) struct ExplainJson {
    lexical: Option<SignalJson>,
    vector: Option<SignalJson>,
    late: Option<SignalJson>,
    fused: f32,
    session: f32,
    window: f32,
    question: f32,
    agent: f32,
    energy: Option<f32>,
}

#[derive(Debug, Serialize)]
struct SignalJson {
    raw: f32,
    share: f32,
}

impl ExplainJson {
    pub(crate) fn new(parts: &Explain) -> Self {
        let signal = |signal: Option<Signal>| signal.map(|Signal { raw, share }| SignalJson { raw, share });
        Self {
            lexical: signal(parts.lexical),
            vector: signal(parts.vector),
            late: signal(parts.late),
            fused: parts.fused,
            session: parts.session,
            window: parts.window,
            question: parts.question,
            agent: parts.agent,
            energy: parts.energy,
        }
    }
}

/// An experience, written.
#[derive(Debug, Serialize)]
pub(crate) struct ExperienceJson<'a> {
    id: ExperienceId,
    collective: &'a str,
    content: &'a str,
    #[serde(rename = "type")]
    experience_type: &'a ExperienceType,
    importance: f32,
    confidence: f32,
    domain: &'a [String],
    tags: &'a BTreeMap<String, String>,
    related_files: &'a [String],
    agent: &'a str,
    task: Option<&'a str>,
    timestamp: Moment,
    updated_at: Moment,
    last_reinforced: Moment,
    applications: u32,
    archived: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    superseded: bool,
    key: Option<&'a str>,
    expires_at: Option<Moment>,
    sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding: Option<&'a [f32]>,
}

impl<'a> ExperienceJson<'a> {
    /// The experience of a collective; with its vector only if asked for, because it is most of the bytes.
    pub(crate) fn new(experience: &'a Experience, collective: &'a str, embedding: bool) -> Self {
        Self {
            id: experience.id,
            collective,
            content: &experience.content,
            experience_type: &experience.experience_type,
            importance: experience.importance,
            confidence: experience.confidence,
            domain: &experience.domain,
            tags: &experience.tags,
            related_files: &experience.related_files,
            agent: experience.source_agent.as_str(),
            task: experience.source_task.as_ref().map(pulsedb::TaskId::as_str),
            timestamp: Moment(experience.timestamp),
            updated_at: Moment(experience.updated_at),
            last_reinforced: Moment(experience.last_reinforced),
            applications: experience.applications,
            archived: experience.archived,
            superseded: experience.superseded,
            key: experience.key.as_deref(),
            expires_at: experience.expires_at.map(Moment),
            sequence: experience.sequence,
            embedding: embedding.then_some(&experience.embedding),
        }
    }
}

/// An experience, read. Keys that are not listed here are refused, so that a misspelt one is not lost.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExperienceLine {
    pub(crate) content: String,
    #[serde(rename = "type")]
    pub(crate) experience_type: Option<ExperienceType>,
    pub(crate) importance: Option<f32>,
    pub(crate) confidence: Option<f32>,
    pub(crate) domain: Option<Vec<String>>,
    pub(crate) tags: Option<BTreeMap<String, String>>,
    pub(crate) related_files: Option<Vec<String>>,
    pub(crate) agent: Option<String>,
    pub(crate) task: Option<String>,
    pub(crate) timestamp: Option<TimeValue>,
    pub(crate) embedding: Option<Vec<f32>>,
    pub(crate) archived: Option<bool>,
    pub(crate) key: Option<String>,
    pub(crate) expires_at: Option<TimeValue>,
    /// Tells a record that is already here; a new record gets a new one, unless it keeps this one.
    pub(crate) id: Option<ExperienceId>,
    // It follows from the relations.
    #[serde(rename = "superseded")]
    _superseded: Option<IgnoredAny>,
    // Written by `export`; a record that gets a new id has its own.
    pub(crate) updated_at: Option<TimeValue>,
    pub(crate) last_reinforced: Option<TimeValue>,
    pub(crate) applications: Option<u32>,
    #[serde(rename = "collective")]
    _collective: Option<IgnoredAny>,
    sequence: Option<IgnoredAny>,
}

impl ExperienceLine {
    /// Whether `export` wrote the line: nothing else has a reason to give a sequence.
    pub(crate) fn is_exported(&self) -> bool {
        self.sequence.is_some()
    }
}

/// A moment, written: RFC 3339 where the calendar holds it, else milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match time::rfc_3339(self.0) {
            Some(text) => serializer.serialize_str(&text),
            None => serializer.serialize_i64(self.0.as_millis()),
        }
    }
}

/// A moment, read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a time as a text, or a number since 1970")]
pub(crate) enum TimeValue {
    Whole(i64),
    Number(f64),
    Text(String),
}

impl TimeValue {
    /// The moment; whole numbers of an exported line are milliseconds, others are in the unit that their size shows.
    pub(crate) fn moment(&self, is_exported: bool) -> Result<Timestamp, String> {
        match self {
            Self::Whole(millis) if is_exported => Ok(Timestamp::from_millis(*millis)),
            Self::Whole(number) => reading::of_number(*number as f64),
            Self::Number(number) => reading::of_number(*number),
            Self::Text(text) => reading::moment(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_beyond_rfc_3339_are_numbers() {
        for millis in [0, 1_735_689_600_123, -1, i64::MAX, i64::MIN] {
            let moment = Timestamp::from_millis(millis);
            let text = serde_json::to_string(&Moment(moment)).unwrap();
            let read: TimeValue = serde_json::from_str(&text).unwrap();
            assert_eq!(read.moment(true), Ok(moment), "{text}");
        }
        assert!(serde_json::from_str::<TimeValue>("[1]").is_err());
        assert!(serde_json::from_str::<TimeValue>("\"soon\"").unwrap().moment(true).is_err());
    }

    #[test]
    fn misspelt_key_is_refused_and_the_right_ones_are_named() {
        let error = serde_json::from_str::<ExperienceLine>(r#"{"content":"x","importence":1}"#).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("importence") && message.contains("`importance`"), "{message}");
    }

    #[test]
    fn every_key_may_be_null_but_the_content() {
        let nulls = r#"{"content":"x","type":null,"tags":null,"domain":null,"timestamp":null,"id":null}"#;
        assert!(serde_json::from_str::<ExperienceLine>(nulls).is_ok());
        assert!(serde_json::from_str::<ExperienceLine>(r#"{"content":null}"#).is_err());
    }
}
