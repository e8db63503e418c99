//! A configuration file: what it will hold, shown as lines that come and go, and written as a whole.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::install::claude_code;
use crate::install::document::Node;
use crate::install::places::{Form, Place};
use crate::install::servers::{Command, put_json, put_toml, take_json, take_toml};

/// Bytes of a configuration.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// A file as it is and as it will be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) path: PathBuf,
    /// `None` if there is no such file.
    before: Option<String>,
    after: String,
}

impl Change {
    /// What putting the server or the hooks in changes, or taking them out.
    pub(crate) fn of(place: &Place, command: &Command, undo: bool) -> anyhow::Result<Self> {
        // A link stays one: what it leads to is written.
        let path = fs::canonicalize(&place.path).unwrap_or_else(|_| place.path.clone());
        let before = read(&path)?;
        let text = before.as_deref().unwrap_or_default();
        let after = changed(text, place.form, command, undo)
            .with_context(|| format!("cannot change {}", path.display()))?;
        Ok(Self { path, before, after })
    }

    pub(crate) fn is_none(&self) -> bool {
        match &self.before {
            Some(before) => *before == self.after,
            None => self.after.trim().is_empty() || self.after.trim() == "{}",
        }
    }

    /// The lines that go and come, with those around them.
    pub(crate) fn lines(&self) -> Vec<(char, &str)> {
        const AROUND: usize = 2;
        let before: Vec<&str> = self.before.iter().flat_map(|it| it.lines()).collect();
        let after: Vec<&str> = self.after.lines().collect();
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

    /// Writes the file as a whole, so that a program that reads it meets the old one or the new one.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        let context = || format!("cannot write {}", self.path.display());
        let directory = self.path.parent().with_context(context)?;
        fs::create_dir_all(directory).with_context(context)?;
        let mut file = tempfile::NamedTempFile::new_in(directory).with_context(context)?;
        file.write_all(self.after.as_bytes()).with_context(context)?;
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

fn changed(text: &str, form: Form, command: &Command, undo: bool) -> anyhow::Result<String> {
    if form == Form::Toml {
        return if undo { take_toml(text) } else { put_toml(text, command) };
    }
    let mut document = match text.trim() {
        "" => Node::EMPTY,
        text => serde_json::from_str(text)
            .context("it is no JSON (comments are none either); mend it, or add the entry by hand")?,
    };
    anyhow::ensure!(matches!(document, Node::Object(_)), "it is no JSON object");
    let before = document.clone();
    match (form, undo) {
        (Form::Json { key }, false) => put_json(&mut document, key, command)?,
        (Form::Json { key }, true) => take_json(&mut document, key),
        (_, false) => claude_code::put(&mut document, command)?,
        (_, true) => claude_code::take(&mut document),
    }
    // What does not change keeps its own form, too.
    if document == before { Ok(text.to_owned()) } else { Ok(document.to_file()?) }
}
