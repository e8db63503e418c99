//! The export of Claude: conversations of `chat_messages`, with the text of what was pasted or attached.

use serde_json::Value;

use crate::import::chat::messages::Context;
use crate::import::chat::transcript::{Place, Transcript, Turn};
use crate::import::chat::value::{Object, objects, string, text, words};
use crate::report::Omission;

/// The tag of the name of a file whose text a turn is.
const ATTACHMENT_TAG: &str = "attachment";
/// What stands in `text` for a part that is not words.
const PLACEHOLDER: &str = "This block is not supported on your current device yet.";

pub(super) fn is_conversation(object: &Object) -> bool {
    object.get("chat_messages").is_some_and(Value::is_array)
}

pub(super) fn conversation(object: &Object, place: Place<'_>, transcript: &mut Transcript) {
    let context = Context::of(object);
    for (index, item) in
        object.get("chat_messages").and_then(Value::as_array).into_iter().flatten().enumerate()
    {
        match item.as_object() {
            Some(message) => take(message, &context, place, transcript),
            None => transcript
                .fail(place.line, format!("element {} of `chat_messages` is not a message", index + 1)),
        }
    }
}

fn take(message: &Object, context: &Context, place: Place<'_>, transcript: &mut Transcript) {
    let files: Vec<String> = ["attachments", "files", "files_v2"]
        .iter()
        .flat_map(|key| objects(message, key))
        .filter_map(|file| string(file, &["file_name"]))
        .collect();
    let turn = Turn {
        speaker: string(message, &["sender", "role"]).unwrap_or_default(),
        conversation: context.conversation.clone(),
        title: context.title.clone(),
        line: place.line,
        ..Turn::default()
    };
    let said = said(message, transcript);
    let mut is_wordless = said.is_empty();
    if !is_wordless {
        transcript.take(Turn { text: said, files, ..turn.clone() }, context.time(message));
    }
    for file in ["attachments", "files", "files_v2"].iter().flat_map(|key| objects(message, key)) {
        let pasted = text(file, "extracted_content");
        if pasted.is_empty() {
            continue;
        }
        is_wordless = false;
        let name = string(file, &["file_name"]).unwrap_or_else(|| "unnamed".to_owned());
        let marks = vec![(ATTACHMENT_TAG, name.clone())];
        transcript.take(
            Turn { text: pasted.to_owned(), marks, files: vec![name], ..turn.clone() },
            context.time(message),
        );
    }
    if is_wordless {
        transcript.leave_out(Omission::Wordless);
    }
}

/// The words of a message. They stand in the parts of `content`, and in `text` once more, but for what only `text`
/// has.
fn said(message: &Object, transcript: &mut Transcript) -> String {
    let parts = words(message.get("content").unwrap_or(&Value::Null), transcript);
    let whole = text(message, "text");
    if parts.is_empty() {
        return whole.to_owned();
    }
    let mut rest = solid(&whole.replace(PLACEHOLDER, ""));
    let in_both = parts.split("\n\n").map(solid).all(|part| {
        let found = rest.find(&part);
        found.inspect(|at| rest.replace_range(*at..at + part.len(), "")).is_some()
    });
    match (in_both, rest.chars().any(char::is_alphanumeric)) {
        (_, false) => parts,
        (true, true) => whole.to_owned(),
        (false, true) => format!("{parts}\n\n{whole}"),
    }
}

fn solid(text: &str) -> String {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(message: &Value) -> (Vec<String>, Transcript) {
        let mut transcript = Transcript::default();
        let value = json!({"uuid": "u", "name": "N", "chat_messages": [message]});
        conversation(value.as_object().unwrap(), Place { path: None, line: 0 }, &mut transcript);
        (transcript.turns.iter().map(|turn| turn.text.clone()).collect(), transcript)
    }

    #[test]
    fn words_of_parts_and_of_text_come_once() {
        let parts = json!([{"type": "text", "text": "One."}, {"type": "tool_use", "name": "x"}, {"type": "text", "text": "Two."}]);
        let message = |text: &str| json!({"sender": "assistant", "content": parts, "text": text});
        assert_eq!(read(&message("")).0, ["One.\n\nTwo."]);
        assert_eq!(
            read(&message("One.\n```\nThis block is not supported on your current device yet.\n```\nTwo.")).0,
            ["One.\n\nTwo."]
        );
        assert_eq!(read(&message("One. Two. Three.")).0, ["One. Two. Three."]);
        assert_eq!(read(&message("Other")).0, ["One.\n\nTwo.\n\nOther"]);
        assert_eq!(read(&message("")).1.left_out.0[&Omission::Tool], 1);
        assert_eq!(read(&json!({"sender": "human", "text": "hi"})).0, ["hi"]);
    }

    #[test]
    fn text_of_attachments_is_a_turn_of_its_own() {
        let (said, transcript) = read(&json!({"sender": "human", "text": "see", "attachments": [
            {"file_name": "a.txt", "extracted_content": "pasted words"}], "files": [{"file_name": "b.png"}]}));
        assert_eq!(said, ["see", "pasted words"]);
        assert_eq!(transcript.turns[0].files, ["a.txt", "b.png"]);
        assert_eq!(transcript.turns[1].marks, [("attachment", "a.txt".to_owned())]);
        let (said, transcript) =
            read(&json!({"sender": "human", "text": "", "files": [{"file_name": "b.png"}]}));
        assert!(said.is_empty() && transcript.left_out.0[&Omission::Wordless] == 1);
    }
}
