//! JSON lines: each line an experience, as `export` writes them or as any script can.

use std::io::{BufRead, Read};

use pulsedb::{NewExperience, limits};
use serde_json::json;

use crate::import::draft::{Defaults, Draft};
use crate::import::identity::{Key, Occurrences};
use crate::json::ExperienceLine;
use crate::provenance::IMPORT_TAG;

/// Bytes of a line: a content of the greatest length, each byte escaped, with a vector of the greatest dimension
/// and full lists takes less than 2 MiB.
const LINE_BYTES_MAX: u64 = 4 << 20;

/// A line that is no experience. The lines after it are still read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadLine {
    /// Its number, from 1.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) reason: String,
}

/// The experiences of a stream of lines, one by one, so that a stream of any length can be imported. A failing
/// stream ends with the line at which it failed.
pub(crate) fn drafts<'a>(
    reader: impl BufRead + 'a,
    defaults: &'a Defaults,
) -> impl Iterator<Item = Result<Draft, BadLine>> + 'a {
    let mut occurrences = Occurrences::default();
    lines(reader).map(move |(line, text)| {
        let bad = |reason: String| BadLine { line, reason };
        let parsed: ExperienceLine =
            serde_json::from_str(&text.map_err(bad)?).map_err(|error| bad(reason(&error)))?;
        draft(parsed, line, &mut occurrences, defaults).map_err(bad)
    })
}

/// Whether a line is an experience in every key.
pub(crate) fn is_experience(line: &str) -> bool {
    serde_json::from_str::<ExperienceLine>(line).is_ok()
}

/// Whether a line is meant as an experience though it is not right: the line is then refused with its fault, and not
/// taken for a text.
pub(crate) fn is_almost_experience(line: &str) -> bool {
    let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line);
    object.is_ok_and(|object| object.get("content").is_some_and(serde_json::Value::is_string))
}

/// The lines of a stream that are not blank, with their numbers.
pub(crate) fn lines(mut reader: impl BufRead) -> impl Iterator<Item = (usize, Result<String, String>)> {
    let mut number = 0;
    let mut ended = false;
    std::iter::from_fn(move || {
        while !ended {
            number += 1;
            match next_line(&mut reader) {
                Ok(None) => ended = true,
                Ok(Some(bytes)) if bytes.trim_ascii().is_empty() => {}
                Ok(Some(bytes)) => return Some((number, line_text(bytes, number))),
                Err(error) => {
                    ended = true;
                    return Some((number, Err(error.to_string())));
                }
            }
        }
        None
    })
}

/// The next line with at most one byte above the limit; the rest of a longer one is passed over.
fn next_line(reader: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    if reader.by_ref().take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.len() as u64 > LINE_BYTES_MAX && !bytes.ends_with(b"\n") {
        reader.skip_until(b'\n')?;
    }
    Ok(Some(bytes))
}

fn line_text(mut bytes: Vec<u8>, number: usize) -> Result<String, String> {
    if bytes.len() as u64 > LINE_BYTES_MAX {
        return Err(format!("the line is longer than {LINE_BYTES_MAX} bytes"));
    }
    if number == 1 && bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    String::from_utf8(bytes).map_err(|error| format!("not UTF-8: {error}"))
}

/// The message of a parse error without "at line 1", which would be taken for the line of the file.
fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line ") {
        Some((what, _)) => format!("{what} (column {})", error.column()),
        None => message,
    }
}

fn draft(
    line: ExperienceLine,
    number: usize,
    occurrences: &mut Occurrences,
    defaults: &Defaults,
) -> Result<Draft, String> {
    let given = line.tags.as_ref().and_then(|tags| tags.get(IMPORT_TAG));
    let identity = given.cloned().unwrap_or_else(|| occurrences.number(key(&line)).tag());
    let base = defaults.experience();
    let mut tags = base.tags;
    tags.extend(line.tags.unwrap_or_default());
    tags.insert(IMPORT_TAG.to_owned(), identity.clone());
    if tags.len() > limits::TAGS_MAX {
        return Err(format!(
            "{} tags with the tag `{IMPORT_TAG}` that an import adds, at most {} are allowed",
            tags.len(),
            limits::TAGS_MAX
        ));
    }
    let new = NewExperience {
        content: line.content,
        // An empty vector is the embedder's way to say that it knew no word.
        embedding: line.embedding.filter(|embedding| !embedding.is_empty()),
        experience_type: line.experience_type.unwrap_or_default(),
        importance: line.importance.unwrap_or(base.importance),
        confidence: line.confidence.unwrap_or(base.confidence),
        domain: line.domain.unwrap_or(base.domain),
        tags,
        related_files: line.related_files.unwrap_or_default(),
        source_agent: line.agent.map_or(base.source_agent, Into::into),
        source_task: line.task.map(Into::into),
        timestamp: line.timestamp.map(|moment| moment.0),
        ..NewExperience::default()
    };
    Ok(Draft { new, identity, line: number, archived: line.archived.unwrap_or(false), id: line.id })
}

/// With an id, the id and the content; without one, all that the line says of what is recorded.
fn key(line: &ExperienceLine) -> Key {
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
        line.timestamp,
    ]);
    Key::of(&[b"line", said.to_string().as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Vec<Result<Draft, BadLine>> {
        drafts(text, &Defaults::default()).collect()
    }

    #[test]
    fn bad_lines_are_named_and_the_others_are_read() {
        let rows = read(b"\xef\xbb\xbf{\"content\":\"a\"}\r\n\n{\"content\":}\nnot json\n{\"content\":\"\xff\"}\n{\"content\":\"b\"}");
        let lines: Vec<_> =
            rows.iter().map(|row| row.as_ref().map_or_else(|bad| bad.line, |draft| draft.line)).collect();
        assert_eq!(lines, [1, 3, 4, 5, 6]);
        assert_eq!(rows.iter().filter(|row| row.is_ok()).count(), 2);
        let bad = rows[1].as_ref().unwrap_err();
        assert!(!bad.reason.contains("line 1") && bad.reason.contains("column"), "{}", bad.reason);
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
    fn line_beyond_the_limit_is_passed_over() {
        let mut text = vec![b'x'; LINE_BYTES_MAX as usize + 10];
        text.extend_from_slice(b"\n{\"content\":\"b\"}\n");
        let rows = read(&text);
        assert!(rows[0].as_ref().unwrap_err().reason.contains("longer"));
        assert_eq!(rows[1].as_ref().unwrap().line, 2);
    }

    #[test]
    fn line_wins_over_the_command_line() {
        let defaults = Defaults {
            agent: Some("cli".into()),
            domain: vec!["d".into()],
            tags: [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "1".to_owned())].into(),
            importance: Some(0.9),
            confidence: None,
        };
        let text: &[u8] = br#"{"content":"x","agent":"line","tags":{"a":"2"},"confidence":0.1}"#;
        let new = drafts(text, &defaults).next().unwrap().unwrap().new;
        assert_eq!((new.source_agent.as_str(), new.importance, new.confidence), ("line", 0.9, 0.1));
        assert_eq!((new.tags["a"].as_str(), new.tags["b"].as_str()), ("2", "1"));
        assert_eq!(new.domain, ["d"]);
    }
}
