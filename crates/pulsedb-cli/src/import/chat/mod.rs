//! Chat transcripts: one experience for each turn, the speaker as its agent, the conversation as its task.

pub(crate) mod json;
mod plain;

use pulsedb::{ExperienceType, Timestamp};

use crate::import::draft::{Defaults, Draft, Source};
use crate::import::identity::{Key, Occurrences};
use crate::import::passages::{WHOLE_BYTES_MAX, cut};
use crate::provenance::IMPORT_TAG;
use crate::text::{shorten_head, shorten_tail};

/// What somebody said at one time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Turn {
    pub(crate) speaker: String,
    pub(crate) text: String,
    pub(crate) timestamp: Option<Timestamp>,
    /// The identifier of the conversation, if the transcript has one.
    pub(crate) conversation: Option<String>,
    /// Its title.
    pub(crate) title: Option<String>,
    /// The 1-based line; zero if turns have no lines of their own.
    pub(crate) line: usize,
}

/// A transcript that was read, with the lines of it that could not be.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Transcript {
    pub(crate) turns: Vec<Turn>,
    pub(crate) bad_lines: Vec<(usize, String)>,
}

/// Reads a transcript of any shape: a JSON document, JSON lines, or text of the form `Speaker: words`. An error
/// says which shapes are known.
pub(crate) fn parse(text: &str) -> Result<Transcript, String> {
    let known = "known are `messages` of `role` and `content`, the conversations.json of ChatGPT and of Claude, \
                 sessions of Claude Code, and lines of the form `Speaker: words`";
    if let Some(transcript) = json::parse(text) {
        return Ok(transcript);
    }
    let turns = if text.trim_start().starts_with(['{', '['])
        && serde_json::from_str::<serde_json::Value>(text).is_ok()
    {
        Vec::new()
    } else {
        plain::turns(text)
    };
    if turns.is_empty() {
        Err(format!("no chat found; {known}"))
    } else {
        Ok(Transcript { turns, bad_lines: Vec::new() })
    }
}

/// The drafts of the turns. Their identity is the conversation, the speaker, the time, the words and their order
/// among equal ones: a transcript that has grown adds its new turns only.
pub(crate) fn drafts(source: &Source, turns: Vec<Turn>, defaults: &Defaults) -> Vec<Draft> {
    let mut occurrences = Occurrences::default();
    let mut drafts = Vec::new();
    for turn in turns {
        let place = source.file.as_deref().unwrap_or_default();
        let conversation = turn.conversation.as_deref().unwrap_or(place);
        let speaker = if turn.speaker.trim().is_empty() { "unknown" } else { turn.speaker.trim() };
        let millis = turn.timestamp.map(|moment| moment.as_millis().to_string()).unwrap_or_default();
        for range in cut(&turn.text, 0..turn.text.len(), WHOLE_BYTES_MAX, WHOLE_BYTES_MAX) {
            let content = &turn.text[range];
            let parts = [conversation, speaker, &millis, content].map(str::as_bytes);
            let identity =
                occurrences.number(Key::of(&[&[b"turn".as_slice()], parts.as_slice()].concat())).tag();
            let mut new = defaults.experience();
            source.tag(&mut new.tags, turn.line, turn.title.as_deref());
            new.tags.insert(IMPORT_TAG.to_owned(), identity.clone());
            new.related_files = source.related_files();
            new.source_agent = shorten_head(speaker, pulsedb::limits::AGENT_BYTES_MAX).into();
            let task = turn.conversation.as_deref().unwrap_or(&source.name);
            new.source_task = Some(shorten_tail(task, pulsedb::limits::TASK_BYTES_MAX).into());
            new.experience_type = ExperienceType::Generic { category: Some("message".to_owned()) };
            new.timestamp = turn.timestamp.or(source.modified);
            content.clone_into(&mut new.content);
            drafts.push(Draft { new, identity, line: turn.line, archived: false, id: None });
        }
    }
    drafts
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
        let turns = parse("A: hi\nB: hi\nA: hi\n").unwrap().turns;
        let grown = parse("A: hi\nB: hi\nA: hi\nB: bye\n").unwrap().turns;
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
    fn what_is_no_chat_is_refused_with_the_known_shapes() {
        for text in ["{\"a\": 1}", "[]", "[1, 2]", "just words\nin lines"] {
            assert!(parse(text).unwrap_err().contains("known are"), "{text}");
        }
    }
}
