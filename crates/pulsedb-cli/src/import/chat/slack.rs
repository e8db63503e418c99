//! The export of Slack: a directory for each channel and a file for each day, with the names of the people above.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use crate::import::chat::transcript::{Place, Transcript, Turn};
use crate::import::chat::value::{Object, inner, objects, string, text, time};
use crate::report::Omission;

/// Kinds of messages that hold what somebody said; all others tell what happened in the channel.
const SPOKEN: &[&str] =
    &["", "me_message", "thread_broadcast", "file_share", "file_comment", "bot_message", "reply_broadcast"];
/// The file beside the channels that names the people.
const PEOPLE_FILE: &str = "users.json";
/// Bytes of that file: beyond it people go by their ids.
const PEOPLE_BYTES_MAX: u64 = 256 << 20;

pub(super) fn is_message(object: &Object) -> bool {
    text(object, "type") == "message" && object.get("ts").is_some_and(Value::is_string)
}

/// Whether an element is of a list that stands beside the channels and holds no messages.
pub(super) fn is_directory_entry(object: &Object) -> bool {
    let is_person = object.contains_key("profile") && object.contains_key("team_id");
    let is_channel = object.contains_key("members") && object.contains_key("created");
    let is_log = object.contains_key("service_id") && object.contains_key("change_type");
    is_person || is_channel || is_log
}

/// Takes the messages of a day.
pub(super) fn day(messages: &[Value], place: Place<'_>, transcript: &mut Transcript) {
    let channel = place.path.and_then(Path::parent).and_then(Path::file_name);
    let channel = channel.map(|name| name.to_string_lossy().into_owned());
    let people = people(place.path);
    for (index, message) in messages.iter().enumerate() {
        match message.as_object().filter(|message| is_message(message)) {
            Some(message) => take(message, channel.as_deref(), &people, place, transcript),
            None => transcript.fail(place.line, format!("element {} is not a message of Slack", index + 1)),
        }
    }
}

fn take(
    message: &Object,
    channel: Option<&str>,
    people: &HashMap<String, String>,
    place: Place<'_>,
    transcript: &mut Transcript,
) {
    if !SPOKEN.contains(&text(message, "subtype")) {
        return transcript.leave_out(Omission::Service);
    }
    let said = said(message, people);
    if said.is_empty() {
        return transcript.leave_out(Omission::Wordless);
    }
    let turn = Turn {
        speaker: speaker(message, people),
        text: said,
        conversation: channel.map(|name| format!("slack/{name}")),
        title: channel.map(str::to_owned),
        line: place.line,
        files: objects(message, "files").filter_map(|file| string(file, &["name", "title"])).collect(),
        ..Turn::default()
    };
    transcript.take(turn, time(message));
}

fn speaker(message: &Object, people: &HashMap<String, String>) -> String {
    let id = string(message, &["user", "bot_id"]);
    inner(message, "user_profile")
        .or_else(|| inner(message, "bot_profile"))
        .and_then(|profile| string(profile, &["display_name", "real_name", "name"]))
        .or_else(|| id.as_ref().and_then(|id| people.get(id).cloned()))
        .or_else(|| string(message, &["username"]))
        .or(id)
        .unwrap_or_default()
}

/// The text, else that of the attachments, with people and channels by their names.
fn said(message: &Object, people: &HashMap<String, String>) -> String {
    let own = text(message, "text");
    if !own.is_empty() {
        return plain(own, people);
    }
    let attached = objects(message, "attachments").filter_map(|it| string(it, &["text", "fallback"]));
    plain(&attached.collect::<Vec<_>>().join("\n\n"), people)
}

/// Slack's markup as text: `<@U1>` is a person, `<#C1|name>` a channel, `<url|label>` a link.
fn plain(text: &str, people: &HashMap<String, String>) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('<') {
        plain.push_str(before);
        let Some((inside, behind)) = from.split_once('>') else {
            rest = &rest[before.len()..];
            break;
        };
        let (target, label) = inside.split_once('|').unwrap_or((inside, ""));
        match target.split_at_checked(1) {
            Some(("@", id)) => {
                let name = people.get(id).map_or(if label.is_empty() { id } else { label }, String::as_str);
                plain.extend(["@", name]);
            }
            Some(("#", id)) => plain.extend(["#", if label.is_empty() { id } else { label }]),
            Some(("!", word)) => {
                plain.extend(["@", if label.is_empty() { word } else { label.trim_start_matches('@') }]);
            }
            _ if label.is_empty() || label == target => plain.push_str(target),
            _ => plain.extend([label, " (", target, ")"]),
        }
        rest = behind;
    }
    plain.push_str(rest);
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The names of the people by their ids, from the file above the channel; none if it is not there.
fn people(path: Option<&Path>) -> HashMap<String, String> {
    let file = path.and_then(Path::parent).and_then(Path::parent).map(|root| root.join(PEOPLE_FILE));
    let is_small = |file: &Path| file.metadata().is_ok_and(|it| it.is_file() && it.len() <= PEOPLE_BYTES_MAX);
    let bytes =
        file.filter(|file| is_small(file)).and_then(|file| std::fs::read(file).ok()).unwrap_or_default();
    let list: Vec<Value> = serde_json::from_slice(&bytes).unwrap_or_default();
    list.iter()
        .filter_map(Value::as_object)
        .filter_map(|person| {
            let profile = inner(person, "profile");
            let name = profile.and_then(|profile| string(profile, &["display_name", "real_name"]));
            Some((string(person, &["id"])?, name.or_else(|| string(person, &["real_name", "name"]))?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn markup_becomes_text() {
        let people = HashMap::from([("U1".to_owned(), "Ada".to_owned())]);
        let cases = [
            ("ask <@U1> or <@U2|bob> in <#C1|pumps>", "ask @Ada or @bob in #pumps"),
            (
                "<!here> see <https://example.org|the page> and <https://a.b>",
                "@here see the page (https://example.org) and https://a.b",
            ),
            ("a &lt; b &amp;&amp; c > d <", "a < b && c > d <"),
        ];
        for (markup, text) in cases {
            assert_eq!(plain(markup, &people), text);
        }
    }

    #[test]
    fn day_of_a_channel_is_read_in_full() {
        let day_of = json!([
            {"type": "message", "user": "U1", "text": "the pump is back", "ts": "1767607200.000100",
             "user_profile": {"display_name": "", "real_name": "Ada Stone"}},
            {"type": "message", "subtype": "channel_join", "user": "U1", "text": "<@U1> has joined", "ts": "1767607201.000100"},
            {"type": "message", "subtype": "file_share", "user": "U2", "text": "", "files": [{"name": "a.png"}], "ts": "1767607202.0"},
            {"type": "message", "subtype": "bot_message", "username": "ci", "text": "", "attachments": [{"fallback": "built"}], "ts": "1767607203.0"},
            {"odd": 1}]);
        let mut transcript = Transcript::default();
        let path = Path::new("/x/export/pumps/2026-01-05.json");
        day(day_of.as_array().unwrap(), Place { path: Some(path), line: 0 }, &mut transcript);
        let said: Vec<_> =
            transcript.turns.iter().map(|it| (it.speaker.as_str(), it.text.as_str())).collect();
        assert_eq!(said, [("Ada Stone", "the pump is back"), ("ci", "built")]);
        assert_eq!(transcript.turns[0].conversation.as_deref(), Some("slack/pumps"));
        assert_eq!(transcript.turns[0].timestamp.unwrap().as_millis(), 1_767_607_200_000);
        assert_eq!(
            (transcript.left_out.0[&Omission::Service], transcript.left_out.0[&Omission::Wordless]),
            (1, 1)
        );
        assert_eq!(transcript.flaws.len(), 1);
    }
}
