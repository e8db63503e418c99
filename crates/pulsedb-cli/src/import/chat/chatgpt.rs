//! The export of `ChatGPT`: each conversation a tree of messages, of which one branch was shown last.

use std::collections::HashSet;

use serde_json::Value;

use crate::import::chat::messages::Context;
use crate::import::chat::transcript::{Place, Transcript, Turn};
use crate::import::chat::value::{Object, inner, is_true, machine_part, string, text, time, words};
use crate::report::Omission;

/// The tag of a turn that stands on another branch than the one that was shown last.
const BRANCH_TAG: &str = "branch";

pub(super) fn is_conversation(object: &Object) -> bool {
    inner(object, "mapping").is_some()
}

/// Takes what was said on the branch that was shown, and what the person wrote on others. If the way from the last
/// message to the root is broken, everything is taken, in order of time.
pub(super) fn conversation(object: &Object, place: Place<'_>, transcript: &mut Transcript) {
    let Some(nodes) = inner(object, "mapping") else { return };
    let context = Context::of(object);
    let current = object.get("current_node").and_then(Value::as_str);
    let shown = branch(nodes, current);
    let ids: Vec<&str> = match &shown {
        Some(shown) => shown.clone(),
        None => by_time(nodes, |_| true),
    };
    for id in &ids {
        if let Some(message) = message_of(nodes, id) {
            take(message, &context, place, false, transcript);
        }
    }
    if shown.is_some() {
        let shown: HashSet<&str> = ids.into_iter().collect();
        for id in by_time(nodes, |id| !shown.contains(id)) {
            if let Some(message) = message_of(nodes, id) {
                take(message, &context, place, true, transcript);
            }
        }
    }
}

fn message_of<'a>(nodes: &'a Object, id: &str) -> Option<&'a Object> {
    nodes.get(id).and_then(Value::as_object).and_then(|node| inner(node, "message"))
}

/// The nodes from the root to the current one; `None` if the way is broken or there is no current node.
fn branch<'a>(nodes: &'a Object, current: Option<&'a str>) -> Option<Vec<&'a str>> {
    let mut ids = Vec::new();
    let mut next = current;
    // A tree has no longer way than it has nodes; a damaged one might have a circle.
    while let Some(id) = next.filter(|_| ids.len() < nodes.len()) {
        ids.push(id);
        next = nodes.get(id)?.get("parent").and_then(Value::as_str);
    }
    ids.reverse();
    (next.is_none() && !ids.is_empty()).then_some(ids)
}

/// The nodes that are wanted, in order of time and, of one time, as they stand.
fn by_time(nodes: &Object, is_wanted: impl Fn(&str) -> bool) -> Vec<&str> {
    let mut ids: Vec<&str> = nodes.keys().map(String::as_str).filter(|id| is_wanted(id)).collect();
    ids.sort_by_key(|id| message_of(nodes, id).map(|message| time(message).ok().flatten()));
    ids
}

fn take(message: &Object, context: &Context, place: Place<'_>, is_aside: bool, transcript: &mut Transcript) {
    let author = inner(message, "author");
    let role = author.map(|author| text(author, "role")).unwrap_or_default();
    let said = message.get("content").unwrap_or(&Value::Null);
    let kind = said.as_object().map(|it| text(it, "content_type")).unwrap_or_default();
    let recipient = text(message, "recipient");
    let hidden =
        inner(message, "metadata").is_some_and(|it| is_true(it, "is_visually_hidden_from_conversation"));
    let omission = match role {
        _ if hidden || role == "system" => Some(Omission::Hidden),
        "tool" | "function" => Some(Omission::Tool),
        _ if !recipient.is_empty() && recipient != "all" => Some(Omission::Recipient),
        _ => machine_part(kind),
    };
    if let Some(omission) = omission {
        // The empty message that every conversation begins with says nothing to anybody.
        let is_empty = words(said, &mut Transcript::default()).is_empty() && role == "system";
        if !is_empty {
            transcript.leave_out(omission);
        }
        return;
    }
    let words = words(said, transcript);
    if words.is_empty() {
        return transcript.leave_out(Omission::Wordless);
    }
    if is_aside && role != "user" {
        return transcript.leave_out(Omission::Branch);
    }
    let named = author.and_then(|author| string(author, &["name", "role"]));
    let turn = Turn {
        speaker: named.or_else(|| string(message, &["role"])).unwrap_or_default(),
        text: words,
        conversation: context.conversation.clone(),
        title: context.title.clone(),
        line: place.line,
        marks: if is_aside { vec![(BRANCH_TAG, "not shown".to_owned())] } else { Vec::new() },
        ..Turn::default()
    };
    transcript.take(turn, context.time(message));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(parent: &str, role: &str, text: &str, time: u32) -> Value {
        json!({"parent": parent, "message": {"author": {"role": role}, "create_time": f64::from(time) + 0.5,
            "content": {"content_type": "text", "parts": [text]}}})
    }

    fn read(value: &Value) -> (Vec<String>, Transcript) {
        let mut transcript = Transcript::default();
        conversation(value.as_object().unwrap(), Place { path: None, line: 0 }, &mut transcript);
        (transcript.turns.iter().map(|turn| turn.text.clone()).collect(), transcript)
    }

    fn tree(current: &str) -> Value {
        json!({"title": "T", "conversation_id": "x", "current_node": current, "mapping": {
            "root": {"parent": null, "message": null},
            "a": node("root", "user", "question", 1_700_000_000),
            "b": node("a", "assistant", "first answer", 1_700_000_001),
            "c": node("a", "assistant", "second answer", 1_700_000_002),
            "d": node("root", "user", "question as it was first put", 1_699_999_999),
        }})
    }

    #[test]
    fn branch_that_was_shown_comes_first_and_other_words_of_the_person_are_marked() {
        let (said, transcript) = read(&tree("c"));
        assert_eq!(said, ["question", "second answer", "question as it was first put"]);
        assert_eq!(transcript.turns[0].timestamp.unwrap().as_millis(), 1_700_000_000_500);
        assert_eq!(transcript.turns[2].marks[0].0, "branch");
        assert_eq!(transcript.left_out.0[&Omission::Branch], 1);
    }

    #[test]
    fn broken_way_to_the_root_loses_nothing() {
        let mut value = tree("c");
        value["mapping"]["a"]["parent"] = json!("gone");
        let all = ["question as it was first put", "question", "first answer", "second answer"];
        assert_eq!(read(&value).0, all);
        value["current_node"] = json!("gone");
        assert_eq!(read(&value).0, all);
        value["mapping"]["a"]["parent"] = json!("c");
        value["current_node"] = json!("c");
        assert_eq!(read(&value).0, all, "a circle");
        value.as_object_mut().unwrap().remove("current_node");
        assert_eq!(read(&value).0, all);
    }
}
