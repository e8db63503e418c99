//! Exports of Discord: the data package of an account, and the JSON of `DiscordChatExporter`.

use std::path::Path;

use serde_json::Value;

use crate::import::chat::messages::Context;
use crate::import::chat::transcript::{Place, Transcript, Turn};
use crate::import::chat::value::{Object, inner, is_true, moment, objects, string, text, time};
use crate::report::Omission;

/// Types of messages by which somebody speaks; the others tell what happened in the channel.
const SPOKEN: &[&str] = &[
    "",
    "Default",
    "Reply",
    "ThreadStarterMessage",
    "ChatInputCommand",
    "ContextMenuCommand",
    "0",
    "19",
    "20",
    "21",
    "23",
];
/// Who speaks in a data package: it holds the messages of its owner only.
const OWNER: &str = "me";

/// A file of `DiscordChatExporter`.
pub(super) fn is_export(object: &Object) -> bool {
    inner(object, "channel").is_some()
        && object.contains_key("guild")
        && object.get("messages").is_some_and(Value::is_array)
}

pub(super) fn export(object: &Object, place: Place<'_>, transcript: &mut Transcript) {
    let channel = inner(object, "channel");
    let context = Context {
        conversation: channel.and_then(|it| string(it, &["id"])).map(|id| format!("discord/{id}")),
        title: channel.and_then(|it| string(it, &["name"])),
        began: Ok(None),
    };
    let messages = object.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for (index, message) in messages.iter().enumerate() {
        match message.as_object().filter(|message| message.contains_key("content")) {
            Some(message) => take(message, &context, place, transcript),
            None => {
                transcript.fail(place.line, format!("element {} of `messages` has no `content`", index + 1));
            }
        }
    }
    let counted = object.get("messageCount").and_then(Value::as_u64);
    if let Some(count) = counted.filter(|count| *count != messages.len() as u64) {
        let there = messages.len();
        transcript.fail(place.line, format!("the export is not whole: it has {there} of {count} messages"));
    }
}

fn take(message: &Object, context: &Context, place: Place<'_>, transcript: &mut Transcript) {
    if !SPOKEN.contains(&text(message, "type")) {
        return transcript.leave_out(Omission::Service);
    }
    let forwarded = inner(message, "forwardedMessage").map(|it| text(it, "content")).unwrap_or_default();
    let said: Vec<&str> =
        [text(message, "content"), forwarded].into_iter().filter(|it| !it.is_empty()).collect();
    if said.is_empty() {
        return transcript.leave_out(Omission::Wordless);
    }
    let author = inner(message, "author");
    let mut speaker = author.and_then(|it| string(it, &["nickname", "name", "id"])).unwrap_or_default();
    if author.is_some_and(|it| is_true(it, "isBot")) {
        speaker.push_str(" (bot)");
    }
    let turn = Turn {
        speaker,
        text: said.join("\n\n"),
        conversation: context.conversation.clone(),
        title: context.title.clone(),
        line: place.line,
        files: objects(message, "attachments").filter_map(|it| string(it, &["fileName"])).collect(),
        ..Turn::default()
    };
    transcript.take(turn, time(message));
}

/// A message of a data package.
pub(super) fn is_packaged(object: &Object) -> bool {
    ["ID", "Timestamp", "Contents"].iter().all(|key| object.contains_key(*key))
}

/// Takes the messages of a channel of a data package.
pub(super) fn package(messages: &[Value], place: Place<'_>, transcript: &mut Transcript) {
    let channel = place.path.and_then(Path::parent).and_then(Path::file_name);
    let channel = channel.map(|name| format!("discord/{}", name.to_string_lossy()));
    for (index, message) in messages.iter().enumerate() {
        let Some(message) = message.as_object().filter(|message| is_packaged(message)) else {
            transcript.fail(place.line, format!("element {} is not a message of Discord", index + 1));
            continue;
        };
        let said = text(message, "Contents");
        if said.is_empty() {
            transcript.leave_out(Omission::Wordless);
            continue;
        }
        let turn = Turn {
            speaker: OWNER.to_owned(),
            text: said.to_owned(),
            conversation: channel.clone(),
            line: place.line,
            ..Turn::default()
        };
        transcript.take(turn, moment(message.get("Timestamp")));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn file_of_the_exporter_is_read_in_full_or_named() {
        let value = json!({"guild": {"id": "1"}, "channel": {"id": "2", "name": "pumps"}, "messageCount": 5, "messages": [
            {"id": "3", "type": "Default", "timestamp": "2026-01-05T10:00:00.5+00:00", "content": "it leaks",
             "author": {"name": "ada", "nickname": "Ada", "isBot": false}, "attachments": [{"fileName": "a.png"}]},
            {"id": "4", "type": "RecipientAdd", "timestamp": "2026-01-05T10:00:00Z", "content": "Added Bob."},
            {"id": "5", "type": "Reply", "timestamp": "2026-01-05T10:00:01Z", "content": "", "embeds": [{}]},
            {"id": "6"}]});
        let mut transcript = Transcript::default();
        assert!(is_export(value.as_object().unwrap()));
        export(value.as_object().unwrap(), Place { path: None, line: 0 }, &mut transcript);
        let turn = &transcript.turns[0];
        assert_eq!(
            (turn.speaker.as_str(), turn.text.as_str(), transcript.turns.len()),
            ("Ada", "it leaks", 1)
        );
        assert_eq!(turn.timestamp.unwrap().as_millis(), 1_767_607_200_500);
        assert_eq!(
            (transcript.left_out.0[&Omission::Service], transcript.left_out.0[&Omission::Wordless]),
            (1, 1)
        );
        assert_eq!(transcript.flaws.len(), 2);
        assert!(transcript.flaws[1].reason.contains("4 of 5"));
    }

    #[test]
    fn data_package_is_read() {
        let value = json!([{"ID": 1, "Timestamp": "2026-01-05 10:00:00", "Contents": "mine", "Attachments": ""},
            {"ID": 2, "Timestamp": "2026-01-05 10:00:00", "Contents": "", "Attachments": "https://x"}, {"ID": 3}]);
        let mut transcript = Transcript::default();
        let path = Path::new("/x/messages/c12/messages.json");
        package(value.as_array().unwrap(), Place { path: Some(path), line: 0 }, &mut transcript);
        assert_eq!((transcript.turns.len(), transcript.flaws.len()), (1, 1));
        assert_eq!(transcript.turns[0].conversation.as_deref(), Some("discord/c12"));
    }
}
