//! The export of Telegram Desktop, `result.json`: one chat, or all of them.

use serde_json::Value;

use crate::import::chat::messages::Context;
use crate::import::chat::transcript::{Place, Transcript, Turn};
use crate::import::chat::value::{Object, inner, objects, string, text, time};
use crate::report::Omission;

/// Lists of chats in the export of an account.
const LISTS: &[&str] = &["chats", "left_chats"];

pub(super) fn is_export(object: &Object) -> bool {
    is_account(object) || is_chat(object)
}

fn is_account(object: &Object) -> bool {
    LISTS
        .iter()
        .any(|key| inner(object, key).is_some_and(|chats| chats.get("list").is_some_and(Value::is_array)))
}

/// A chat: its messages say of what type they are and on what date they were sent.
fn is_chat(object: &Object) -> bool {
    let is_telegram = |message: &Object| {
        matches!(text(message, "type"), "message" | "service") && message.contains_key("date")
    };
    object.get("type").is_some_and(Value::is_string)
        && object.get("messages").is_some_and(Value::is_array)
        && objects(object, "messages").next().is_none_or(is_telegram)
}

pub(super) fn export(object: &Object, place: Place<'_>, transcript: &mut Transcript) {
    if !is_account(object) {
        return chat(object, place, transcript);
    }
    for list in LISTS.iter().filter_map(|key| inner(object, key)) {
        for item in list.get("list").and_then(Value::as_array).into_iter().flatten() {
            match item.as_object().filter(|item| item.get("messages").is_some_and(Value::is_array)) {
                Some(item) => chat(item, place, transcript),
                None => transcript.fail(place.line, "a chat of the Telegram export has no `messages`"),
            }
        }
    }
}

fn chat(object: &Object, place: Place<'_>, transcript: &mut Transcript) {
    let id = string(object, &["id"]).map(|id| format!("telegram/{id}"));
    let context = Context { conversation: id, title: string(object, &["name", "type"]), began: Ok(None) };
    for message in object.get("messages").and_then(Value::as_array).into_iter().flatten() {
        match message.as_object() {
            Some(message) => take(message, &context, place, transcript),
            None => transcript.fail(place.line, "a message of the Telegram export is not an object"),
        }
    }
}

fn take(message: &Object, context: &Context, place: Place<'_>, transcript: &mut Transcript) {
    if text(message, "type") == "service" {
        return transcript.leave_out(Omission::Service);
    }
    let said = said(message);
    if said.is_empty() {
        return transcript.leave_out(Omission::Wordless);
    }
    let turn = Turn {
        speaker: string(message, &["from", "from_id", "actor"]).unwrap_or_default(),
        text: said,
        conversation: context.conversation.clone(),
        title: context.title.clone(),
        line: place.line,
        files: string(message, &["file_name"]).into_iter().collect(),
        ..Turn::default()
    };
    transcript.take(turn, time(message));
}

/// The text, which may be in pieces of different looks, and the words of a poll or a list of things to do.
fn said(message: &Object) -> String {
    let own = message.get("text").or_else(|| message.get("text_entities")).map(piece);
    let mut said = vec![own.unwrap_or_default().trim().to_owned()];
    if let Some(poll) = inner(message, "poll") {
        said.push(text(poll, "question").to_owned());
        said.extend(objects(poll, "answers").map(|answer| format!("- {}", text(answer, "text"))));
    }
    if let Some(list) = inner(message, "todo_list") {
        said.push(list.get("title").map(piece).unwrap_or_default());
        let items = list.get("answers").or_else(|| list.get("items")).and_then(Value::as_array);
        let words = |item: &Value| item.get("text").map(piece).unwrap_or_default();
        said.extend(items.into_iter().flatten().map(|item| format!("- {}", words(item))));
    }
    said.retain(|part| !part.is_empty());
    said.join("\n")
}

fn piece(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(pieces) => pieces.iter().map(piece).collect(),
        Value::Object(object) => object.get("text").map(piece).unwrap_or_default(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn chats_of_an_account_are_read_in_full() {
        let chat = json!({"name": "Allotment", "type": "private_group", "id": 7, "messages": [
            {"id": 1, "type": "service", "date": "2026-01-05T10:00:00", "actor": "Ada", "action": "create_group", "text": ""},
            {"id": 2, "type": "message", "date": "2026-01-05T11:00:00", "date_unixtime": "1767607200", "from": "Ada",
             "from_id": "user1", "text": ["see ", {"type": "link", "text": "example.org"}, " today"]},
            {"id": 3, "type": "message", "date": "2026-01-05T11:00:00", "from": null, "from_id": "user2", "text": "",
             "poll": {"question": "When?", "answers": [{"text": "May"}, {"text": "June"}]}},
            {"id": 4, "type": "message", "date": "2026-01-05T11:00:00", "from": "Ada", "photo": "a.jpg", "text": ""}]});
        let mut transcript = Transcript::default();
        let account = json!({"about": "x", "chats": {"list": [chat, {"name": "Broken"}]}});
        for value in [&account, &account["chats"]["list"][0]] {
            assert!(is_export(value.as_object().unwrap()));
        }
        export(account.as_object().unwrap(), Place { path: None, line: 0 }, &mut transcript);
        let said: Vec<_> =
            transcript.turns.iter().map(|it| (it.speaker.as_str(), it.text.as_str())).collect();
        assert_eq!(said, [("Ada", "see example.org today"), ("user2", "When?\n- May\n- June")]);
        let turn = &transcript.turns[0];
        assert_eq!(turn.timestamp.unwrap().as_millis(), 1_767_607_200_000);
        assert_eq!(
            (turn.conversation.as_deref(), turn.title.as_deref()),
            (Some("telegram/7"), Some("Allotment"))
        );
        assert_eq!(
            (transcript.left_out.0[&Omission::Service], transcript.left_out.0[&Omission::Wordless]),
            (1, 1)
        );
        assert_eq!(transcript.flaws.len(), 1);
    }
}
