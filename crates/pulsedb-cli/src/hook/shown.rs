//! What a session has been shown: the memories whose ids stand in its transcript since it was last summarised.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use pulsedb::{ExperienceId, Timestamp};
use serde_json::Value;

use crate::time::reading;

/// Bytes at the end of a transcript that are read: far more than a context window holds.
const TAIL_BYTES_MAX: u64 = 32 << 20;
/// What stands in the lines that may say that the session was summarised.
const HINT: &[u8] = b"ompact";
/// Characters of an id as text.
const ID_BYTES: usize = 36;

/// What the model of a session still has before it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Shown {
    pub(crate) ids: HashSet<ExperienceId>,
    /// When the session was last summarised; what was said before that is no longer before the model.
    pub(crate) compacted: Option<Timestamp>,
}

impl Shown {
    /// Reads a transcript; one that does not exist yet has shown nothing.
    pub(crate) fn read(path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path else { return Ok(Self::default()) };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES_MAX)))?;
        Self::of(BufReader::new(file.take(TAIL_BYTES_MAX)))
    }

    fn of(mut reader: impl BufRead) -> io::Result<Self> {
        let mut shown = Self::default();
        let mut line = Vec::new();
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line)? == 0 {
                return Ok(shown);
            }
            if let Some(Compaction { moment }) = compaction(&line) {
                shown = Self { ids: HashSet::new(), compacted: moment.or(shown.compacted) };
            }
            ids_in(&line, &mut shown.ids);
        }
    }
}

/// A place at which a session was summarised, and when that was, if the line says so.
struct Compaction {
    moment: Option<Timestamp>,
}

/// Whether a line is such a place.
fn compaction(line: &[u8]) -> Option<Compaction> {
    if !line.windows(HINT.len()).any(|part| part == HINT) {
        return None;
    }
    let entry: Value = serde_json::from_slice(line).ok()?;
    let is_one = entry.get("isCompactSummary") == Some(&Value::Bool(true))
        || entry.get("subtype").and_then(Value::as_str) == Some("compact_boundary")
        // In a session of Codex.
        || entry.get("type").and_then(Value::as_str) == Some("compacted");
    let moment =
        || entry.get("timestamp").and_then(Value::as_str).and_then(|text| reading::moment(text).ok());
    is_one.then(|| Compaction { moment: moment() })
}

/// Every id in a text, in whatever it stands.
fn ids_in(text: &[u8], found: &mut HashSet<ExperienceId>) {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    let mut at = HYPHENS[0];
    while at + ID_BYTES - HYPHENS[0] <= text.len() {
        let start = at - HYPHENS[0];
        let candidate = &text[start..start + ID_BYTES];
        let is_shaped = text[at] == b'-' && HYPHENS.iter().all(|place| candidate[*place] == b'-');
        let id = is_shaped.then(|| std::str::from_utf8(candidate).ok()).flatten();
        if let Some(id) = id.and_then(|text| text.parse().ok()) {
            found.insert(id);
            at = start + ID_BYTES + HYPHENS[0];
        } else {
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Shown {
        Shown::of(text.as_bytes()).unwrap()
    }

    #[test]
    fn ids_are_found_wherever_they_stand() {
        let ids: Vec<ExperienceId> = (0..3).map(|_| ExperienceId::new()).collect();
        let text = format!("{}x{{\"a\":\"- {}, 2 days ago\"}}\n\u{e9}{}", ids[0], ids[1], ids[2]);
        assert_eq!(of(&text).ids, ids.iter().copied().collect());
        for text in ["", "-", "--------", "01234567-0123-0123-0123-01234567890"] {
            assert!(of(text).ids.is_empty(), "{text}");
        }
    }

    #[test]
    fn what_was_summarised_away_is_not_before_the_model() {
        let (old, new) = (ExperienceId::new(), ExperienceId::new());
        let summary = r#"{"type":"user","isCompactSummary":true,"timestamp":"2026-01-02T03:04:05.000Z"}"#;
        let shown = of(&format!("{{\"x\":\"{old}\"}}\n{summary}\n{{\"x\":\"{new}\"}}\n"));
        assert_eq!(shown.ids, [new].into());
        assert_eq!(shown.compacted.unwrap().as_millis(), 1_767_323_045_000);
        let boundary = r#"{"type":"system","subtype":"compact_boundary"}"#;
        assert!(of(&format!("{old}\n{boundary}\n")).ids.is_empty());
        let of_codex = format!(r#"{{"type":"compacted","payload":{{"replacement_history":["{new}"]}}}}"#);
        assert_eq!(
            of(&format!("{old}\n{of_codex}\n")).ids,
            [new].into(),
            "what it keeps is before the model"
        );
        let quoted = r#"{"type":"user","message":"he said \"isCompactSummary\":true"}"#;
        assert_eq!(of(&format!("{old}\n{quoted}\n")).ids, [old].into());
    }

    #[test]
    fn transcript_that_is_not_there_has_shown_nothing() {
        assert_eq!(Shown::read(None).unwrap(), Shown::default());
        assert_eq!(Shown::read(Some(Path::new("/does/not/exist"))).unwrap(), Shown::default());
    }
}
