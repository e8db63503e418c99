//! The event that an agent's program hands to a hook.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

/// What a hook is told; programs say more, which is of no use here.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Event {
    #[serde(default)]
    pub(crate) session_id: String,
    transcript_path: Option<PathBuf>,
    cwd: Option<PathBuf>,
    prompt: Option<String>,
}

impl Event {
    pub(crate) fn read(bytes: &[u8]) -> anyhow::Result<Self> {
        let text = String::from_utf8_lossy(bytes);
        serde_json::from_str(text.trim()).context("standard input is not the JSON of an event of a session")
    }

    /// Where the agent works.
    pub(crate) fn directory(&self) -> anyhow::Result<PathBuf> {
        match &self.cwd {
            Some(directory) => Ok(directory.clone()),
            None => {
                std::env::current_dir().context("the event names no `cwd`, and the current directory is gone")
            }
        }
    }

    /// The file of the session, if there is one.
    pub(crate) fn transcript(&self) -> Option<&Path> {
        self.transcript_path.as_deref().filter(|path| !path.as_os_str().is_empty())
    }

    pub(crate) fn prompt(&self) -> &str {
        self.prompt.as_deref().unwrap_or_default().trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_needs_nothing_but_to_be_one() {
        let event = Event::read(br#"{"session_id":"s","cwd":"/w","prompt":" hi ","new_field":[1]}"#).unwrap();
        assert_eq!((event.session_id.as_str(), event.prompt()), ("s", "hi"));
        assert_eq!(event.directory().unwrap(), Path::new("/w"));
        assert!(event.transcript().is_none());
        assert!(Event::read(b"{}").is_ok());
        for bad in [b"".as_slice(), b"[]x", b"null", b"\xff\xfe", b"{\"cwd\":1}"] {
            assert!(Event::read(bad).is_err());
        }
    }
}
