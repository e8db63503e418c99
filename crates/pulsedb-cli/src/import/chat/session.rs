//! Sessions of Claude Code: one entry a line, of which the messages of the person and the model are turns.

use serde_json::Value;

use crate::import::chat::transcript::{Place, Transcript, Turn};
use crate::import::chat::value::{Object, inner, is_true, string, text, time, words};
use crate::report::Omission;

/// The tag of a turn between the model and one of its sub-agents.
const SUBAGENT_TAG: &str = "subagent";
/// Keys of which an entry has at least one.
const ENTRY_KEYS: &[&str] = &["sessionId", "leafUuid", "parentUuid", "snapshot"];
/// What the program writes into a message of the person; the words that the person gave with it stand in some.
const MACHINE_ELEMENTS: &[&str] = &[
    "command-name",
    "command-message",
    "command-args",
    "command-contents",
    "local-command-stdout",
    "local-command-stderr",
    "local-command-caveat",
    "bash-input",
    "bash-stdout",
    "bash-stderr",
    "system-reminder",
    "task-notification",
    "user-prompt-submit-hook",
    "ide_opened_file",
    "ide_selection",
];
/// The element of the words behind a command.
const ARGUMENTS: &str = "command-args";
/// How elements of the program begin, should one of them be torn.
const MACHINE_STARTS: &[&str] = &["<command-", "<local-command-"];
/// What the program writes when the person stops the model.
const INTERRUPTED: &str = "[Request interrupted by user";
/// The model that the program names for words of its own.
const SYNTHETIC: &str = "<synthetic>";

pub(super) fn is_entry(object: &Object) -> bool {
    object.get("type").is_some_and(Value::is_string) && ENTRY_KEYS.iter().any(|key| object.contains_key(*key))
}

/// Takes the turn of an entry. An entry is known by its `uuid`: copies of it in the same session, in one that goes on
/// with it and in forks are the same turn.
pub(super) fn entry(object: &Object, place: Place<'_>, transcript: &mut Transcript) {
    let message = match text(object, "type") {
        "user" | "assistant" => inner(object, "message"),
        "attachment" => inner(object, "attachment").filter(|it| text(it, "type") == "queued_command"),
        _ => None,
    };
    let Some(message) = message else { return transcript.leave_out(Omission::Service) };
    let omission = if is_true(object, "isCompactSummary") || is_true(object, "isVisibleInTranscriptOnly") {
        Some(Omission::Compaction)
    } else if is_true(object, "isMeta") {
        Some(Omission::Hidden)
    } else if is_true(object, "isApiErrorMessage") || text(message, "model") == SYNTHETIC {
        Some(Omission::Service)
    } else {
        None
    };
    if let Some(omission) = omission {
        return transcript.leave_out(omission);
    }
    let role = string(message, &["role"]).unwrap_or_else(|| "user".to_owned());
    let content = message.get("content").or_else(|| message.get("prompt")).unwrap_or(&Value::Null);
    let before = transcript.left_out.clone();
    let said = words(content, transcript);
    let said = if role == "user" { without_machine_elements(&said) } else { Some(said) };
    let Some(said) = said else { return transcript.leave_out(Omission::Command) };
    if said.is_empty() {
        // What it holds instead of words has been counted, or is a picture.
        if transcript.left_out == before {
            transcript.leave_out(Omission::Wordless);
        }
        return;
    }
    transcript.take(turn(object, &role, said, place), time(object));
}

fn turn(object: &Object, role: &str, text: String, place: Place<'_>) -> Turn {
    let session = string(object, &["sessionId"]);
    let subagent = is_true(object, "isSidechain").then(|| string(object, &["agentId"]));
    let (speaker, conversation, marks) = match subagent {
        None => (role.to_owned(), session, Vec::new()),
        Some(id) => {
            let id = id.unwrap_or_else(|| "unnamed".to_owned());
            let session = session.unwrap_or_default();
            (format!("subagent {role}"), Some(format!("{session}/subagent/{id}")), vec![(SUBAGENT_TAG, id)])
        }
    };
    Turn {
        speaker,
        text,
        conversation,
        line: place.line,
        id: string(object, &["uuid"]),
        marks,
        ..Turn::default()
    }
}

/// The words of a message without the elements that the program put at its beginning and end; `None` if nothing else
/// is in it. Words behind a command are the person's, unless it is one, which is a setting.
fn without_machine_elements(said: &str) -> Option<String> {
    let mut rest = said.trim();
    let mut arguments = None;
    let mut is_machine = rest.starts_with(INTERRUPTED);
    while let Some((name, inside, behind)) = element_at_start(rest) {
        is_machine = true;
        if name == ARGUMENTS && inside.split_whitespace().count() > 1 {
            arguments = Some(inside.trim());
        }
        rest = behind.trim_start();
    }
    while let Some(before) = element_at_end(rest) {
        is_machine = true;
        rest = before.trim_end();
    }
    is_machine |= MACHINE_STARTS.iter().any(|start| rest.starts_with(start));
    let is_machine_text =
        |text: &str| MACHINE_STARTS.iter().chain([&INTERRUPTED]).any(|start| text.starts_with(start));
    let rest = Some(rest).filter(|rest| !rest.is_empty() && !is_machine_text(rest));
    let kept: Vec<&str> = arguments.into_iter().chain(rest).collect();
    (!is_machine || !kept.is_empty()).then(|| kept.join("\n\n"))
}

fn element_at_start(text: &str) -> Option<(&'static str, &str, &str)> {
    MACHINE_ELEMENTS.iter().find_map(|name| {
        let inside = text.strip_prefix('<')?.strip_prefix(name)?.strip_prefix('>')?;
        let (inside, behind) = inside.split_once(&format!("</{name}>"))?;
        Some((*name, inside, behind))
    })
}

fn element_at_end(text: &str) -> Option<&str> {
    MACHINE_ELEMENTS.iter().find_map(|name| {
        let open = text.strip_suffix(&format!("</{name}>"))?;
        open.rfind(&format!("<{name}>")).map(|at| &open[..at])
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Transcript {
        let mut transcript = Transcript::default();
        assert!(is_entry(value.as_object().unwrap()));
        entry(value.as_object().unwrap(), Place { path: None, line: 1 }, &mut transcript);
        transcript
    }

    fn user(content: &Value) -> Value {
        json!({"type": "user", "sessionId": "s", "uuid": "u", "message": {"role": "user", "content": content}})
    }

    fn said(content: &str) -> Vec<String> {
        read(&user(&json!(content))).turns.into_iter().map(|turn| turn.text).collect()
    }

    #[test]
    fn words_of_the_program_are_left_out_and_those_of_the_person_stay() {
        assert_eq!(said("hello"), ["hello"]);
        assert_eq!(said("the tag <command-name> is odd"), ["the tag <command-name> is odd"]);
        assert!(said("<command-name>/model</command-name>\n<command-args></command-args>").is_empty());
        assert!(said("<command-name>/model</command-name>\n<command-args>large</command-args>").is_empty());
        assert_eq!(
            said("<command-name>/fix</command-name>\n<command-args>the pump stops</command-args>"),
            ["the pump stops"]
        );
        assert!(said("<local-command-stdout>ok</local-command-stdout>").is_empty());
        assert_eq!(
            said("<system-reminder>x</system-reminder>\nhello\n<system-reminder>y</system-reminder>"),
            ["hello"]
        );
        assert!(said("[Request interrupted by user]").is_empty());
        let left_out = read(&user(&json!("<bash-stdout>x</bash-stdout>"))).left_out;
        assert_eq!(left_out.0[&Omission::Command], 1);
    }

    #[test]
    fn parts_that_are_not_words_are_counted() {
        let parts = json!([{"type": "tool_result", "content": "noise"}]);
        assert_eq!(read(&user(&parts)).left_out.0[&Omission::Tool], 1);
        let picture = json!([{"type": "image", "source": {"data": "x"}}]);
        assert_eq!(read(&user(&picture)).left_out.0[&Omission::Wordless], 1);
        let both = json!([{"type": "image", "source": {"data": "x"}}, {"type": "text", "text": "see"}]);
        assert_eq!(read(&user(&both)).turns[0].text, "see");
        let mut summary = user(&json!("long ago"));
        summary["isCompactSummary"] = json!(true);
        assert_eq!(read(&summary).left_out.0[&Omission::Compaction], 1);
    }

    #[test]
    fn turns_of_a_subagent_are_set_apart() {
        let mut value = user(&json!("list the valves"));
        value["isSidechain"] = json!(true);
        value["agentId"] = json!("a1");
        let turn = read(&value).turns.remove(0);
        assert_eq!(
            (turn.speaker.as_str(), turn.conversation.as_deref()),
            ("subagent user", Some("s/subagent/a1"))
        );
        assert_eq!((turn.marks, turn.id.as_deref()), (vec![("subagent", "a1".to_owned())], Some("u")));
    }
}
