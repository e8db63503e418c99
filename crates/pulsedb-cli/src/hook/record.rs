//! What is recorded of a session: its turns, each once, by the reader of the import.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use pulsedb::{CollectiveId, PulseDB, SearchFilter};
use serde_json::Value;

use crate::database::Target;
use crate::hook::event::Event;
use crate::import::chat::shape::Shape;
use crate::import::chat::transcript::Transcript;
use crate::import::chat::{drafts, lines};
use crate::import::content::{Content, Reading};
use crate::import::draft::{Defaults, Source};
use crate::import::encoding::Flaw;
use crate::import::importer::Import;
use crate::import::lock;
use crate::provenance::{LINE_TAG, SOURCE_TAG};
use crate::text::shorten_tail;

/// Bytes of a line of a transcript; pictures make long ones.
const LINE_BYTES_MAX: u64 = 64 << 20;
/// The newest turns of a session that say how far it has been recorded.
const NEWEST: usize = 20;
/// How often the lock of imports is asked for, and the pause between: an agent waits for its hooks.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// Records the turns that are not recorded yet.
pub(crate) fn turns(target: &Target, event: &Event) -> anyhow::Result<()> {
    let Some(path) = event.transcript() else { bail!("the event names no `transcript_path`") };
    if !path.exists() {
        // A session in which nothing was said has no file.
        return Ok(());
    }
    let db = target.open_for_agent()?;
    let collective = db.get_or_create_collective(&target.collective)?;
    let Some(_lock) = lock::acquire_soon(db.path(), ATTEMPTS, PAUSE)? else {
        bail!("an import is running; the next hook of this session records these turns")
    };
    let source = source(path);
    let done = recorded_lines(&db, collective, &source)?;
    let Transcript { turns, flaws, left_out } = read(path, done)?;
    let defaults = Defaults::default();
    let content = Content::Transcript(drafts(&source, turns, &defaults));
    let mut import = Import::new(&db, collective, &defaults, false)?;
    import.take(&source, Reading { content, encoding: None, flaws, left_out })?;
    let summary = import.finish()?;
    for failure in summary.failures {
        eprintln!("{}, line {}: {}", failure.source, failure.line, failure.reason);
    }
    Ok(())
}

/// The transcript as a source, named as `import` would name it if it were given the whole path.
fn source(path: &Path) -> Source {
    let name = path.to_string_lossy().into_owned();
    Source { file: Some(name.clone()), name, modified: None }
}

/// The line up to which a transcript has been recorded. Lines are only ever added, and records are committed in their
/// order.
fn recorded_lines(db: &PulseDB, collective: CollectiveId, source: &Source) -> anyhow::Result<usize> {
    let name = shorten_tail(&source.name, pulsedb::limits::TAG_VALUE_BYTES_MAX);
    let filter = SearchFilter {
        tags_all: Some([(SOURCE_TAG.to_owned(), name)].into()),
        exclude_archived: false,
        include_superseded: true,
        ..SearchFilter::default()
    };
    let newest = db.get_recent_experiences_filtered(collective, NEWEST, filter)?;
    let line = |one: &pulsedb::Experience| one.tags.get(LINE_TAG)?.parse::<usize>().ok();
    Ok(newest.iter().filter_map(line).max().unwrap_or(0))
}

/// Reads the lines behind those that are done. The last one may still be in writing: then the next hook reads it.
fn read(path: &Path, done: usize) -> anyhow::Result<Transcript> {
    let context = || format!("cannot read {}", path.display());
    let mut reader = BufReader::new(File::open(path).with_context(context)?);
    let mut entries: Vec<(usize, Value)> = Vec::new();
    let mut flaws = Vec::new();
    let mut bytes = Vec::new();
    let mut number = 0;
    loop {
        number += 1;
        if number <= done {
            if reader.skip_until(b'\n').with_context(context)? == 0 {
                break;
            }
            continue;
        }
        bytes.clear();
        if reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes).with_context(context)? == 0 {
            break;
        }
        let is_whole = bytes.ends_with(b"\n");
        match serde_json::from_slice(&bytes) {
            Ok(entry) => entries.push((number, entry)),
            Err(_) if bytes.trim_ascii().is_empty() => {}
            Err(_) if !is_whole && bytes.len() as u64 == LINE_BYTES_MAX => {
                flaws.push(Flaw { line: number, reason: format!("longer than {LINE_BYTES_MAX} bytes") });
                reader.skip_until(b'\n').with_context(context)?;
            }
            Err(_) if !is_whole => {}
            Err(error) => flaws.push(Flaw { line: number, reason: format!("not JSON: {error}") }),
        }
    }
    // The entries show which program wrote them; a short session may show neither.
    let shape = Shape::of_list(entries.iter().map(|(_, entry)| entry)).filter(|it| it.is_session());
    let mut transcript = lines(shape.unwrap_or(Shape::Session), &entries, Some(path));
    transcript.flaws.extend(flaws);
    Ok(transcript)
}
