//! What is read of a conversation: turns, what could not be read, and what was left out.

use std::path::Path;

use pulsedb::Timestamp;

use crate::import::encoding::Flaw;
use crate::report::{Omission, Omissions};
use crate::text::shorten_head;

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
    /// What tells the turn from all others, in whichever conversation a copy of it stands.
    pub(crate) id: Option<String>,
    /// What sets it apart, as tags.
    pub(crate) marks: Vec<(&'static str, String)>,
    /// Names of files that came with it.
    pub(crate) files: Vec<String>,
}

/// A transcript that was read, with what of it could not be and what was left out.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Transcript {
    pub(crate) turns: Vec<Turn>,
    pub(crate) flaws: Vec<Flaw>,
    pub(crate) left_out: Omissions,
}

/// A moment, if the source gives one, or why it is not one.
pub(super) type Time = Result<Option<Timestamp>, String>;

impl Transcript {
    /// Takes a turn if its time is understood: a turn at a wrong time would be as good as lost.
    pub(super) fn take(&mut self, turn: Turn, time: Time) {
        match time {
            Ok(timestamp) => self.turns.push(Turn { timestamp, ..turn }),
            Err(reason) => {
                let title = turn.title.or(turn.conversation).filter(|_| turn.line == 0);
                let of = title.map(|title| format!(" of `{}`", shorten_head(&title, 80))).unwrap_or_default();
                let words = shorten_head(&turn.text, 40);
                self.fail(turn.line, format!("message `{words}`{of}: {reason}"));
            }
        }
    }

    pub(super) fn leave_out(&mut self, omission: Omission) {
        self.left_out.count(omission);
    }

    pub(super) fn fail(&mut self, line: usize, reason: impl Into<String>) {
        self.flaws.push(Flaw { line, reason: reason.into() });
    }
}

/// What is asked of a JSON document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The file: some exports say in its neighbours who speaks.
    pub(crate) path: Option<&'a Path>,
    /// The 1-based line of the value; zero if it is the document.
    pub(crate) line: usize,
}
