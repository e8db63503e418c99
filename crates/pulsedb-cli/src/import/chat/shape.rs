//! Which program wrote a conversation: told by the whole of a document, never by one of its messages.

use serde_json::Value;

use crate::import::chat::messages::Context;
use crate::import::chat::transcript::{Place, Transcript};
use crate::import::chat::value::Object;
use crate::import::chat::{chatgpt, claude, discord, messages, rollout, session, slack, telegram};

/// The shapes of conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    ChatGpt,
    Claude,
    Session,
    Rollout,
    Telegram,
    Slack,
    DiscordExporter,
    DiscordPackage,
    Conversations,
    Messages,
}

/// What a list is made of must be most of it.
const ALL: &[Shape] = &[
    Shape::ChatGpt,
    Shape::Claude,
    Shape::Session,
    Shape::Rollout,
    Shape::Telegram,
    Shape::DiscordExporter,
    Shape::DiscordPackage,
    Shape::Slack,
    Shape::Conversations,
    Shape::Messages,
];

impl Shape {
    /// The shape of a document: an object of that shape, or a list of such objects.
    pub(crate) fn of_document(value: &Value) -> Option<Self> {
        match value {
            Value::Object(object) => match object.get("conversations").and_then(Value::as_array) {
                Some(list) => Self::of_list(list.iter()),
                None => Self::of_object(object),
            },
            Value::Array(items) => Self::of_list(items.iter()),
            _ => None,
        }
    }

    /// The shape of most of the values.
    pub(crate) fn of_list<'a>(values: impl Iterator<Item = &'a Value>) -> Option<Self> {
        let mut counts = [0_usize; ALL.len()];
        let mut total = 0;
        for value in values {
            total += 1;
            let shape = value.as_object().and_then(Self::of_object);
            for (count, _) in counts.iter_mut().zip(ALL).filter(|(_, known)| Some(**known) == shape) {
                *count += 1;
            }
        }
        let (count, shape) = counts.iter().zip(ALL).max_by_key(|(count, _)| **count)?;
        (*count > 0 && *count * 2 >= total).then_some(*shape)
    }

    pub(crate) fn of_object(object: &Object) -> Option<Self> {
        ALL.iter().copied().find(|shape| shape.fits(object))
    }

    /// Whether it is that of an agent's program, which writes down a session entry by entry.
    pub(crate) const fn is_session(self) -> bool {
        matches!(self, Self::Session | Self::Rollout)
    }

    fn fits(self, object: &Object) -> bool {
        match self {
            Self::ChatGpt => chatgpt::is_conversation(object),
            Self::Claude => claude::is_conversation(object),
            Self::Session => session::is_entry(object),
            Self::Rollout => rollout::is_entry(object),
            Self::Telegram => telegram::is_export(object),
            Self::Slack => slack::is_message(object),
            Self::DiscordExporter => discord::is_export(object),
            Self::DiscordPackage => discord::is_packaged(object),
            Self::Conversations => messages::is_conversation(object),
            Self::Messages => messages::is_message(object),
        }
    }

    /// What a message about an element calls it.
    const fn element(self) -> &'static str {
        match self {
            Self::ChatGpt => "a conversation of ChatGPT: it has no `mapping`",
            Self::Claude => "a conversation of Claude: it has no `chat_messages`",
            Self::Session | Self::Rollout => "an entry of a session",
            Self::Telegram => "a chat of Telegram",
            Self::Slack => "a message of Slack",
            Self::DiscordExporter | Self::DiscordPackage => "of Discord",
            Self::Conversations => "a conversation: it has no `messages`",
            Self::Messages => "a message: it needs a speaker (`role`) and `content`",
        }
    }
}

/// Takes the turns of a value of a shape: an object, or a list of objects.
pub(super) fn read(shape: Shape, value: &Value, place: Place<'_>, transcript: &mut Transcript) {
    let list = value.as_array().or_else(|| value.get("conversations").and_then(Value::as_array));
    match (list, shape) {
        (Some(items), Shape::Slack) => slack::day(items, place, transcript),
        (Some(items), Shape::DiscordPackage) => discord::package(items, place, transcript),
        (Some(items), _) => {
            for (index, item) in items.iter().enumerate() {
                let of_list = format!("element {} ", index + 1);
                element(shape, item, &of_list, place, transcript);
            }
        }
        (None, _) => element(shape, value, "", place, transcript),
    }
}

fn element(shape: Shape, value: &Value, which: &str, place: Place<'_>, transcript: &mut Transcript) {
    // Entries of a session that no version of us knows say at least what they are.
    let is_other_entry = shape.is_session() && value.get("type").is_some_and(Value::is_string);
    let Some(object) = value.as_object().filter(|object| is_other_entry || shape.fits(object)) else {
        return transcript
            .fail(place.line, format!("{which}is not {}", shape.element()).trim_start().to_owned());
    };
    match shape {
        Shape::ChatGpt => chatgpt::conversation(object, place, transcript),
        Shape::Claude => claude::conversation(object, place, transcript),
        Shape::Session => session::entry(object, place, transcript),
        Shape::Rollout => rollout::entry(object, place, transcript),
        Shape::Telegram => telegram::export(object, place, transcript),
        Shape::Slack => slack::day(std::slice::from_ref(value), place, transcript),
        Shape::DiscordExporter => discord::export(object, place, transcript),
        Shape::DiscordPackage => discord::package(std::slice::from_ref(value), place, transcript),
        Shape::Conversations => messages::conversation(object, place, transcript),
        Shape::Messages => messages::message(object, &Context::default(), place, transcript),
    }
}

/// Keys of conversations. JSON that is torn is told by their names.
const KEYS: &[&str] = &[
    "messages",
    "chat_messages",
    "mapping",
    "conversations",
    "conversation_id",
    "sessionId",
    "chats",
    "role",
    "sender",
    "from_id",
    "Contents",
    "content",
];

/// Whether JSON, whole or torn, has keys of a conversation.
pub(crate) fn holds_a_conversation(text: &str) -> bool {
    KEYS.iter().any(|key| text.contains(&format!("\"{key}\"")))
}

/// Whether JSON of no known shape may hold what somebody said, so that it must not be skipped in silence: settings are
/// one object.
pub(crate) fn may_hold_words(text: &str) -> bool {
    text.trim_start().starts_with('[') || holds_a_conversation(text)
}

/// Whether a list stands in an export beside the conversations, with names and settings only.
pub(crate) fn is_directory(value: &Value) -> bool {
    let is_account = |object: &Object| {
        let has = |keys: &[&str]| keys.iter().all(|key| object.contains_key(*key));
        has(&["id", "email", "chatgpt_plus_user"])
            || has(&["uuid", "full_name", "email_address"])
            || has(&["conversation_id", "is_anonymous"])
    };
    match value {
        Value::Object(object) => is_account(object),
        Value::Array(items) => {
            let fits = |item: &Value| {
                item.as_object().is_some_and(|it| is_account(it) || slack::is_directory_entry(it))
            };
            items.iter().all(fits)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shape_is_that_of_the_whole() {
        let message = json!({"role": "user", "content": "hi"});
        let cases = [
            (json!([message, message]), Some(Shape::Messages)),
            (json!({"messages": [message]}), Some(Shape::Conversations)),
            (json!([{"messages": [message]}]), Some(Shape::Conversations)),
            (json!({"messages": [{"body": "hi"}]}), None),
            (json!([message, {"x": 1}, {"x": 2}]), None),
            (json!([{"mapping": {}}, {"title": "odd"}]), Some(Shape::ChatGpt)),
            (json!({"conversations": [{"mapping": {}}]}), Some(Shape::ChatGpt)),
            (json!([{"chat_messages": []}]), Some(Shape::Claude)),
            (json!({"type": "summary", "leafUuid": "x"}), Some(Shape::Session)),
            (json!({"type": "x", "timestamp": "2026-01-02", "payload": {}}), Some(Shape::Rollout)),
            (json!([{"type": "message", "ts": "1.0", "text": "x", "user": "U"}]), Some(Shape::Slack)),
            (json!({"x": 1}), None),
            (json!([]), None),
            (json!("text"), None),
        ];
        for (value, shape) in cases {
            assert_eq!(Shape::of_document(&value), shape, "{value}");
        }
    }

    #[test]
    fn element_that_does_not_fit_is_named() {
        let mut transcript = Transcript::default();
        let value = json!([{"role": "user", "content": "hi"}, {"content": "who?"}, 3]);
        read(Shape::Messages, &value, Place { path: None, line: 0 }, &mut transcript);
        assert_eq!((transcript.turns.len(), transcript.flaws.len()), (1, 2));
        assert!(transcript.flaws[0].reason.contains("element 2 is not a message"));
    }

    #[test]
    fn lists_of_names_are_known_and_settings_hold_no_words() {
        assert!(is_directory(&json!([{"uuid": "u", "full_name": "Ada", "email_address": "a@b"}])));
        assert!(is_directory(&json!([{"id": "U", "team_id": "T", "profile": {}}])));
        assert!(!is_directory(&json!([{"id": "U"}])));
        assert!(may_hold_words("[{\"x\":1}]") && may_hold_words("{\"a\":{\"messages\":[]}}"));
        assert!(!may_hold_words("{\"name\":\"x\",\"version\":\"1\"}"));
    }
}
