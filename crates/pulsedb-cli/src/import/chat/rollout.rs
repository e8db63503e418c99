//! Sessions of Codex: one entry a line, of which the messages of the person and the model are turns.

use std::path::Path;

use serde_json::Value;

use crate::import::chat::transcript::{Place, Transcript, Turn};
use crate::import::chat::value::{Object, inner, machine_part, objects, string, text, time, words};
use crate::report::Omission;

/// Where the program says what the parts of a message are, and in which turn it was.
const ABOUT: &str = "internal_chat_message_metadata_passthrough";
/// How the kinds of those parts begin that the person wrote.
const OF_PERSON: &str = "user.";
/// How messages begin that the program writes in the name of the person, where it does not say so.
const MACHINE_STARTS: &[&str] = &[
    "<environment_context>",
    "<user_instructions>",
    "<turn_aborted>",
    "<skill>",
    "# AGENTS.md instructions for",
];
/// Characters of the id of a session, with which the name of its file ends.
const ID_BYTES: usize = 36;

pub(super) fn is_entry(object: &Object) -> bool {
    let has_text = |key: &str| object.get(key).is_some_and(Value::is_string);
    has_text("type") && has_text("timestamp") && inner(object, "payload").is_some()
}

/// Takes the turn of an entry. A message is known by its turn, its id and its words: copies of it in a session that goes on
/// with another one, or in a fork, are the same turn.
pub(super) fn entry(object: &Object, place: Place<'_>, transcript: &mut Transcript) {
    let Some(payload) = inner(object, "payload") else { return transcript.leave_out(Omission::Service) };
    let omission = match (text(object, "type"), text(payload, "type"), text(payload, "role")) {
        ("response_item", "message", "user") if is_of_machine(payload) => Omission::Hidden,
        ("response_item", "message", "user" | "assistant") => {
            return message(object, payload, place, transcript);
        }
        ("response_item", "message", _) => Omission::Hidden,
        ("response_item", kind, _) => machine_part(kind).unwrap_or(Omission::Tool),
        ("compacted", ..) => Omission::Compaction,
        _ => Omission::Service,
    };
    transcript.leave_out(omission);
}

fn message(object: &Object, payload: &Object, place: Place<'_>, transcript: &mut Transcript) {
    let said = words(payload.get("content").unwrap_or(&Value::Null), transcript);
    if said.is_empty() {
        return transcript.leave_out(Omission::Wordless);
    }
    let turn = inner(payload, ABOUT).and_then(|about| string(about, &["turn_id"]));
    // Not every server gives each of its messages an id of its own.
    let id = turn.map(|turn| format!("{turn}/{}/{said}", text(payload, "id")));
    let turn = Turn {
        speaker: text(payload, "role").to_owned(),
        conversation: place.path.and_then(session_of),
        line: place.line,
        id,
        text: said,
        ..Turn::default()
    };
    transcript.take(turn, time(object));
}

fn is_of_machine(payload: &Object) -> bool {
    let kinds =
        inner(payload, ABOUT).and_then(|about| about.get("content_item_kinds")).and_then(Value::as_array);
    if let Some(kinds) = kinds {
        return !kinds.iter().any(|kind| kind.as_str().is_some_and(|it| it.starts_with(OF_PERSON)));
    }
    let first = objects(payload, "content").next().map(|part| text(part, "text")).unwrap_or_default();
    MACHINE_STARTS.iter().any(|start| first.starts_with(start))
}

/// The session that a file is of: `rollout-TIME-ID.jsonl`.
fn session_of(path: &Path) -> Option<String> {
    let name = path.file_stem()?.to_str()?;
    let id = name.get(name.len().checked_sub(ID_BYTES)?..)?;
    (name.starts_with("rollout-") && id.split('-').count() == 5).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FILE: &str = "rollout-2026-01-02T03-04-05-01a22372-ce3b-7200-8512-4e271b56874a.jsonl";

    fn read(entries: &[Value]) -> Transcript {
        let mut transcript = Transcript::default();
        for (line, value) in (1..).zip(entries) {
            let place = Place { path: Some(Path::new(FILE)), line };
            assert!(is_entry(value.as_object().unwrap()), "{value}");
            entry(value.as_object().unwrap(), place, &mut transcript);
        }
        transcript
    }

    fn item(payload: &Value) -> Value {
        json!({ "timestamp": "2026-01-02T03:04:05.678Z", "type": "response_item", "payload": payload })
    }

    fn said(role: &str, text: &str, about: &Value) -> Value {
        item(&json!({ "type": "message", "id": "m1", "role": role, ABOUT: about,
            "content": [{ "type": "input_text", "text": text }] }))
    }

    #[test]
    fn words_of_person_and_model_are_turns() {
        let kinds = |kind: &str| json!({ "turn_id": "t1", "content_item_kinds": [kind] });
        let transcript = read(&[
            json!({ "timestamp": "2026-01-02T03:04:05Z", "type": "session_meta", "payload": { "id": "s" } }),
            said("developer", "memories", &kinds("hooks.additional_context")),
            said(
                "user",
                "<environment_context>x</environment_context>",
                &kinds("environments.environment_context"),
            ),
            said("user", "open the valve", &kinds("user.text")),
            item(&json!({ "type": "reasoning", "summary": [] })),
            item(&json!({ "type": "function_call", "name": "shell", "arguments": "{}" })),
            said("assistant", "It is open", &kinds("unknown")),
            said("assistant", "", &kinds("unknown")),
            json!({ "timestamp": "2026-01-02T03:04:05Z", "type": "compacted", "payload": { "message": "x" } }),
        ]);
        let turns: Vec<_> =
            transcript.turns.iter().map(|it| (it.speaker.as_str(), it.text.as_str())).collect();
        assert_eq!(turns, [("user", "open the valve"), ("assistant", "It is open")]);
        assert_eq!(transcript.turns[0].conversation.as_deref(), Some("01a22372-ce3b-7200-8512-4e271b56874a"));
        assert_eq!(transcript.turns[0].timestamp.unwrap().as_millis(), 1_767_323_045_678);
        assert_ne!(transcript.turns[0].id, transcript.turns[1].id);
        assert!(transcript.flaws.is_empty());
    }

    #[test]
    fn older_sessions_say_less_of_their_messages() {
        let transcript = read(&[
            said("user", "# AGENTS.md instructions for /w\n\nBe brief", &Value::Null),
            said("user", "<user_instructions>Be brief</user_instructions>", &Value::Null),
            said("user", "close it", &Value::Null),
        ]);
        assert_eq!(transcript.turns.len(), 1);
        assert_eq!((transcript.turns[0].text.as_str(), &transcript.turns[0].id), ("close it", &None));
        assert_eq!(session_of(Path::new("notes.jsonl")), None);
        assert_eq!(
            session_of(Path::new(
                "rollout-\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}.jsonl"
            )),
            None
        );
    }
}
