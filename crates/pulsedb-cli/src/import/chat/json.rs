//! Chat transcripts in JSON: messages of role and content, exports of `ChatGPT` and Claude, Claude Code sessions.

use pulsedb::Timestamp;
use serde_json::{Map, Value};

use crate::import::chat::{Transcript, Turn};
use crate::import::jsonl::lines;

/// Numbers below it are seconds since 1970, others milliseconds: 10^11 seconds are in the year 5138, 10^11
/// milliseconds in 1973.
const SECONDS_BELOW: f64 = 1e11;

/// The turns of a JSON document or of JSON lines; `None` if the text is neither or holds no chat.
pub(crate) fn parse(text: &str) -> Option<Transcript> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        let turns = document(&value);
        return (!turns.is_empty()).then_some(Transcript { turns, bad_lines: Vec::new() });
    }
    let mut transcript = Transcript::default();
    for (number, line) in lines(text.as_bytes()) {
        let parsed = line.and_then(|line| serde_json::from_str(&line).map_err(|error| error.to_string()));
        match parsed {
            Ok(value) => transcript
                .turns
                .extend(document(&value).into_iter().map(|turn| Turn { line: number, ..turn })),
            Err(reason) => transcript.bad_lines.push((number, reason)),
        }
    }
    (!transcript.turns.is_empty()).then_some(transcript)
}

/// Whether one line of JSON lines holds turns of a chat or is an entry of a Claude Code session.
pub(crate) fn is_chat_line(line: &str) -> bool {
    let Ok(Value::Object(object)) = serde_json::from_str(line) else { return false };
    object.contains_key("sessionId")
        || is_conversation(&object)
        || message(&object, &Context::default()).is_some()
}

/// The turns of a document: one conversation, several, or a bare list of messages.
fn document(value: &Value) -> Vec<Turn> {
    match value {
        Value::Object(object) if is_conversation(object) => conversation(object),
        Value::Object(object) => message(object, &Context::default()).into_iter().collect(),
        Value::Array(items) => {
            let objects = items.iter().filter_map(Value::as_object);
            objects
                .flat_map(|object| {
                    if is_conversation(object) {
                        conversation(object)
                    } else {
                        message(object, &Context::default()).into_iter().collect()
                    }
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

fn is_conversation(object: &Map<String, Value>) -> bool {
    object.get("messages").is_some_and(Value::is_array)
        || object.get("chat_messages").is_some_and(Value::is_array)
        || object.get("mapping").is_some_and(Value::is_object)
}

/// What a conversation says about all its turns.
#[derive(Default)]
struct Context {
    conversation: Option<String>,
    title: Option<String>,
}

fn conversation(object: &Map<String, Value>) -> Vec<Turn> {
    let context = Context {
        conversation: string(object, &["conversation_id", "session_id", "sessionId", "uuid", "id"]),
        title: string(object, &["title", "name"]).filter(|title| !title.trim().is_empty()),
    };
    if let Some(nodes) = object.get("mapping").and_then(Value::as_object) {
        let current = object.get("current_node").and_then(Value::as_str);
        return branch(nodes, current).into_iter().filter_map(|item| message(item, &context)).collect();
    }
    let list = object.get("messages").or_else(|| object.get("chat_messages")).and_then(Value::as_array);
    let items = list.into_iter().flatten().filter_map(Value::as_object);
    items.filter_map(|item| message(item, &context)).collect()
}

/// The messages of a `mapping`, a tree of nodes: those on the way from the root to the current node, which is the
/// branch that its reader saw; without a current node all of them, in order of time.
fn branch<'a>(nodes: &'a Map<String, Value>, current: Option<&str>) -> Vec<&'a Map<String, Value>> {
    let message_of = |node: &'a Value| node.get("message").and_then(Value::as_object);
    let mut found = Vec::new();
    let mut next = current.and_then(|id| nodes.get(id));
    // A tree has no longer way than it has nodes; a damaged one might have a circle.
    for _ in 0..nodes.len() {
        let Some(node) = next else { break };
        found.extend(message_of(node));
        next = node.get("parent").and_then(Value::as_str).and_then(|id| nodes.get(id));
    }
    if found.is_empty() {
        found.extend(nodes.values().filter_map(message_of));
        found.sort_by_key(|item| timestamp(item));
    } else {
        found.reverse();
    }
    found
}

/// The turn of a message object, if somebody says something in it.
fn message(object: &Map<String, Value>, context: &Context) -> Option<Turn> {
    // A session entry has the message inside and what the session adds around it.
    if let Some(inner) = object.get("message").and_then(Value::as_object) {
        if object.get("isMeta").and_then(Value::as_bool) == Some(true) {
            return None;
        }
        let turn = message(inner, context)?;
        return Some(Turn {
            timestamp: turn.timestamp.or_else(|| timestamp(object)),
            conversation: turn.conversation.or_else(|| string(object, &["sessionId", "session_id"])),
            ..turn
        });
    }
    let text = ["content", "text"]
        .iter()
        .filter_map(|key| object.get(*key))
        .map(words)
        .find(|text| !text.is_empty())?;
    Some(Turn {
        speaker: speaker(object)?,
        text,
        timestamp: timestamp(object),
        conversation: context.conversation.clone(),
        title: context.title.clone(),
        line: 0,
    })
}

fn speaker(object: &Map<String, Value>) -> Option<String> {
    let author = object.get("author").and_then(Value::as_object);
    author
        .and_then(|author| string(author, &["name", "role"]))
        .or_else(|| string(object, &["role", "author", "sender", "speaker", "from"]))
}

/// The words of a content: a string, or the text parts of a list or of an object with `parts`. Pictures, calls
/// of tools and their results are no words.
fn words(content: &Value) -> String {
    match content {
        Value::String(text) => text.trim().to_owned(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| match part {
                Value::String(text) => Some(text.trim()),
                Value::Object(part) => part_text(part),
                _ => None,
            });
            texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
        }
        Value::Object(object) => match object.get("parts") {
            Some(parts) => words(parts),
            None => part_text(object).unwrap_or_default().to_owned(),
        },
        _ => String::new(),
    }
}

fn part_text(part: &Map<String, Value>) -> Option<&str> {
    let kind =
        part.get("type").or_else(|| part.get("content_type")).and_then(Value::as_str).unwrap_or("text");
    let is_words = matches!(kind, "text" | "input_text" | "output_text");
    part.get("text").and_then(Value::as_str).map(str::trim).filter(|_| is_words)
}

fn timestamp(object: &Map<String, Value>) -> Option<Timestamp> {
    let keys = ["timestamp", "create_time", "created_at", "created", "date"];
    keys.iter().filter_map(|key| object.get(*key)).find_map(|value| match value {
        Value::String(text) => text
            .parse::<jiff::Timestamp>()
            .ok()
            .map(|instant| Timestamp::from_millis(instant.as_millisecond())),
        Value::Number(number) => number.as_f64().map(|number| {
            let millis = if number.abs() < SECONDS_BELOW { number * 1000.0 } else { number };
            // A float that does not fit becomes the nearest integer that does.
            Timestamp::from_millis(millis.round() as i64)
        }),
        _ => None,
    })
}

fn string(object: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    keys.iter().filter_map(|key| object.get(*key)).find_map(|value| value.as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap().turns.into_iter().map(|turn| (turn.speaker, turn.text)).collect()
    }

    fn pairs(rows: &[(&str, &str)]) -> Vec<(String, String)> {
        rows.iter().map(|(speaker, text)| ((*speaker).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn messages_of_role_and_content_are_read() {
        let expected = pairs(&[("user", "hi"), ("assistant", "hello\n\nthere")]);
        let messages = r#"[{"role":"user","content":"hi"},
            {"role":"assistant","content":[{"type":"text","text":"hello"},{"type":"tool_use","name":"x","input":{}},
             {"type":"output_text","text":"there"}]},
            {"role":"user","content":[{"type":"tool_result","content":"noise"}]},{"role":"user","content":null}]"#;
        assert_eq!(said(messages), expected);
        assert_eq!(said(&format!("{{\"id\":\"c\",\"messages\":{messages}}}")), expected);
        let turns =
            parse(&format!("{{\"id\":\"c\",\"title\":\"T\",\"messages\":{messages}}}")).unwrap().turns;
        assert_eq!((turns[0].conversation.as_deref(), turns[0].title.as_deref()), (Some("c"), Some("T")));
    }

    #[test]
    fn mapping_gives_the_branch_that_was_shown() {
        let node = |id: &str, parent: &str, role: &str, text: &str, time: u32| {
            format!(
                r#""{id}":{{"id":"{id}","parent":{parent},"message":{{"author":{{"role":"{role}"}},
                "create_time":{time}.5,"content":{{"content_type":"text","parts":["{text}"]}}}}}}"#
            )
        };
        let nodes = [
            r#""root":{"id":"root","parent":null,"message":null}"#.to_owned(),
            node("a", "\"root\"", "user", "question", 1_700_000_000),
            node("b", "\"a\"", "assistant", "first answer", 1_700_000_001),
            node("c", "\"a\"", "assistant", "second answer", 1_700_000_002),
        ]
        .join(",");
        let shown =
            format!(r#"[{{"title":"T","conversation_id":"x","current_node":"c","mapping":{{{nodes}}}}}]"#);
        assert_eq!(said(&shown), pairs(&[("user", "question"), ("assistant", "second answer")]));
        assert_eq!(
            parse(&shown).unwrap().turns[0].timestamp,
            Some(Timestamp::from_millis(1_700_000_000_500))
        );
        let all = format!(r#"[{{"mapping":{{{nodes}}}}}]"#);
        assert_eq!(
            said(&all),
            pairs(&[("user", "question"), ("assistant", "first answer"), ("assistant", "second answer")])
        );
    }

    #[test]
    fn circle_in_a_mapping_ends() {
        let text = r#"{"current_node":"a","mapping":{"a":{"parent":"b","message":{"role":"u","content":"1"}},
            "b":{"parent":"a","message":{"role":"u","content":"2"}}}}"#;
        assert_eq!(said(text).len(), 2);
    }

    #[test]
    fn claude_export_and_session_are_read() {
        let export = r#"[{"uuid":"u","name":"N","chat_messages":[
            {"sender":"human","text":"hi","created_at":"2025-01-01T00:00:00Z"},
            {"sender":"assistant","text":"","content":[{"type":"text","text":"yo"}]}]}]"#;
        assert_eq!(said(export), pairs(&[("human", "hi"), ("assistant", "yo")]));
        let session = concat!(
            "{\"type\":\"summary\",\"summary\":\"s\"}\n",
            "{\"type\":\"user\",\"sessionId\":\"s1\",\"timestamp\":\"2025-01-01T00:00:00.5Z\",\"message\":{\"role\":\"user\",\"content\":\"hi\"}}\n",
            "{\"type\":\"user\",\"isMeta\":true,\"sessionId\":\"s1\",\"message\":{\"role\":\"user\",\"content\":\"meta\"}}\n",
            "{\"type\":\"assistant\",\"sessionId\":\"s1\",\"message\":{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"x\"},{\"type\":\"text\",\"text\":\"yo\"}]}}\n",
            "{\"type\":\"assis",
        );
        let transcript = parse(session).unwrap();
        assert_eq!(transcript.turns.len(), 2);
        assert_eq!(transcript.turns[0].conversation.as_deref(), Some("s1"));
        assert_eq!(transcript.turns[0].timestamp, Some(Timestamp::from_millis(1_735_689_600_500)));
        assert_eq!(transcript.turns[1].line, 4);
        assert_eq!(transcript.bad_lines.len(), 1);
        assert_eq!(transcript.bad_lines[0].0, 5);
    }

    #[test]
    fn lines_of_a_chat_are_recognised() {
        assert!(is_chat_line(r#"{"type":"summary","sessionId":"s"}"#));
        assert!(is_chat_line(r#"{"role":"user","content":"hi"}"#));
        assert!(is_chat_line(r#"{"messages":[]}"#));
        assert!(!is_chat_line(r#"{"content":"hi"}"#));
        assert!(!is_chat_line("x"));
    }

    #[test]
    fn times_beyond_all_calendars_are_no_panic() {
        let turns = parse(
            r#"[{"role":"u","content":"x","timestamp":1e300},{"role":"u","content":"y","timestamp":1700000000000}]"#,
        );
        assert_eq!(turns.unwrap().turns[1].timestamp, Some(Timestamp::from_millis(1_700_000_000_000)));
    }
}
