//! A configuration file: what it will hold, shown as lines that come and go, and written as a whole.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::install::hooks;
use crate::install::json::Document;
use crate::install::places::{Form, Place};
use crate::install::servers::{Command, put_json, put_toml, take_json, take_toml};

/// How a file ends that is made.
const MADE_END: &str = "\n";
/// Bytes of a configuration.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// A file as it is and as it will be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) path: PathBuf,
    /// `None` if there is no such file.
    before: Option<String>,
    /// `None` if there will be no such file.
    after: Option<String>,
}

impl Change {
    /// What putting the server or the hooks in changes, or taking them out.
    pub(crate) fn of(place: &Place, command: &Command, undo: bool) -> anyhow::Result<Self> {
        // A link stays one: what it leads to is written.
        let path = fs::canonicalize(&place.path).unwrap_or_else(|_| place.path.clone());
        let before = read(&path)?;
        let context = || format!("cannot change {}", path.display());
        let after = match (&before, undo) {
            (None, true) => None,
            (Some(text), true) => taken(text, place.form).with_context(context)?,
            (text, false) => Some(put(text.as_deref(), place.form, command).with_context(context)?),
        };
        Ok(Self { path, before, after })
    }

    pub(crate) fn is_none(&self) -> bool {
        self.before == self.after
    }

    /// The lines that go and come, with those around them.
    pub(crate) fn lines(&self) -> Vec<(char, &str)> {
        const AROUND: usize = 2;
        let before: Vec<&str> = self.before.iter().flat_map(|it| it.lines()).collect();
        let after: Vec<&str> = self.after.iter().flat_map(|it| it.lines()).collect();
        let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
        let head = before.iter().zip(&after).take_while(same).count();
        let room = before.len().min(after.len()) - head;
        let tail = before.iter().rev().zip(after.iter().rev()).take(room).take_while(same).count();
        let (gone, come) = (&before[head..before.len() - tail], &after[head..after.len() - tail]);
        let lead = &after[head.saturating_sub(AROUND)..head];
        let rest = &after[after.len() - tail..];
        let mut lines: Vec<(char, &str)> = Vec::new();
        lines.extend(lead.iter().map(|line| (' ', *line)));
        lines.extend(gone.iter().map(|line| ('-', *line)));
        lines.extend(come.iter().map(|line| ('+', *line)));
        lines.extend(rest.iter().take(AROUND).map(|line| (' ', *line)));
        lines
    }

    /// Writes the file as a whole, so that a program that reads it meets the old one or the new one; removes it if it will
    /// not be there.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        let context = || format!("cannot write {}", self.path.display());
        // An agent that runs writes to its files, and may have done so while somebody looked at the change.
        let is_same = read(&self.path)? == self.before;
        anyhow::ensure!(is_same, "{} has changed meanwhile; run it again", self.path.display());
        let Some(after) = &self.after else {
            return fs::remove_file(&self.path).with_context(context);
        };
        let directory = self.path.parent().with_context(context)?;
        fs::create_dir_all(directory).with_context(context)?;
        let mut file = tempfile::NamedTempFile::new_in(directory).with_context(context)?;
        file.write_all(after.as_bytes()).with_context(context)?;
        if let Ok(metadata) = fs::metadata(&self.path) {
            fs::set_permissions(file.path(), metadata.permissions()).with_context(context)?;
        }
        file.as_file().sync_all().with_context(context)?;
        file.persist(&self.path).with_context(context)?;
        Ok(())
    }
}

fn read(path: &Path) -> anyhow::Result<Option<String>> {
    let context = || format!("cannot read {}", path.display());
    match fs::metadata(path) {
        Ok(metadata) => anyhow::ensure!(metadata.len() <= FILE_BYTES_MAX, "{} is too long", path.display()),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(context),
    }
    fs::read_to_string(path).map(Some).with_context(context)
}

/// The text of a file with the server or the hooks; `None` stands for a file that is not there.
fn put(text: Option<&str>, form: Form, command: &Command) -> anyhow::Result<String> {
    if form == Form::Toml {
        return put_toml(text, command);
    }
    let fill = |document: &mut Document| match form {
        Form::Json { key } => put_json(document, key, command),
        _ => hooks::put(document, command),
    };
    match text {
        None => Ok(Document::made(fill)?.into_text() + MADE_END),
        Some(blank) if blank.trim().is_empty() => Ok(Document::made(fill)?.into_text() + blank),
        Some(text) => {
            let mut document = Document::new(text)?;
            if form == Form::Hooks {
                if hooks::are_in(&document, command) {
                    return Ok(text.to_owned());
                }
                // Those of another command go first; nothing may be left of a file that was made for them.
                let left = taken(text, form)?;
                if left.as_deref() != Some(text) {
                    return put(left.as_deref(), form, command);
                }
            }
            fill(&mut document)?;
            Ok(document.into_text())
        }
    }
}

/// The text of a file without the server or the hooks; `None` for one that was made for them.
fn taken(text: &str, form: Form) -> anyhow::Result<Option<String>> {
    if text.trim().is_empty() {
        return Ok(Some(text.to_owned()));
    }
    if form == Form::Toml {
        return take_toml(text);
    }
    let mut document = Document::new(text)?;
    match form {
        Form::Json { key } => take_json(&mut document, key),
        _ => hooks::take(&mut document),
    }
    Ok(Some(document.into_text()).filter(|left| left != MADE_END))
}
