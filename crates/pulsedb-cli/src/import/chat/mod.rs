//! Chat transcripts: one experience for each turn, the speaker as its agent, the conversation as its task.

mod chatgpt;
mod claude;
mod discord;
mod messages;
mod plain;
mod rollout;
mod session;
pub(crate) mod shape;
mod slack;
mod telegram;
pub(crate) mod transcript;
mod value;

use std::path::Path;

use pulsedb::ExperienceType;
use serde_json::Value;

use crate::import::chat::transcript::{Place, Transcript, Turn};
use crate::import::data_url::without_data;
use crate::import::draft::{Defaults, Draft, Source};
use crate::import::identity::{Key, Occurrences};
use crate::import::passages::{WHOLE_BYTES_MAX, cut};
use crate::provenance::IMPORT_TAG;
use crate::text::{shorten_head, shorten_tail};

/// What is read, for the message about what is not.
pub(crate) const KNOWN: &str = "known are `messages` of `role` and `content`, conversations.json of ChatGPT and of \
                                Claude, sessions of Claude Code and of Codex, result.json of Telegram, the days of a Slack export, \
                                the JSON of Discord's data package and of DiscordChatExporter, JSON lines with \
                                `content`, and with --format chat lines of the form `Speaker: words`; \
                                --format text takes any text as it is";

/// Reads a document of a shape.
pub(crate) fn document(shape: shape::Shape, value: &Value, path: Option<&Path>) -> Transcript {
    let mut transcript = Transcript::default();
    shape::read(shape, value, Place { path, line: 0 }, &mut transcript);
    transcript
}

/// Reads lines of a shape, one value a line.
pub(crate) fn lines(shape: shape::Shape, lines: &[(usize, Value)], path: Option<&Path>) -> Transcript {
    let mut transcript = Transcript::default();
    for (line, value) in lines {
        shape::read(shape, value, Place { path, line: *line }, &mut transcript);
    }
    transcript
}

/// Reads text with lines of the form `Speaker: words`. An error says which other shapes are known.
pub(crate) fn plain(text: &str) -> Result<Transcript, String> {
    plain::transcript(text).ok_or_else(|| format!("no conversation found; {KNOWN}"))
}

/// The drafts of the turns. The identity of a turn is its own if it has one, else the conversation, the speaker, the
/// time, the words and their order among equal ones: a transcript that has grown adds its new turns only.
pub(crate) fn drafts(source: &Source, turns: Vec<Turn>, defaults: &Defaults) -> Vec<Draft> {
    let mut occurrences = Occurrences::default();
    let mut drafts = Vec::new();
    for turn in turns {
        let text = without_data(&turn.text);
        for (piece, range) in
            cut(&text, 0..text.len(), WHOLE_BYTES_MAX, WHOLE_BYTES_MAX).into_iter().enumerate()
        {
            let content = &text[range];
            let identity = identity(source, &turn, content, piece, &mut occurrences);
            let mut new = defaults.experience();
            source.tag(&mut new.tags, turn.line, turn.title.as_deref());
            let marks = turn.marks.iter().map(|(key, value)| {
                ((*key).to_owned(), shorten_tail(value, pulsedb::limits::TAG_VALUE_BYTES_MAX))
            });
            new.tags.extend(marks);
            new.tags.insert(IMPORT_TAG.to_owned(), identity.clone());
            new.related_files = source.related_files();
            let fits = |file: &&String| file.len() <= pulsedb::limits::RELATED_FILE_BYTES_MAX;
            let room = pulsedb::limits::RELATED_FILES_MAX.saturating_sub(new.related_files.len());
            new.related_files.extend(turn.files.iter().filter(fits).take(room).cloned());
            new.source_agent = shorten_head(speaker(&turn), pulsedb::limits::AGENT_BYTES_MAX).into();
            let task = turn.conversation.as_deref().unwrap_or(&source.name);
            new.source_task = Some(shorten_tail(task.trim(), pulsedb::limits::TASK_BYTES_MAX).trim().into());
            new.experience_type = ExperienceType::Generic { category: Some("message".to_owned()) };
            new.timestamp = turn.timestamp.or(source.modified);
            content.clone_into(&mut new.content);
            drafts.push(Draft {
                new,
                identity,
                line: turn.line,
                archived: false,
                id: None,
                updated_at: None,
                kept: None,
            });
        }
    }
    drafts
}

fn speaker(turn: &Turn) -> &str {
    let speaker = turn.speaker.trim();
    if speaker.is_empty() { "unknown" } else { speaker }
}

fn identity(
    source: &Source,
    turn: &Turn,
    content: &str,
    piece: usize,
    occurrences: &mut Occurrences,
) -> String {
    if let Some(id) = &turn.id {
        return Key::of(&[b"message", id.as_bytes(), &piece.to_le_bytes()]).tag();
    }
    let place = source.file.as_deref().unwrap_or_default();
    let conversation = turn.conversation.as_deref().unwrap_or(place);
    let millis = turn.timestamp.map(|moment| moment.as_millis().to_string()).unwrap_or_default();
    let parts = [conversation, speaker(turn), &millis, content].map(str::as_bytes);
    occurrences.number(Key::of(&[&[b"turn".as_slice()], parts.as_slice()].concat())).tag()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Source {
        Source { name: "log.txt".into(), file: Some("/x/log.txt".into()), modified: None }
    }

    #[test]
    fn turns_keep_speaker_and_conversation() {
        let turn = |conversation: Option<&str>| Turn {
            speaker: "alice".into(),
            text: "hello".into(),
            conversation: conversation.map(Into::into),
            line: 3,
            ..Turn::default()
        };
        let drafts = drafts(&source(), vec![turn(Some("c1")), turn(None)], &Defaults::default());
        assert_eq!(drafts[0].new.source_agent.as_str(), "alice");
        assert_eq!(drafts[0].new.source_task.as_ref().unwrap().as_str(), "c1");
        assert_eq!(drafts[1].new.source_task.as_ref().unwrap().as_str(), "log.txt");
        assert_ne!(drafts[0].identity, drafts[1].identity);
        assert_eq!(drafts[0].new.tags["line"], "3");
    }

    #[test]
    fn grown_transcript_keeps_the_identities_of_its_beginning() {
        let turns = plain("A: hi\nB: hi\nA: hi\n").unwrap().turns;
        let grown = plain("A: hi\nB: hi\nA: hi\nB: bye\n").unwrap().turns;
        let identities =
            |turns| drafts(&source(), turns, &Defaults::default()).into_iter().map(|draft| draft.identity);
        let before: Vec<_> = identities(turns).collect();
        let after: Vec<_> = identities(grown).collect();
        assert_eq!(before, after[..3]);
        assert_eq!(after.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }

    #[test]
    fn turn_beyond_the_content_limit_is_cut() {
        let turn = Turn { speaker: "a".into(), text: "word ".repeat(50_000), ..Turn::default() };
        let drafts = drafts(&source(), vec![turn], &Defaults::default());
        assert!(drafts.len() > 2);
        assert!(drafts.iter().all(|draft| draft.new.content.len() <= pulsedb::limits::CONTENT_BYTES_MAX));
    }

    #[test]
    fn text_in_which_nobody_speaks_is_refused_with_the_known_shapes() {
        assert!(plain("just words\nin lines").unwrap_err().contains("known are"));
    }
}
