//! The files of an evaluation: one turn a line, one question a line.

use std::io::BufRead;
use std::path::Path;

use anyhow::Context;
use pulsedb::{CollectiveId, NewExperience, TaskId};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::exit::CliError;

/// The tag under which the id of a turn is recorded.
const TURN_TAG: &str = "turn";

/// A turn of a conversation.
#[derive(Debug, Deserialize)]
pub(crate) struct Turn {
    pub(crate) conversation: String,
    id: String,
    session: serde_json::Value,
    date: String,
    speaker: String,
    text: String,
    caption: Option<String>,
}

/// A question about a conversation.
#[derive(Debug, Deserialize)]
pub(crate) struct Question {
    pub(crate) conversation: String,
    #[serde(rename = "question")]
    pub(crate) text: String,
    pub(crate) category: u32,
    /// Ids of the turns that answer it.
    pub(crate) evidence: Vec<String>,
}

impl Turn {
    /// What evidence names it by.
    pub(crate) fn name(&self) -> (String, String) {
        (self.conversation.clone(), self.id.clone())
    }

    /// The turn as a record.
    pub(crate) fn record(self, collective_id: CollectiveId) -> NewExperience {
        let Self { conversation, id, session, date, speaker, text, caption } = self;
        let shares = caption.map_or(String::new(), |caption| format!(" [shares {caption}]"));
        NewExperience {
            collective_id,
            content: format!("({date}) {speaker}: {text}{shares}"),
            source_agent: speaker.into(),
            source_task: Some(TaskId::new(format!("{conversation}-{session}"))),
            tags: [(TURN_TAG.to_owned(), id)].into(),
            ..NewExperience::default()
        }
    }
}

/// The id of the turn that a record was made of.
pub(crate) fn turn_of(experience: &pulsedb::Experience) -> Option<&str> {
    experience.tags.get(TURN_TAG).map(String::as_str)
}

/// The lines of a file, each as one document.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    let file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut rows = Vec::new();
    for (line, at) in std::io::BufReader::new(file).lines().zip(1..) {
        let line = line.with_context(|| format!("cannot read {}, line {at}", path.display()))?;
        if !line.trim().is_empty() {
            let row = serde_json::from_str(&line);
            rows.push(row.map_err(|error| {
                let message =
                    format!("{}, line {at}: {error}; `pulsedb help eval` says what is read", path.display());
                CliError::Usage(message)
            })?);
        }
    }
    Ok(rows)
}
