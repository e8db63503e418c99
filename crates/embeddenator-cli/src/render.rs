//! Output: lines for people, JSON for programs, warnings and progress on standard error.

use std::io::{self, BufWriter, StdoutLock, Write};
use std::sync::Mutex;

use embeddenator_fs::{Engram, EngramPath, Entry, Node, Phase, Progress, Snapshot, Timestamp};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

/// Standard output, written in large pieces.
pub(crate) struct Out {
    raw: BufWriter<StdoutLock<'static>>,
}

impl Out {
    pub(crate) fn new() -> Self {
        Self { raw: BufWriter::new(io::stdout().lock()) }
    }

    /// Writes a document on lines of its own.
    pub(crate) fn json(&mut self, document: &Value) -> anyhow::Result<()> {
        serde_json::to_writer_pretty(&mut self.raw, document)?;
        Ok(self.raw.write_all(b"\n")?)
    }

    /// Writes a document on one line.
    pub(crate) fn json_line(&mut self, document: &Value) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.raw, document)?;
        Ok(self.raw.write_all(b"\n")?)
    }

    /// Hands everything to the system, which may refuse it.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        Ok(self.raw.flush()?)
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.raw.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.raw.flush()
    }
}

/// Says something on standard error that does not stop the command.
pub(crate) fn warn(message: &str) {
    let style = anstyle::AnsiColor::Yellow.on_default().bold();
    // If nobody can read the message there is nobody to tell.
    let _ = writeln!(anstream::stderr().lock(), "{style}warning{style:#}: {}", printable(message));
}

/// The text with everything replaced that could steer a terminal; line breaks stay.
pub(crate) fn printable(text: &str) -> String {
    let steers = |character: char| {
        (character.is_control() && character != '\n')
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|it| if steers(it) { char::REPLACEMENT_CHARACTER } else { it }).collect()
}

/// How a path is shown: the root as `.`.
pub(crate) fn shown(path: &EngramPath) -> String {
    if path.is_root() { ".".to_owned() } else { printable(&path.to_string()) }
}

/// A number in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// RFC 3339 in UTC; seconds since 1970 for the years that it cannot write.
pub(crate) fn time(moment: Timestamp) -> String {
    jiff::Timestamp::new(moment.seconds, moment.nanoseconds.cast_signed())
        .map_or_else(|_| moment.to_string(), |instant| instant.to_string())
}

/// A moment for a person, in UTC and to the second.
pub(crate) fn short_time(moment: Timestamp) -> String {
    jiff::Timestamp::new(moment.seconds, 0)
        .map_or_else(|_| moment.to_string(), |instant| instant.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// Puts a path into an object: as text, and in hexadecimal if it is not UTF-8.
fn put_path(object: &mut Map<String, Value>, path: &EngramPath) {
    if let Ok(text) = std::str::from_utf8(path.as_bytes()) {
        object.insert("path".into(), text.into());
    } else {
        object.insert("path".into(), path.to_string().into());
        object.insert("path_hex".into(), hex(path.as_bytes()).into());
    }
}

/// A path, and what else is said of it.
pub(crate) fn path_json(path: &EngramPath, rest: Value) -> Value {
    let mut object = Map::new();
    put_path(&mut object, path);
    if let Value::Object(rest) = rest {
        object.extend(rest);
    }
    Value::Object(object)
}

/// What a snapshot says of one name.
pub(crate) fn entry_json(entry: &Entry) -> Value {
    let metadata = &entry.metadata;
    let mut rest = json!({
        "kind": entry.node.kind(),
        "size": entry.size(),
        "mode": metadata.mode,
        "uid": metadata.uid,
        "gid": metadata.gid,
        "mtime": time(metadata.mtime),
        "link_group": entry.link_group,
    });
    match &entry.node {
        Node::Symlink(target) => rest["target"] = String::from_utf8_lossy(target).into(),
        Node::BlockDevice(device) | Node::CharacterDevice(device) => {
            rest["device"] = json!({ "major": device.major, "minor": device.minor });
        }
        _ => {}
    }
    path_json(&entry.path, rest)
}

/// A snapshot.
pub(crate) fn snapshot_json(snapshot: &Snapshot) -> Value {
    json!({
        "number": snapshot.number,
        "parent": snapshot.parent,
        "time": time(snapshot.time),
        "label": snapshot.label,
        "entries": snapshot.entries,
        "bytes": snapshot.bytes,
        "tree_hash": hex(&snapshot.tree_hash),
    })
}

/// The snapshots as lines for people.
pub(crate) fn write_snapshots<'a>(
    out: &mut Out,
    snapshots: impl IntoIterator<Item = &'a Snapshot>,
) -> io::Result<()> {
    for snapshot in snapshots {
        let (moment, label) = (short_time(snapshot.time), printable(&snapshot.label));
        let line = format!(
            "{:>4}  {moment}  {:>8} entries  {:>14} bytes  {label}",
            snapshot.number, snapshot.entries, snapshot.bytes
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// All snapshots of an engram as JSON.
pub(crate) fn snapshots_json(engram: &Engram) -> Value {
    engram.snapshots().iter().map(snapshot_json).collect()
}

/// A bar on standard error for each part of a call, if that is a terminal.
#[derive(Debug, Default)]
pub(crate) struct Bar {
    bar: Mutex<Option<ProgressBar>>,
}

impl Bar {
    fn replace(&self, next: Option<ProgressBar>) {
        let mut bar = self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(old) = std::mem::replace(&mut *bar, next) {
            old.finish_and_clear();
        }
    }
}

impl Progress for Bar {
    fn begin(&self, phase: Phase, total: u64) {
        let name = match phase {
            Phase::Walk => "listing",
            Phase::Scan => "reading",
            Phase::Store => "storing",
            Phase::Extract => "extracting",
            Phase::Verify => "verifying",
            _ => "working",
        };
        let (bar, template) = match (total, phase.unit()) {
            (0, _) => (ProgressBar::new_spinner(), "{msg} {human_pos}"),
            (total, "bytes") => (ProgressBar::new(total), "{msg} {bar:30} {bytes}/{total_bytes} {eta}"),
            (total, _) => (ProgressBar::new(total), "{msg} {bar:30} {human_pos}/{human_len} {eta}"),
        };
        let style = ProgressStyle::with_template(template).expect("the templates are well formed");
        self.replace(Some(bar.with_style(style).with_message(name)));
    }

    fn advance(&self, units: u64) {
        if let Some(bar) = &*self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
            bar.inc(units);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.replace(None);
    }
}
