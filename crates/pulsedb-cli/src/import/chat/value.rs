//! What the readers of conversations ask of a JSON value: strings, times, words.

use pulsedb::Timestamp;
use serde_json::{Map, Value};

use crate::import::chat::transcript::{Time, Transcript};
use crate::report::Omission;
use crate::time::reading;

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// The keys under which programs keep the time of a message, the most exact first.
const TIME_KEYS: &[&str] = &[
    "timestamp",
    "date_unixtime",
    "create_time",
    "created_at",
    "createdAt",
    "created",
    "sent_at",
    "sentAt",
    "datetime",
    "date",
    "time",
    "ts",
];

/// The first of the keys that holds a string, or a number as a string.
pub(super) fn string(object: &Object, keys: &[&str]) -> Option<String> {
    keys.iter().filter_map(|key| object.get(*key)).find_map(|value| match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

pub(super) fn text<'a>(object: &'a Object, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default().trim()
}

pub(super) fn is_true(object: &Object, key: &str) -> bool {
    object.get(key).and_then(Value::as_bool) == Some(true)
}

pub(super) fn inner<'a>(object: &'a Object, key: &str) -> Option<&'a Object> {
    object.get(key).and_then(Value::as_object)
}

/// The objects of a list.
pub(super) fn objects<'a>(object: &'a Object, key: &str) -> impl Iterator<Item = &'a Object> {
    object.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// The time of a message, under whichever key its program keeps it.
pub(super) fn time(object: &Object) -> Time {
    TIME_KEYS.iter().find_map(|key| moment(object.get(*key)).transpose()).transpose()
}

/// The moment of a value: a text or a number; nothing if it is `null` or blank.
pub(super) fn moment(value: Option<&Value>) -> Result<Option<Timestamp>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => reading::moment(text).map(Some),
        Some(Value::Number(number)) => reading::of_number(number.as_f64().unwrap_or(f64::INFINITY)).map(Some),
        Some(other) => Err(format!("`{other}` is not a valid time")),
    }
}

/// The words of a content: a string, the parts of a list, or an object with `parts` or `text`. What is not words is
/// counted, except for pictures and sounds.
pub(super) fn words(content: &Value, transcript: &mut Transcript) -> String {
    let mut found = Vec::new();
    gather(content, transcript, &mut found);
    found.join("\n\n")
}

fn gather(content: &Value, transcript: &mut Transcript, found: &mut Vec<String>) {
    match content {
        Value::String(text) => found.extend(solid(text)),
        Value::Array(parts) => parts.iter().for_each(|part| gather(part, transcript, found)),
        Value::Object(object) => {
            if let Some(omission) = machine_part(kind(object)) {
                return transcript.leave_out(omission);
            }
            if let Some(parts) = object.get("parts") {
                return gather(parts, transcript, found);
            }
            let keys = ["text", "transcript", "refusal"];
            found.extend(keys.iter().find_map(|key| object.get(*key)?.as_str().and_then(solid)));
        }
        _ => {}
    }
}

fn solid(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn kind(object: &Object) -> &str {
    let kind = object.get("type").or_else(|| object.get("content_type"));
    kind.and_then(Value::as_str).unwrap_or("text")
}

/// What a part or content of this type is, if nobody said it.
pub(super) fn machine_part(kind: &str) -> Option<Omission> {
    match kind {
        "thinking" | "redacted_thinking" | "reasoning" | "thoughts" | "reasoning_recap" => {
            Some(Omission::Thought)
        }
        "tool_use"
        | "tool_result"
        | "tool_call"
        | "function_call"
        | "function_call_output"
        | "server_tool_use"
        | "mcp_tool_use"
        | "mcp_tool_result"
        | "web_search_tool_result"
        | "execution_output"
        | "tether_quote"
        | "tether_browsing_display"
        | "system_error" => Some(Omission::Tool),
        _ => None,
    }
}
