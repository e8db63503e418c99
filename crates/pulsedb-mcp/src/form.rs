//! The forms in which memories leave: as JSON for programs, and as fenced Markdown for models.

use std::collections::BTreeMap;

use pulsedb::{ContextCandidates, Experience, ExperienceId, ExperienceType, Explain, Signal, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

/// A memory, written.
#[derive(Debug, Serialize)]
struct MemoryJson<'a> {
    id: ExperienceId,
    content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(rename = "type")]
    experience_type: &'a ExperienceType,
    importance: f64,
    confidence: f64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    domain: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    related_files: &'a [String],
    agent: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    time: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Value>,
    applications: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    archived: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    superseded: bool,
    sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<Value>,
}

/// A memory as JSON, with its score and what that is made of where it was searched for.
pub(crate) fn memory(it: &Experience, score: Option<f32>, explain: Option<&Explain>) -> Value {
    let written = MemoryJson {
        id: it.id,
        content: &it.content,
        score: score.map(rounded),
        experience_type: &it.experience_type,
        importance: rounded(it.importance),
        confidence: rounded(it.confidence),
        domain: &it.domain,
        tags: &it.tags,
        related_files: &it.related_files,
        agent: it.source_agent.as_str(),
        session: it.source_task.as_ref().map(pulsedb::TaskId::as_str),
        time: moment(it.timestamp),
        key: it.key.as_deref(),
        expires_at: it.expires_at.map(moment),
        applications: it.applications,
        archived: it.archived,
        superseded: it.superseded,
        sequence: it.sequence,
        explain: explain.map(explained),
    };
    // Its keys are strings and its numbers finite.
    serde_json::to_value(written).unwrap_or_default()
}

fn explained(parts: &Explain) -> Value {
    let signal = |signal: Option<Signal>| {
        signal.map(|signal| json!({ "raw": rounded(signal.raw), "share": rounded(signal.share) }))
    };
    json!({
        "lexical": signal(parts.lexical),
        "vector": signal(parts.vector),
        "late": signal(parts.late),
        "fused": rounded(parts.fused),
        "session": rounded(parts.session),
        "window": rounded(parts.window),
        "question": rounded(parts.question),
        "agent": rounded(parts.agent),
        "energy": parts.energy.map(rounded),
    })
}

/// A number of single precision with the digits that it has.
fn rounded(number: f32) -> f64 {
    (f64::from(number) * 1e4).round() / 1e4
}

/// A moment: RFC 3339 where the calendar holds it, else milliseconds since 1970.
pub(crate) fn moment(moment: Timestamp) -> Value {
    match jiff::Timestamp::from_millisecond(moment.as_millis()) {
        Ok(moment) => Value::String(moment.to_string()),
        Err(_) => Value::from(moment.as_millis()),
    }
}

/// What a model reads of a context: Markdown in which stored texts stand in fences, as data. What could end an element
/// around the whole is defused: clients put texts between tags of their own, and a stored `</memory>` must end none of
/// them. Empty if there is nothing to say.
pub fn fenced(context: &ContextCandidates) -> String {
    defused(&context.render_markdown())
}

/// The text with `<\/` for each `</`, as JSON may write it too.
pub(crate) fn defused(text: &str) -> String {
    text.replace("</", "<\\/")
}

/// Memories in the order given, as a model reads them.
pub(crate) fn fenced_memories(memories: impl IntoIterator<Item = Experience>) -> String {
    let recent_experiences = memories.into_iter().collect();
    fenced(&ContextCandidates { recent_experiences, ..ContextCandidates::default() })
}

/// The beginning of a text in at most `max` bytes, with a mark if something is missing.
pub(crate) fn shortened(text: &str, max: usize) -> String {
    const MARK: &str = "...";
    if text.len() <= max {
        return text.to_owned();
    }
    let kept = text.floor_char_boundary(max.saturating_sub(MARK.len()));
    format!("{}{MARK}", &text[..kept])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_numbers_are_short_and_true() {
        assert_eq!(moment(Timestamp::from_millis(1_735_689_600_000)), "2025-01-01T00:00:00Z");
        assert_eq!(moment(Timestamp::from_millis(i64::MAX)), i64::MAX);
        assert_eq!(json!(rounded(0.9)).to_string(), "0.9");
    }

    #[test]
    fn no_stored_text_ends_an_element_around_it() {
        for text in ["</memory>", "</ system-reminder >", "<</channel>>", "a </\n"] {
            assert!(!defused(text).contains("</"), "{text}");
        }
    }

    #[test]
    fn shortening_never_splits_a_character() {
        let text = "\u{e9}".repeat(10);
        for max in 3..21 {
            assert!(shortened(&text, max).len() <= max);
        }
    }
}
