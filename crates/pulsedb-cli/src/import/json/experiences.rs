//! JSON lines: each line an experience, as `export` writes them or as any script can.

use std::io::BufRead;

use pulsedb::{NewExperience, Timestamp, limits};
use serde_json::{Map, Value, json};

use crate::import::draft::{Defaults, Draft, Kept};
use crate::import::encoding::Flaw;
use crate::import::identity::{Key, Occurrences};
use crate::import::json::lines::lines;
use crate::import::json::{mend_escapes, objects, without_line};
use crate::json::{ExperienceLine, Moment, TimeValue};
use crate::links::{self, LinkLine};
use crate::provenance::IMPORT_TAG;

/// What was read of a line.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// Usually one.
    pub(crate) drafts: Vec<Draft>,
    /// Relations and insights, each with its line.
    pub(crate) links: Vec<(usize, LinkLine)>,
    /// What of the line is not an experience or could not be read.
    pub(crate) flaws: Vec<Flaw>,
    pub(crate) encoding: Option<&'static str>,
}

/// The experiences of a stream of lines, one by one, so that a stream of any length can be imported.
/// With `keep_ids`, what has an id keeps it, with its past.
pub(crate) fn rows(
    reader: impl BufRead + 'static,
    defaults: &Defaults,
    keep_ids: bool,
) -> impl Iterator<Item = Row> {
    let mut occurrences = Occurrences::default();
    lines(reader).map(move |line| {
        let number = line.number;
        let named = |reason: String| Flaw { line: number, reason };
        let mut row = Row { flaws: line.flaws, encoding: line.encoding, ..Row::default() };
        let mut text = line.text;
        row.flaws.extend(mend_escapes(&mut text).into_iter().map(|flaw| named(flaw.reason)));
        let (parts, reason) = objects(&text);
        row.flaws.extend(reason.map(named));
        for part in parts {
            if let Some(link) = links::read(part) {
                match link {
                    Ok(link) => row.links.push((number, link)),
                    Err(error) => row.flaws.push(named(without_line(&error))),
                }
                continue;
            }
            let parsed = serde_json::from_str::<ExperienceLine>(part).map_err(|error| without_line(&error));
            match parsed.and_then(|parsed| draft(parsed, number, &mut occurrences, defaults, keep_ids)) {
                Ok(draft) => row.drafts.push(draft),
                Err(reason) => row.flaws.push(named(reason)),
            }
        }
        row
    })
}

/// Whether an object is meant as an experience, a relation or an insight, though it may not be right: then its fault is named.
pub(crate) fn is_meant(object: &Map<String, Value>) -> bool {
    object.get("content").is_some_and(Value::is_string) || links::is_meant(object)
}

fn draft(
    line: ExperienceLine,
    number: usize,
    occurrences: &mut Occurrences,
    defaults: &Defaults,
    keep_ids: bool,
) -> Result<Draft, String> {
    // Only a line of `export` gives a moment that no calendar holds, as milliseconds.
    let moment =
        |time: &Option<TimeValue>| time.as_ref().map(|time| time.moment(line.is_exported())).transpose();
    let timestamp = moment(&line.timestamp)?;
    let expires_at = moment(&line.expires_at)?;
    let updated_at = moment(&line.updated_at)?;
    let kept = match line.id.filter(|_| keep_ids) {
        Some(id) => Some(Kept {
            id,
            applications: line.applications.unwrap_or(0),
            updated_at,
            last_reinforced: moment(&line.last_reinforced)?,
        }),
        None => None,
    };
    let given = line.tags.as_ref().and_then(|tags| tags.get(IMPORT_TAG));
    let identity =
        given.cloned().unwrap_or_else(|| occurrences.number(key(&line, timestamp, expires_at)).tag());
    let base = defaults.experience();
    let mut tags = base.tags;
    tags.extend(line.tags.unwrap_or_default());
    if kept.is_none() {
        // What keeps its id is found by it.
        tags.insert(IMPORT_TAG.to_owned(), identity.clone());
    }
    if tags.len() > limits::TAGS_MAX {
        return Err(format!(
            "{} tags with the tag `{IMPORT_TAG}` that an import adds, at most {} are allowed",
            tags.len(),
            limits::TAGS_MAX
        ));
    }
    let new = NewExperience {
        content: line.content,
        // An empty vector is the embedder's way to say that it knew no word; a record with it can be restored only.
        embedding: line.embedding.filter(|embedding| kept.is_some() || !embedding.is_empty()),
        experience_type: line.experience_type.unwrap_or_default(),
        importance: line.importance.unwrap_or(base.importance),
        confidence: line.confidence.unwrap_or(base.confidence),
        domain: line.domain.unwrap_or(base.domain),
        tags,
        related_files: line.related_files.unwrap_or_default(),
        source_agent: line.agent.map_or(base.source_agent, Into::into),
        source_task: line.task.map(|task| task.trim().into()),
        timestamp,
        key: line.key,
        expires_at,
        duplicate: base.duplicate,
        ..NewExperience::default()
    };
    let archived = line.archived.unwrap_or(false);
    Ok(Draft { new, identity, line: number, archived, id: line.id, updated_at, kept })
}

/// With an id, the id and the content; without one, all that the line says of what is recorded.
fn key(line: &ExperienceLine, timestamp: Option<Timestamp>, expires_at: Option<Timestamp>) -> Key {
    if let Some(id) = line.id {
        return Key::of(&[b"line of id", id.as_bytes(), line.content.as_bytes()]);
    }
    let said = json!([
        line.content,
        line.experience_type,
        line.importance,
        line.confidence,
        line.domain,
        line.tags,
        line.related_files,
        line.agent,
        line.task,
        timestamp.map(Moment),
    ]);
    let mut parts = vec![b"line".to_vec(), said.to_string().into_bytes()];
    // What few lines have counts only where it is: the others keep the identity that they had before it was known.
    parts.extend(line.key.as_ref().map(|key| format!("key {key}").into_bytes()));
    parts.extend(expires_at.map(|end| format!("until {end}").into_bytes()));
    Key::of(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use pulsedb::DuplicatePolicy;

    use super::*;

    fn read(text: &[u8]) -> Vec<Result<Draft, Flaw>> {
        let none = Defaults::default();
        let rows: Vec<Row> = rows(std::io::Cursor::new(text.to_vec()), &none, false).collect();
        rows.into_iter()
            .flat_map(|row| row.flaws.into_iter().map(Err).chain(row.drafts.into_iter().map(Ok)))
            .collect()
    }

    #[test]
    fn bad_lines_are_named_and_the_others_are_read() {
        let rows = read(
            b"\xef\xbb\xbf{\"content\":\"a\"}\r\n\n{\"content\":}\nnot json\n{\"content\":\"\xc3\xa9\xc3\xa9\xff\"}\n{\"content\":\"b\"}",
        );
        let lines: Vec<_> = rows
            .iter()
            .map(|row| row.as_ref().map_or_else(|flaw| (flaw.line, false), |draft| (draft.line, true)))
            .collect();
        assert_eq!(lines, [(1, true), (3, false), (4, false), (5, false), (5, true), (6, true)]);
        let bad = rows[1].as_ref().unwrap_err();
        assert!(!bad.reason.contains("line 1") && bad.reason.contains("column"), "{}", bad.reason);
        assert_eq!(rows[4].as_ref().unwrap().new.content, "\u{e9}\u{e9}\u{fffd}");
    }

    #[test]
    fn times_are_read_by_their_size_and_refused_by_name() {
        let time = |line: &str| {
            read(line.as_bytes()).pop().unwrap().map(|draft| draft.new.timestamp.unwrap().as_millis())
        };
        for time_text in
            ["1735689600", "1735689600000", "1735689600000000", "\"1735689600\"", "\"2025-01-01\""]
        {
            assert_eq!(
                time(&format!("{{\"content\":\"x\",\"timestamp\":{time_text}}}")),
                Ok(1_735_689_600_000),
                "{time_text}"
            );
        }
        assert_eq!(time(r#"{"content":"x","timestamp":9223372036854775807,"sequence":1}"#), Ok(i64::MAX));
        for wrong in ["\"soon\"", "1e300", "9223372036854775807000", "[1]"] {
            let flaw = time(&format!("{{\"content\":\"x\",\"timestamp\":{wrong}}}")).unwrap_err();
            assert_eq!(flaw.line, 1, "{wrong}");
        }
    }

    #[test]
    fn equal_lines_are_different_records_and_the_same_ones_again() {
        let text = b"{\"content\":\"a\"}\n{\"content\":\"a\"}\n{\"content\":\"a\",\"task\":\"t\"}\n";
        let identities = |text| read(text).into_iter().map(|row| row.unwrap().identity).collect::<Vec<_>>();
        let first = identities(text);
        assert_eq!(first, identities(text));
        assert!(first[0] != first[1] && first[1] != first[2] && first[0] != first[2]);
    }

    #[test]
    fn identity_of_an_exported_record_is_kept() {
        let rows = read(br#"{"content":"a","tags":{"import":"abc"}}"#);
        assert_eq!(rows[0].as_ref().unwrap().identity, "abc");
    }

    #[test]
    fn line_wins_over_the_command_line() {
        let defaults = Defaults {
            agent: Some("cli".into()),
            domain: vec!["d".into()],
            tags: [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "1".to_owned())].into(),
            importance: Some(0.9),
            confidence: None,
            duplicate: DuplicatePolicy::Keep,
        };
        let text: &[u8] = br#"{"content":"x","agent":"line","tags":{"a":"2"},"confidence":0.1}"#;
        let new = rows(text, &defaults, false).next().unwrap().drafts.remove(0).new;
        assert_eq!((new.source_agent.as_str(), new.importance, new.confidence), ("line", 0.9, 0.1));
        assert_eq!((new.tags["a"].as_str(), new.tags["b"].as_str()), ("2", "1"));
        assert_eq!(new.domain, ["d"]);
    }
}
