//! Messages of `role` and `content`, alone, in a list, or in conversations under `messages`.

use serde_json::Value;

use crate::import::chat::transcript::{Place, Time, Transcript, Turn};
use crate::import::chat::value::{Object, inner, is_true, string, time, words};
use crate::report::Omission;

const SPEAKER_KEYS: &[&str] = &["role", "author", "sender", "speaker", "from"];
const WORDS_KEYS: &[&str] = &["content", "text"];

/// What a conversation says about all its turns.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) conversation: Option<String>,
    pub(super) title: Option<String>,
    /// When it began, for messages that do not say when they were sent.
    pub(super) began: Time,
}

impl Default for Context {
    fn default() -> Self {
        Self { conversation: None, title: None, began: Ok(None) }
    }
}

impl Context {
    /// The time of a message, else that of the conversation.
    pub(super) fn time(&self, message: &Object) -> Time {
        match time(message) {
            Ok(None) => self.began.clone(),
            other => other,
        }
    }

    pub(super) fn of(object: &Object) -> Self {
        Self {
            conversation: string(object, &["conversation_id", "session_id", "sessionId", "uuid", "id"]),
            title: string(object, &["title", "name"]),
            began: time(object),
        }
    }
}

/// Whether somebody says something in an object, or could.
pub(super) fn is_message(object: &Object) -> bool {
    let object = inner(object, "message").unwrap_or(object);
    speaker(object).is_some() && WORDS_KEYS.iter().any(|key| object.contains_key(*key))
}

/// Whether an object is a conversation of such messages.
pub(super) fn is_conversation(object: &Object) -> bool {
    let Some(messages) = object.get("messages").and_then(Value::as_array) else { return false };
    let fits = messages.iter().filter(|message| message.as_object().is_some_and(is_message)).count();
    fits * 2 >= messages.len()
}

pub(super) fn conversation(object: &Object, place: Place<'_>, transcript: &mut Transcript) {
    let context = Context::of(object);
    for (index, item) in object.get("messages").and_then(Value::as_array).into_iter().flatten().enumerate() {
        match item.as_object() {
            Some(item) => message(item, &context, place, transcript),
            None => {
                transcript.fail(place.line, format!("element {} of `messages` is not a message", index + 1));
            }
        }
    }
}

/// Takes the turn of a message, if somebody says something in it.
pub(super) fn message(object: &Object, context: &Context, place: Place<'_>, transcript: &mut Transcript) {
    let (said, around) = match inner(object, "message") {
        Some(inner) => (inner, object),
        None => (object, object),
    };
    if is_true(around, "isMeta") {
        return transcript.leave_out(Omission::Hidden);
    }
    let speaker = speaker(said);
    if matches!(speaker.as_deref(), Some("tool" | "function")) {
        return transcript.leave_out(Omission::Tool);
    }
    let contents = WORDS_KEYS.iter().filter_map(|key| said.get(*key));
    let text = contents.map(|content| words(content, transcript)).find(|text| !text.is_empty());
    let Some(text) = text else {
        let calls =
            ["tool_calls", "function_call"].iter().any(|key| said.get(*key).is_some_and(|it| !it.is_null()));
        return transcript.leave_out(if calls { Omission::Tool } else { Omission::Wordless });
    };
    let Some(speaker) = speaker else {
        return transcript
            .fail(place.line, "a message without a speaker; it needs `role`, `author` or `sender`");
    };
    let time = match time(said) {
        Ok(None) => context.time(around),
        other => other,
    };
    let turn = Turn {
        speaker,
        text,
        conversation: context.conversation.clone().or_else(|| string(around, &["sessionId", "session_id"])),
        title: context.title.clone(),
        line: place.line,
        ..Turn::default()
    };
    transcript.take(turn, time);
}

fn speaker(object: &Object) -> Option<String> {
    let author = inner(object, "author");
    author.and_then(|author| string(author, &["name", "role"])).or_else(|| string(object, SPEAKER_KEYS))
}
